import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Testing

/// The chain of audit rows as the database writes it, and what a superuser may do to it.
@Suite struct AuditChainTests {
    private typealias Kind = AuditReport.Breach.Kind

    /// Rows of people who come and go, and one with everything that text may hold.
    private static func make() async throws -> TestDatabase {
        let database = try await TestDatabase.make()
        for number in 1...10 { _ = try await database.signIn("rita", staff: "S\(number)", role: .reviewer) }
        try await database.owner.transaction("audit") { transaction in
            _ = try transaction.query(
                "SELECT sluice.audit(NULL, 'released', $1, $2)",
                [.text("batch 1 “é\u{1F600}\u{7F}\""), .jsonb(#"{"a": [1, 2.50, null, "\\u0001\\n\\\" é"], "b": {}}"#)]
            )
        }
        return database
    }

    private static func verify(_ database: TestDatabase, _ heads: [AuditHead] = []) async throws -> [Kind] {
        let written = heads.map { WrittenAuditHead(line: 1, head: $0, day: nil) }
        return try await AuditVerification(store: database.store).verify(against: written).examples.map(\.kind)
    }

    /// As a superuser who has put the triggers aside.
    private static func tamper(_ database: TestDatabase, _ sql: String) async throws {
        try await database.owner.transaction("tamper") { transaction in
            try transaction.executeScript("SET LOCAL session_replication_role = replica; \(sql)")
        }
    }

    /// What a forger computes as the database does.
    private static let forge = """
        UPDATE sluice.audit_entry e SET hash = sha256(e.previous || convert_to(sluice.audit_words(e), 'UTF8'))
        """

    @Test func `holds as it was written, text of every kind included`() async throws {
        let database = try await Self.make()
        let report = try await AuditVerification(store: database.store).verify()
        #expect(report.holds && report.rows == 11 && report.head.entryNumber == 11)
        #expect(try await Self.verify(database, [report.head]) == [])
        await database.close()
    }

    @Test(arguments: [
        "UPDATE sluice.audit_entry SET hash = hash", "DELETE FROM sluice.audit_entry", "TRUNCATE sluice.audit_entry",
        "UPDATE sluice.audit_head SET entry_no = 3", "UPDATE sluice.audit_head SET hash = sha256('x')",
        "DELETE FROM sluice.audit_head", "TRUNCATE sluice.audit_head",
    ]) func `is changed by nobody, a superuser with the triggers on included`(_ sql: String) async throws {
        let database = try await Self.make()
        let error = await #expect(throws: PostgresError.self) { try await database.execute(sql) }
        #expect(error?.sqlState == "SL009")
        #expect(try await Self.verify(database) == [])
        await database.close()
    }

    @Test(arguments: [
        "at = at + interval '1 microsecond'", "action = 'approved'", "person_id = coalesce(person_id, 0) + 1",
        "login = 'eve'", "session_id = 99", "db_role = 'eve'", "subject = subject || ' '",
        #"details = details || '{"amount": 1}'"#,
    ]) func `shows a changed row, whatever was changed of it`(_ change: String) async throws {
        let database = try await Self.make()
        try await Self.tamper(database, "UPDATE sluice.audit_entry SET \(change) WHERE entry_no = 6")
        #expect(try await Self.verify(database) == [.changed])
        try await Self.tamper(database, "\(Self.forge) WHERE entry_no = 6")
        #expect(try await Self.verify(database) == [.unlinked])
        await database.close()
    }

    @Test func `shows a deleted row`() async throws {
        let database = try await Self.make()
        try await Self.tamper(database, "DELETE FROM sluice.audit_entry WHERE entry_no = 4")
        #expect(try await Self.verify(database) == [.deleted])
        await database.close()
    }

    @Test func `shows an inserted row, between others and behind them`() async throws {
        let between = try await Self.make()
        try await Self.tamper(
            between,
            """
            UPDATE sluice.audit_entry SET entry_no = entry_no + 100 WHERE entry_no > 6;
            UPDATE sluice.audit_entry SET entry_no = entry_no - 99 WHERE entry_no > 6;
            INSERT INTO sluice.audit_entry SELECT 7, e.at, 'approved', 1, 'eve', 1, 'x', 'x', '{}', e.hash, e.hash
                FROM sluice.audit_entry e WHERE entry_no = 6;
            UPDATE sluice.audit_head SET entry_no = 12;
            \(Self.forge) WHERE entry_no = 7;
            """
        )
        #expect(try await Self.verify(between).first == .unlinked)
        await between.close()

        let behind = try await Self.make()
        try await Self.tamper(
            behind,
            """
            INSERT INTO sluice.audit_entry SELECT 12, e.at, 'approved', 1, 'eve', 1, 'x', 'x', '{}', e.hash, e.hash
                FROM sluice.audit_entry e WHERE entry_no = 11;
            \(Self.forge) WHERE entry_no = 12;
            """
        )
        #expect(try await Self.verify(behind) == [.inserted])
        await behind.close()
    }

    @Test func `shows rows that changed places`() async throws {
        let database = try await Self.make()
        try await Self.tamper(
            database,
            """
            UPDATE sluice.audit_entry SET entry_no = 100 WHERE entry_no = 5;
            UPDATE sluice.audit_entry SET entry_no = 5 WHERE entry_no = 6;
            UPDATE sluice.audit_entry SET entry_no = 6 WHERE entry_no = 100;
            """
        )
        let found = try await Self.verify(database)
        #expect(found.contains(.changed) && found.contains(.unlinked))
        await database.close()
    }

    @Test func `shows a cut tail, by a head outside also where its own head was set back`() async throws {
        let database = try await Self.make()
        let head = try await database.store.auditEnd().head
        try await Self.tamper(database, "DELETE FROM sluice.audit_entry WHERE entry_no > 8")
        #expect(try await Self.verify(database) == [.cut])
        try await Self.tamper(
            database,
            "UPDATE sluice.audit_head h SET (entry_no, hash) = (SELECT e.entry_no, e.hash FROM sluice.audit_entry e"
                + " WHERE e.entry_no = 8)"
        )
        #expect(try await Self.verify(database) == [])
        #expect(try await Self.verify(database, [head]) == [.cut])
        // Rows that people wrote since do not hide it.
        for _ in 1...5 { _ = try await database.signIn("rita", staff: "S1", role: .reviewer) }
        #expect(try await Self.verify(database) == [])
        #expect(try await Self.verify(database, [head]) == [.rewritten])
        await database.close()
    }

    @Test func `stays one chain when many write at once`() async throws {
        let database = try await TestDatabase.make()
        _ = try await database.signIn("rita", staff: "S1", role: .reviewer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    try await database.worker.transaction("log in") { transaction in
                        _ = try transaction.query(
                            "SELECT FROM sluice.open_session('rita', $1)",
                            [.bytea(TestDatabase.proof(of: "rita"))]
                        )
                    }
                }
            }
            try await group.waitForAll()
        }
        let report = try await AuditVerification(store: database.store).verify()
        #expect(report.holds && report.rows == 41)
        await database.close()
    }

    @Test func `has no row of what was rolled back`() async throws {
        let database = try await TestDatabase.make()
        _ = try await database.signIn("rita", staff: "S1", role: .reviewer)
        await #expect(throws: TestFailure.self) {
            try await database.worker.transaction("log in") { transaction in
                _ = try transaction.query(
                    "SELECT FROM sluice.open_session('rita', $1)",
                    [.bytea(TestDatabase.proof(of: "rita"))]
                )
                throw TestFailure("taken back")
            }
        }
        let report = try await AuditVerification(store: database.store).verify()
        #expect(report.holds && report.rows == 1)
        await database.close()
    }
}
