import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// Rows that are moved one by one: what stayed, later, and days of which too much is open.
@Suite(.serialized) struct `Rows that leave one by one` {
    @Test func `are those that stay no longer, with a receipt of their own`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(3, on: scene.day)
        let hold = try await scene.store.placeHold(.batch(batch), reason: "court")
        let books = try await scene.books()
        try await scene.archive(scene.day)
        let held = ArchiveScene.linesPerFile
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == held)
        #expect(try await scene.rows(.submission, scene.day, in: "sluice") == held / 10)
        #expect(try await scene.rows(.exchange, scene.day, in: "sluice") == held / 10)
        for table in HeavyTable.allCases { #expect(try await scene.store.daysToPass(table) == []) }
        #expect(try await scene.store.liftHold(hold, reason: "over"))
        for table in HeavyTable.allCases {
            #expect(try await scene.store.daysToPass(table) == [scene.day])
            #expect(try await scene.pass(table, scene.day) > 0)
            #expect(try await scene.rows(table, scene.day, in: "sluice") == 0)
        }
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])
        #expect(try await scene.entry(.paymentOrder, scene.day)?.rows == held)
        await scene.close()
    }

    @Test func `are those of a whole day, without the ones that changed since they were counted`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(4, on: scene.day)
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET state = 'unknown', evidence_day = NULL, evidence_ordinal = NULL
            WHERE batch_id = \(batch) AND line_no <= 3
            """
        )
        try await scene.begin(scene.day)
        let key = try await scene.count(.paymentOrder, scene.day, path: .rows)
        #expect(try await scene.beginRowDay(key) == .moving)
        let first = try await scene.store.moveRows(key, from: .liveDay, after: nil, most: 20, scene.lease)
        #expect(first.rows == 20)
        try await scene.change(
            "UPDATE sluice.payment_order SET code = '0009' WHERE batch_id = \(batch) AND line_no IN (9, 11)"
        )
        let books = try await scene.books()
        _ = try await scene.move(key, from: .liveDay, most: 33)
        #expect(try await scene.patiently { try await scene.store.endRowDay(key, scene.lease) } == 2)
        #expect(try await scene.store.close(key, found: scene.found(.paymentOrder, scene.day), scene.lease))
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 5)

        // The day ends only while its rows are those that were noted.
        #expect(try await scene.store.noteRowsLeft(.paymentOrder, scene.day, scene.lease) == 5)
        #expect(try await !scene.store.retire(.paymentOrder, scene.day, leftMax: 4, scene.lease))
        #expect(
            try await scene.patiently {
                try await scene.store.retire(.paymentOrder, scene.day, leftMax: 5, scene.lease)
            }
        )
        #expect(try await scene.books() == books)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 5)
        #expect(try await scene.pass(.paymentOrder, scene.day) == 2)
        #expect(try await scene.brokenInvariants() == [])
        await scene.close()
    }

    @Test func `stop when one changes under way, and nothing of the chunk is done`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(1, on: scene.day)
        try await scene.begin(scene.day)
        let key = try await scene.count(.paymentOrder, scene.day, path: .rows)
        #expect(try await scene.beginRowDay(key) == .moving)
        let (changed, waited) = (Door(), Door())
        async let change: Void = scene.database.owner.transaction("change", deadline: .seconds(30)) { transaction in
            try transaction.execute(
                "UPDATE sluice.payment_order SET code = '0009' WHERE batch_id = \(batch) AND line_no = 9"
            )
            changed.open()
            try waited.wait(transaction)
        }
        try await changed.wait(scene)
        async let moved = scene.store.moveRows(key, from: .liveDay, after: nil, most: 1_000, scene.lease)
        try await Self.waitForLock(scene.database)
        waited.open()
        try await change
        var isRefused = false
        do { _ = try await moved } catch is ArchivedRowsChanged { isRefused = true }
        #expect(isRefused)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "history") == 0)
        _ = try await scene.move(key, from: .liveDay, most: 1_000)
        #expect(try await scene.patiently { try await scene.store.endRowDay(key, scene.lease) } == 1)
        #expect(try await scene.store.close(key, found: scene.found(.paymentOrder, scene.day), scene.lease))
        await scene.close()
    }

    /// Waits until somebody waits for a lock.
    private static func waitForLock(_ database: TestDatabase) async throws {
        let waiting = """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
            """
        while try await database.number(waiting) == 0 {}
    }
}
