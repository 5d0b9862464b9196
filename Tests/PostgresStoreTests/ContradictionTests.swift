import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// What a person may do about a contradiction without anybody being paid twice (R8).
@Suite struct `A contradiction` {
    private static let first = ContractScene.amountMinor(of: LineNumber(1))

    private static func decide(
        _ decision: ReviewDecision,
        _ target: String,
        about: NamedOrders? = nil,
        order: NamedOrder? = nil,
        _ scene: DecisionScene
    ) async throws {
        var request = RequestedDecision(target: target, decision: decision, note: "called the bank")
        request.about = about
        if let order {
            request.orders = [order]
            request.evidence = "letter of the bank, 12 May"
        }
        try await scene.decide(request)
    }

    private static func refusal(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }

    /// A file whose two orders are ready in a chunk, the first contradicted by its earlier attempt.
    private static func readyAndContradicted(_ scene: DecisionScene) async throws -> SeededFile {
        let lines = [LineNumber(1), LineNumber(2)]
        let chunk = PlannedChunk(channel: scene.channel, lines: lines)
        let file = try await scene.load(try await scene.verified(), chunks: [chunk])
        try await scene.open(.contradiction, line: 1, file: file)
        return file
    }

    private static func states(_ file: SeededFile, _ scene: DecisionScene) async throws -> String {
        try await scene.database.text(
            "SELECT string_agg(state::text, ' ' ORDER BY line_no) FROM sluice.payment_order WHERE batch_id = $1",
            [.int64(file.batch.value)]
        )
    }

    @Test func `keeps a ready order from being sent until somebody says by name that it may`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await Self.readyAndContradicted(scene)
        let incident = try await scene.incident(.contradiction, of: file.batch)
        #expect(await Self.refusal { try await Self.decide(.noted, incident, scene) } == "SL009")
        #expect(await Self.refusal { try await Self.decide(.planAgain, incident, scene) } == "SL016", "without a sum")
        let chunk = try await scene.claim(.submit)
        #expect(try await scene.store.ordersToSubmit(of: chunk, limit: 10).map(\.line) == [LineNumber(2)])
        let about = NamedOrders(count: 1, amounts: ["CNY": Self.first])
        try await Self.decide(.planAgain, incident, about: about, scene)
        #expect(try await scene.store.ordersToSubmit(of: chunk, limit: 10).count == 2)
        let waiting = try await scene.store.ordersWaitingForPlan(of: [TestDatabase.merchant], limit: 10)
        #expect(waiting?.orders.map(\.order.line) == [LineNumber(1)])
        await scene.close()
    }

    @Test func `keeps a ready order and its number from being cancelled with the file`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await Self.readyAndContradicted(scene)
        let cancelled = try await scene.database.number(
            "SELECT sluice.cancel_order($1)",
            [.int64(file.batch.value)]
        )
        #expect(cancelled == 1)
        #expect(try await Self.states(file, scene) == "ready cancelled")
        let taken = try await scene.database.number(
            "SELECT count(*) FROM sluice.order_number_registry WHERE batch_id = $1 AND state <> 'void'",
            [.int64(file.batch.value)]
        )
        #expect(taken == 1)
        await scene.close()
    }

    @Test func `of a submission that has ended is settled by evidence, order by order`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send(orders: 1)
        _ = try await scene.end(sent)
        try await scene.database.execute("UPDATE sluice.submission SET phase = 'settled', settled_at = now()")
        #expect(try await scene.store.sweep(notSweptFor: .zero)?.strange == 1)
        let incident = try await scene.incident(.contradiction, of: sent.file.batch)
        #expect(await Self.refusal { try await Self.decide(.noted, incident, scene) } == "SL009")
        let order = NamedOrder(
            batch: sent.file.batch,
            line: LineNumber(1),
            amountMinor: Self.first,
            state: .unknown
        )
        try await Self.decide(.succeeded, incident, order: order, scene)
        #expect(try await Self.states(sent.file, scene) == "succeeded")
        await scene.close()
    }

    @Test func `of a final order changes nothing without a correction`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send(orders: 1)
        _ = try await scene.end(sent, to: .succeeded)
        try await scene.open(.contradiction, line: 1, file: sent.file, submission: sent.intent.submission)
        let incident = try await scene.incident(.contradiction, of: sent.file.batch)
        let order = NamedOrder(
            batch: sent.file.batch,
            line: LineNumber(1),
            amountMinor: Self.first,
            state: .succeeded
        )
        #expect(await Self.refusal { try await Self.decide(.succeeded, incident, order: order, scene) } == "SL009")
        try await Self.decide(.noted, incident, scene)
        #expect(try await Self.states(sent.file, scene) == "succeeded")
        await scene.close()
    }

    @Test func `or any other cause is not decided while a send is under way`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send(orders: 1)
        try await scene.open(.pollsExhausted, line: 1, file: sent.file, submission: sent.intent.submission)
        let target = try await scene.incident(.pollsExhausted, of: sent.file.batch)
        let order = NamedOrder(
            batch: sent.file.batch,
            line: LineNumber(1),
            amountMinor: Self.first,
            state: .submitting
        )
        #expect(await Self.refusal { try await Self.decide(.succeeded, target, order: order, scene) } == "SL009")
        #expect(try await Self.states(sent.file, scene) == "submitting")
        await scene.close()
    }

    @Test func `and every incident over several files cancels what it covers, and no file whole`() async throws {
        let scene = try await DecisionScene.make()
        let unroutable = try await scene.load(try await scene.verified(), unroutable: [1, 2])
        let other = try await scene.load(
            try await scene.verified(),
            chunks: [PlannedChunk(channel: scene.channel, lines: [LineNumber(1), LineNumber(2)])]
        )
        // Line 1 was cancelled between its planning and the item about it.
        _ = try await scene.database.number("SELECT sluice.cancel_order($1, 1)", [.int64(other.batch.value)])
        try await scene.open(.unfitForChannel, line: 1, file: other)
        try await scene.database.execute(
            "UPDATE sluice.review_item SET incident = 'one' WHERE cause = 'unfit_for_channel'"
        )
        let sum = Int64(DecisionScene.sum(2))
        try await Self.decide(.cancel, "one", about: NamedOrders(count: 2, amounts: ["CNY": sum]), scene)
        #expect(try await Self.states(unroutable, scene) == "cancelled cancelled")
        #expect(try await Self.states(other, scene) == "cancelled ready")
        await scene.close()
    }
}
