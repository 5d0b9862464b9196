import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// R8: what an answer contradicted holds new orders to the same account and amount, until a person has looked.
@Suite struct `An account at risk` {
    /// A file whose first order was paid, and refused by a later answer.
    private static func contradicted(_ scene: DecisionScene) async throws -> SeededFile {
        let sent = try await scene.send()
        guard case .committed = try await scene.end(sent, to: .succeeded) else {
            throw TestFailure("the end of the send is not recorded")
        }
        let refused = ItemAnswer(item: 1, code: "2001", meaning: .notDone(.customer), echo: nil)
        // It comes again with every answer.
        for _ in 1...2 {
            let late = try await scene.end(
                sent,
                to: .succeeded,
                lateActions: [
                    .decideItems(
                        ItemDecision(items: [refused], kind: .query, failureIsFinal: true, unmentioned: .unknown)
                    )
                ]
            )
            #expect(late == .stale)
        }
        return sent.file
    }

    /// The orders of a file: line, state and code.
    private static func orders(_ file: SeededFile, _ scene: DecisionScene) async throws -> String {
        try await scene.database.text(
            """
            SELECT string_agg(concat_ws(' ', line_no, state, code), ', ' ORDER BY line_no) FROM sluice.payment_order
            WHERE batch_id = $1
            """,
            [.int64(file.batch.value)]
        )
    }

    private static func decide(
        _ decision: ReviewDecision,
        _ target: String,
        about: NamedOrders? = nil,
        _ scene: DecisionScene
    ) async throws {
        var request = RequestedDecision(target: target, decision: decision, note: "called the bank")
        request.about = about
        try await scene.decide(request)
    }

    @Test func `holds the new order to it, and no other`() async throws {
        let scene = try await DecisionScene.make()
        _ = try await Self.contradicted(scene)
        let file = try await scene.load(try await scene.verified())
        #expect(try await Self.orders(file, scene) == "1 held account_at_risk, 2 ready")
        let incident = try await scene.incident(.accountAtRisk, of: file.batch)
        #expect(incident == "account_at_risk/\(file.batch)")
        let about = NamedOrders(count: 1, amounts: ["CNY": ContractScene.amountMinor(of: LineNumber(1))])
        try await Self.decide(.approve, incident, about: about, scene)
        #expect(try await Self.orders(file, scene) == "1 ready approved, 2 ready")
        let waiting = try await scene.store.ordersWaitingForPlan(of: [TestDatabase.merchant], limit: 10)
        #expect(waiting?.batch == file.batch && waiting?.orders.map(\.order.line.value) == [1])
        await scene.close()
    }

    @Test func `is told to the merchant once, however often the answer comes`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await Self.contradicted(scene)
        let told = try await scene.database.text(
            """
            SELECT string_agg(payload::text, ',') FROM sluice.outbox
            WHERE topic = 'do_not_resubmit' AND batch_id = $1
            """,
            [.int64(file.batch.value)]
        )
        #expect(told == #"{"lines": [1]}"#)
        let alarms = "SELECT string_agg(kind || ' ' || code, ', ') FROM sluice.alarm"
        #expect(try await scene.database.text(alarms) == "contradiction 2001")
        #expect(try await scene.incident(.contradiction, of: file.batch).hasPrefix("contradiction/"))
        #expect(try await Self.orders(file, scene) == "1 succeeded 0000, 2 succeeded 0000", "nothing moved")
        await scene.close()
    }

    @Test func `is free again when a person has looked into the contradiction`() async throws {
        let scene = try await DecisionScene.make()
        let first = try await Self.contradicted(scene)
        try await Self.decide(.noted, try await scene.incident(.contradiction, of: first.batch), scene)
        let file = try await scene.load(try await scene.verified())
        #expect(try await Self.orders(file, scene) == "1 ready, 2 ready")
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.account_at_risk") == 0)
        await scene.close()
    }

    @Test func `stays held where a person lets a file pass its ceiling`() async throws {
        let scene = try await DecisionScene.make()
        _ = try await Self.contradicted(scene)
        let file = try await scene.heldFile()
        #expect(try await Self.orders(file, scene) == "1 held ceiling_file, 2 held ceiling_file")
        let sum = ContractScene.amountMinor(of: LineNumber(1)) + ContractScene.amountMinor(of: LineNumber(2))
        let about = NamedOrders(count: 2, amounts: ["CNY": sum])
        try await Self.decide(.approve, try await scene.incident(.ceiling, of: file.batch), about: about, scene)
        #expect(try await Self.orders(file, scene) == "1 held account_at_risk, 2 ready approved")
        await scene.close()
    }
}
