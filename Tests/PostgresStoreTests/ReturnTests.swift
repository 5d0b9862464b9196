import PaymentCore
import PostgresStore
import Store
import Testing

/// Returns through the store's own operation, of live orders and of archived ones.
@Suite(.serialized) struct `A return` {
    private static func payment(
        _ reference: String,
        _ batch: BatchIdentifier,
        line: Int32,
        minor: Int64,
        currency: Currency = .cny
    ) -> ReturnedPayment {
        ReturnedPayment(
            channel: ChannelName("harbor"),
            reference: reference,
            batch: batch,
            line: LineNumber(line),
            amount: Money(minor: minor, currency: currency),
            code: "AC04",
            returnedAt: Timestamp(unixMicroseconds: 1_700_000_000_000_000)
        )
    }

    @Test(arguments: [false, true])
    func `finds its order, live or archived, and readers see it`(_ isArchived: Bool) async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(2, on: scene.day)
        if isArchived { try await scene.archive(scene.day) }
        let store = scene.database.store
        // Line 5 is of 105, line 10 failed.
        #expect(try await store.recordReturn(Self.payment("A", batch, line: 5, minor: 40)) == .recorded)
        #expect(try await store.recordReturn(Self.payment("A", batch, line: 5, minor: 40)) == .known)
        #expect(try await store.recordReturn(Self.payment("A", batch, line: 5, minor: 41)) == .doesNotFit)
        #expect(try await store.recordReturn(Self.payment("A", batch, line: 6, minor: 40)) == .doesNotFit)
        #expect(try await store.recordReturn(Self.payment("B", batch, line: 5, minor: 66)) == .doesNotFit)
        #expect(try await store.recordReturn(Self.payment("B", batch, line: 10, minor: 1)) == .doesNotFit)
        #expect(try await store.recordReturn(Self.payment("B", batch, line: 99, minor: 1)) == .noOrder)
        let euro = try #require(Currency(code: "EUR"))
        #expect(
            try await store.recordReturn(Self.payment("B", batch, line: 5, minor: 1, currency: euro)) == .doesNotFit
        )
        let standing = """
            SELECT standing || ' ' || returned_minor || ' ' || state || ' ' || is_archived
            FROM sluice.all_payment_order WHERE batch_id = \(batch) AND line_no = 5
            """
        let totals = """
            SELECT succeeded || ' ' || returned || ' ' || returned_minor FROM sluice.batch_totals
            WHERE batch_id = \(batch) AND currency = 'CNY'
            """
        #expect(try await scene.database.text(standing) == "succeeded 40 succeeded \(isArchived)")
        #expect(try await scene.database.text(totals) == "45 0 0")
        #expect(try await store.recordReturn(Self.payment("B", batch, line: 5, minor: 65)) == .recorded)
        let state = isArchived ? "succeeded" : "returned"
        #expect(try await scene.database.text(standing) == "returned 105 \(state) \(isArchived)")
        #expect(try await scene.database.text(totals) == "44 1 105")
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.payment_return") == 2)
        #expect(
            try await scene.database.number("SELECT count(*) FROM sluice.outbox WHERE topic = 'order_returned'") == 2
        )
        await scene.close()
    }

    @Test func `stays with an order whose day comes back`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(2, on: scene.day)
        try await scene.archive(scene.day)
        let store = scene.database.store
        #expect(try await store.recordReturn(Self.payment("A", batch, line: 5, minor: 105)) == .recorded)
        for table in HeavyTable.allCases.reversed() { try await scene.reverse(table, scene.day) }
        let standing = """
            SELECT standing || ' ' || state || ' ' || is_archived FROM sluice.all_payment_order
            WHERE batch_id = \(batch) AND line_no = 5
            """
        #expect(try await scene.database.text(standing) == "returned succeeded false")
        let totals = "SELECT returned FROM sluice.batch_totals WHERE batch_id = \(batch) AND currency = 'CNY'"
        #expect(try await scene.database.number(totals) == 1)
        #expect(try await store.recordReturn(Self.payment("A", batch, line: 5, minor: 105)) == .known)
        #expect(try await store.recordReturn(Self.payment("B", batch, line: 5, minor: 1)) == .doesNotFit)
        await scene.close()
    }

    @Test(arguments: [false, true])
    func `is recorded once, however many tell of it at the same time`(_ isArchived: Bool) async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(2, on: scene.day)
        if isArchived { try await scene.archive(scene.day) }
        let store = scene.database.store
        // Together they are more than was paid.
        let outcomes = try await withThrowingTaskGroup(of: ReturnOutcome.self) { group in
            for number in 0..<12 {
                group.addTask {
                    try await store.recordReturn(Self.payment("R-\(number % 6)", batch, line: 5, minor: 30))
                }
            }
            return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        #expect(outcomes[.recorded] == 3 && outcomes[.noOrder] == nil, "\(outcomes)")
        #expect((outcomes[.known] ?? 0) + (outcomes[.doesNotFit] ?? 0) == 9)
        let sum = "SELECT count(*) || ' ' || sum(amount_minor) FROM sluice.payment_return"
        #expect(try await scene.database.text(sum) == "3 90")
        await scene.close()
    }
}
