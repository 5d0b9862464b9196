import PaymentCore
import PostgresStore
import Store
import Testing

/// History follows every migration of the live tables; where it does not, no day leaves.
@Suite(.serialized) struct `The shape of history` {
    @Test(arguments: HeavyTable.allCases)
    func `is that of the live table and of its days, after all migrations`(_ table: HeavyTable) async throws {
        let scene = try await ArchiveScene.make(files: 1)
        #expect(try await scene.store.archiveDrift(table, scene.day) == [])
        await scene.close()
    }

    @Test(arguments: [
        "ALTER TABLE sluice.exchange ADD COLUMN more int",
        "ALTER TABLE history.exchange ADD COLUMN more int",
        "CREATE INDEX more ON sluice.exchange (worker_id)",
        "ALTER TABLE sluice.exchange ADD CONSTRAINT more CHECK (ordinal > 0)",
        "ALTER TABLE history.exchange ALTER COLUMN latency_us SET NOT NULL",
    ]) func `is told where it differs`(_ change: String) async throws {
        let scene = try await ArchiveScene.make(files: 1)
        try await scene.meddle(change)
        #expect(try await !scene.store.archiveDrift(.exchange, scene.day).isEmpty)
        #expect(try await scene.store.archiveDrift(.submission, scene.day).isEmpty)
        await scene.close()
    }

    @Test(arguments: [
        // as of, months, the first day that stays.
        ("2024-04-30", 2, "2024-02-29"), ("2023-04-30", 2, "2023-02-28"), ("2024-02-29", 12, "2023-02-28"),
        ("2024-01-01", 1, "2023-12-01"), ("2024-12-31", 13, "2023-11-30"), ("2024-12-31", 2, "2024-10-31"),
    ]) func `is that of days before the cutoff, by months as PostgreSQL counts them`(
        _ asOf: String,
        _ months: Int,
        _ day: String
    ) async throws {
        let database = try await TestDatabase.make()
        #expect(try await database.text("SELECT sluice.archive_cutoff('\(asOf)', \(months))::text") == day)
        await database.close()
    }

    @Test func `has cutoffs that never go back, over four years and thirteen ages`() async throws {
        let database = try await TestDatabase.make()
        let back = try await database.number(
            """
            SELECT count(*) FROM generate_series(0, 1460) n, generate_series(1, 13) m
            WHERE sluice.archive_cutoff('2024-01-01'::date + n + 1, m)
                < sluice.archive_cutoff('2024-01-01'::date + n, m)
            """
        )
        #expect(back == 0)
        await database.close()
    }

    @Test func `is copied for people, whole or in part, and dropped again`() async throws {
        let scene = try await ArchiveScene.make()
        try await scene.archive(scene.day)
        let batch = try await scene.batch(2, on: scene.day)
        let one = try await scene.store.copyToRestored(
            .order(OrderKey(batch: batch, line: LineNumber(15), businessDate: scene.day)),
            label: "one"
        )
        #expect(
            one.tables.mapValues(\.rows) == [
                .paymentOrder: 1, .paymentAttempt: 1, .submission: 1, .quarantineRecord: 0, .exchange: 1,
            ]
        )
        let file = try await scene.store.copyToRestored(.batch(batch, businessDate: scene.day), label: "file")
        #expect(file.tables[.paymentOrder]?.rows == ArchiveScene.linesPerFile)
        let day = try await scene.store.copyToRestored(.day(scene.day), label: "day")
        #expect(day.tables[.paymentOrder]?.rows == 4 * ArchiveScene.linesPerFile)
        let differing = try await scene.database.number(
            """
            SELECT count(*) FROM (SELECT * FROM restored.payment_order_day EXCEPT ALL
                SELECT * FROM history.payment_order WHERE business_date = '\(scene.day)') x
            """
        )
        #expect(differing == 0)
        for copy in [one, file, day] { #expect(copy.tables.values.filter { !$0.isRight }.isEmpty) }
        #expect(
            day.tables.values.allSatisfy { $0.isTold == true } && file.tables.values.allSatisfy { $0.isTold == nil }
        )
        for label in ["one", "file", "day"] { #expect(try await scene.store.dropRestored(label: label) == 5) }
        #expect(try await scene.store.dropRestored(label: "day") == 0)
        await scene.close()
    }

    @Test func `is planned without a change, with who stays and why`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(1, on: scene.day)
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET state = 'unknown', evidence_day = NULL, evidence_ordinal = NULL
            WHERE batch_id = \(batch) AND line_no IN (1, 15)
            """
        )
        _ = try await scene.store.placeHold(.order(batch, LineNumber(20)), reason: "court")
        let books = try await scene.books()
        let plan = try await scene.store.archivePlan(ages: [.paymentOrder: 2], asOf: scene.lease.asOf, daysMax: 2)
        #expect(plan.map(\.day) == [scene.day, scene.nextDay])
        let table = try #require(plan.first?.tables.first)
        #expect(
            table.stays == [
                ArchivePlanDay.Stay(why: "legal_hold", isOpen: false, rows: 1),
                ArchivePlanDay.Stay(why: "unknown", isOpen: true, rows: 2),
            ]
        )
        #expect(table.bytes > 0)
        #expect(try await scene.books() == books)
        #expect(try await scene.store.openEntries().isEmpty)
        await scene.close()
    }
}
