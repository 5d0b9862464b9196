import PaymentCore
import PostgresClient
import PostgresStore
import Testing

/// What a migration keeps from working while it runs, on tables that have grown.
@Suite(.serialized) struct `A migration of a big table` {
    private static let unvalidated = """
        SELECT coalesce(string_agg(DISTINCT conname, ' ' ORDER BY conname), '') FROM pg_constraint
        WHERE contype = 'c' AND NOT convalidated
        """
    private static let checks = "quarantine_record_closed quarantine_record_closed_code"

    /// A database without anything in it, on the server of another one.
    private static func empty(beside database: TestDatabase, name: String) async throws -> PostgresPool {
        try await database.owner.withoutTransaction("create", deadline: .seconds(60), "CREATE DATABASE \(name)")
        let uri = database.uri.replacing(/sluice_test_[0-9]+/, with: name)
        try #require(uri != database.uri)
        return PostgresPool(
            configuration: PostgresConfiguration(uri: uri, applicationName: "test-owner"),
            connectionsMax: 1
        )
    }

    @Test func `reads no row of it while everybody is locked out`() async throws {
        let database = try await TestDatabase.make()
        let pool = try await Self.empty(beside: database, name: "migration_lock")
        for migration in Migrator.migrations {
            let (found, locks) = try await pool.transaction("migrate", deadline: .seconds(60)) { transaction in
                try transaction.executeScript(String(decoding: migration.sql, as: UTF8.self))
                let found = try transaction.query(Self.unvalidated).first?.text(0)
                let locks = try transaction.query(
                    """
                    SELECT DISTINCT mode FROM pg_locks JOIN pg_class c ON c.oid = relation
                    WHERE pid = pg_backend_pid() AND relname LIKE 'quarantine_record%' AND relkind IN ('r', 'p')
                    """
                ).map { try $0.text(0) }
                return (found, locks)
            }
            switch migration.name {
            case "intake", "direct_load": #expect(found == Self.checks)
            case "intake_validated":
                #expect(found?.isEmpty == true)
                #expect(Set(locks).isSubset(of: ["AccessShareLock", "ShareUpdateExclusiveLock"]), "\(locks)")
            default: #expect(found?.isEmpty == true, "\(migration.name)")
            }
        }
        await pool.close()
        await database.close()
    }

    @Test func `lets a day be detached, and attached to the history`() async throws {
        let database = try await TestDatabase.make()
        let today = try await database.today()
        let day = "quarantine_record_\(today.compact)"
        try await database.owner.transaction("archive") { transaction in
            try transaction.executeScript(
                """
                ALTER TABLE sluice.quarantine_record DETACH PARTITION sluice.\(day);
                ALTER TABLE sluice.\(day) SET SCHEMA history;
                ALTER TABLE history.quarantine_record ATTACH PARTITION history.\(day)
                    FOR VALUES FROM ('\(today)') TO ('\(today.advanced(byDays: 1))');
                """
            )
        }
        #expect(try await database.store.keepPartitionsAhead(days: 20) > 0)
        let checks = try await database.number(
            """
            SELECT count(*) FROM pg_constraint c JOIN pg_inherits i ON i.inhrelid = c.conrelid
            WHERE contype = 'c' AND convalidated AND conname = ANY (string_to_array($1, ' '))
            """,
            [.text(Self.checks)]
        )
        let partitions = try await database.number(
            "SELECT count(*) FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
                + "WHERE relname LIKE 'quarantine_record%' AND relkind = 'r'"
        )
        #expect(checks == 2 * partitions)
        await database.close()
    }
}
