import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// A year of days is no year of work: who names a day touches its partitions, and no other's.
@Suite(.serialized) struct `A reader that names a day` {
    /// The partitions that a plan reads.
    private static func partitions(_ sql: String, _ database: TestDatabase) async throws -> [String] {
        try await database.owner.transaction("explain") { transaction in
            let lines = try transaction.query("EXPLAIN (VERBOSE, COSTS OFF) \(sql)").map { try $0.text(0) }
            let words = lines.flatMap { $0.split(separator: " ") }.map(String.init)
            let found = words.filter { word in
                ["sluice", "history"].contains { schema in
                    HeavyTable.allCases.contains { word.hasPrefix("\(schema).\($0)_") }
                }
            }
            return Set(found).sorted()
        }
    }

    private static let orderColumns = "standing, returned_minor, is_archived"

    @Test func `plans for its partitions, live and archived`() async throws {
        let scene = try await ArchiveScene.make(files: 1)
        try await scene.archive(scene.day)
        let batch = try await scene.batch(1, on: scene.day)
        let live = try await scene.batch(1, on: scene.nextDay)
        let (gone, here) = (scene.day.compact, scene.nextDay.compact)
        func named(_ batch: BatchIdentifier, _ day: BusinessDate) -> String {
            "WHERE batch_id = \(batch) AND business_date = '\(day)'"
        }
        for (reader, tables) in [
            ("SELECT \(Self.orderColumns) FROM sluice.all_payment_order", ["payment_order"]),
            ("SELECT * FROM sluice.batch_totals", ["payment_order", "quarantine_record"]),
        ] {
            let archived = tables.map { "history.\($0)_\(gone)" } + tables.map { "sluice.\($0)_carry_over" }
            #expect(
                try await Self.partitions("\(reader) \(named(batch, scene.day))", scene.database) == archived,
                "\(reader)"
            )
            #expect(
                try await Self.partitions("\(reader) \(named(live, scene.nextDay))", scene.database)
                    == tables.map { "sluice.\($0)_\(here)" },
                "\(reader)"
            )
        }
        // The partitions of other days are read where no day is named: the names are found at all.
        let all = try await Self.partitions("SELECT * FROM sluice.batch_totals", scene.database)
        #expect(all.count > 30 && all.contains("history.payment_order_\(gone)"))
        await scene.close()
    }

    /// Who holds all other partitions lets the readers of one file pass.
    @Test func `waits for nobody who works on the partitions of others`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, to: .succeeded)
        let archive = try await ArchiveScene.over(scene.database)
        try await archive.archiveUntilToday()
        let day = sent.file.businessDate
        let own = [day.compact, "carry_over"]
        // Calls may be made from the day before a file is received to the day after its last submission has settled.
        let calls = own + [-1, 1].map { sent.call.day.advanced(byDays: $0).compact }
        let others = try await scene.database.owner.transaction("partitions") { transaction in
            try transaction.query(
                """
                SELECT format('%s.%s', n.nspname, c.relname), p.relname, c.relname FROM pg_inherits i
                JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                JOIN pg_class p ON p.oid = i.inhparent JOIN sluice.heavy_table h ON h.table_name = p.relname
                WHERE c.relkind = 'r' AND n.nspname IN ('sluice', 'history') ORDER BY 1
                """
            ).compactMap { row -> String? in
                let (table, part) = (try row.text(1), try row.text(2))
                let suffixes = table == "exchange" ? calls : own
                return suffixes.contains(String(part.dropFirst(table.count + 1))) ? nil : try row.text(0)
            }
        }
        #expect(others.count > 60 && others.contains { $0.hasPrefix("history.exchange_") })
        let (taken, done) = (Door(), Door())
        async let held: Void = scene.database.owner.transaction("hold", deadline: .seconds(60)) { transaction in
            try transaction.executeScript("LOCK TABLE \(others.joined(separator: ", ")) IN ACCESS EXCLUSIVE MODE")
            taken.open()
            try done.wait(transaction)
        }
        defer { done.open() }
        try await taken.wait(archive)
        let store = scene.store
        let story = try await store.orderStory(of: sent.file.batch, line: LineNumber(1))
        #expect(story?.isArchived == true && story?.submissions.first?.exchanges.count == 1)
        #expect(try await store.batch(sent.file.batch)?.totals.first?[.succeeded].count == 2)
        let key = RecordKey(batch: sent.file.batch, line: LineNumber(1))
        #expect(try await store.recordHistory(of: key) == nil)
        let filter = QuarantineFilter(batch: sent.file.batch, states: Set(QuarantineState.allCases))
        #expect(try await store.quarantinedRecords(filter).isEmpty)
        #expect(try await store.samePayments(of: sent.file.batch, limit: 10).isEmpty)
        let cancelled = try await scene.cancel(RequestedCancellation(batch: sent.file.batch, line: nil))
        #expect(cancelled.states == [.succeeded: 2])
        let returned = ReturnedPayment(
            channel: scene.channel,
            reference: "R-1",
            batch: sent.file.batch,
            line: LineNumber(1),
            amount: Money(minor: 1, currency: .cny),
            code: nil,
            returnedAt: Timestamp(unixMicroseconds: 1_700_000_000_000_000)
        )
        #expect(try await store.recordReturn(returned) == .recorded)
        done.open()
        try await held
        await archive.archiver.close()
        await scene.close()
    }
}
