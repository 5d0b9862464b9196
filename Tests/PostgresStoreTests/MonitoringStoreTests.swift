import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// R5, seen by the sweeper: every open order has a next action, or gets one again.
@Suite struct `The sweeper` {
    private static func sweep(_ scene: DecisionScene) async throws -> SweepOutcome {
        guard let outcome = try await scene.store.sweep(notSweptFor: .zero) else {
            throw TestFailure("no file is due to be swept")
        }
        return outcome
    }

    /// The alarms of rebuilt work: batch and how often it was raised.
    private static func alarms(_ scene: DecisionScene) async throws -> String {
        try await scene.database.text(
            """
            SELECT coalesce(string_agg(batch_id || ' ' || occurrences, ', '), 'none') FROM sluice.alarm
            WHERE kind = 'work_rebuilt'
            """
        )
    }

    private static func planned(_ scene: DecisionScene) async throws -> SeededFile {
        let lines = [LineNumber(1), LineNumber(2)]
        return try await scene.load(
            try await scene.verified(),
            chunks: [PlannedChunk(channel: scene.channel, lines: lines)]
        )
    }

    @Test func `leaves a file alone whose orders all have a next action, or wait for a person`() async throws {
        let scene = try await DecisionScene.make()
        _ = try await Self.planned(scene)
        #expect(try await Self.sweep(scene).isClean)
        _ = try await scene.heldFile()
        #expect(try await Self.sweep(scene).isClean)
        _ = try await scene.load(try await scene.verified(), unroutable: [1, 2])
        #expect(try await Self.sweep(scene).isClean)
        let sent = try await scene.send()
        #expect(try await Self.sweep(scene).isClean)
        _ = try await scene.end(sent, cause: .pollsExhausted)
        #expect(try await scene.store.sweep(notSweptFor: .minutes(5)) == nil, "each was swept this minute")
        for _ in 1...4 { #expect(try await Self.sweep(scene).isClean) }
        #expect(try await Self.alarms(scene) == "none")
        await scene.close()
    }

    @Test func `plans orders again whose chunk was deleted by hand, and tells of it`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await Self.planned(scene)
        try await scene.database.execute("DELETE FROM sluice.work_chunk")
        let outcome = try await Self.sweep(scene)
        #expect(outcome == SweepOutcome(batch: file.batch, submissions: 0, orders: 2, strange: 0))
        let waiting = try await scene.store.ordersWaitingForPlan(of: [TestDatabase.merchant], limit: 10)
        #expect(waiting?.orders.map(\.order.line.value) == [1, 2])
        let others = try await scene.store.ordersWaitingForPlan(of: [MerchantNumber("MER-OTHER")], limit: 10)
        #expect(others == nil, "who does not know the merchant leaves its orders to others")
        #expect(try await Self.alarms(scene) == "\(file.batch) 1")
        #expect(try await Self.sweep(scene).isClean, "they wait for planning now")
        await scene.close()
    }

    @Test(arguments: [OrderState.unknown, .processing])
    func `asks again for a submission whose chunk was deleted by hand`(_ state: OrderState) async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, to: state, next: .schedule(.query, after: .minutes(5)))
        #expect(try await Self.sweep(scene).isClean)
        try await scene.database.execute("DELETE FROM sluice.work_chunk")
        let outcome = try await Self.sweep(scene)
        #expect(outcome == SweepOutcome(batch: sent.file.batch, submissions: 1, orders: 0, strange: 0))
        let chunk = try await scene.claim(.query)
        #expect(chunk.submission == sent.intent.submission && chunk.kind == .query)
        #expect(try await Self.alarms(scene) == "\(sent.file.batch) 1")
        await scene.close()
    }

    @Test func `asks for a submission whose send was under way when its chunk was deleted`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        try await scene.database.execute("DELETE FROM sluice.work_chunk")
        #expect(try await Self.sweep(scene).submissions == 1)
        // The sender's lease is gone with its chunk: what it has heard is late evidence, and moves nothing.
        #expect(try await scene.end(sent, to: .succeeded) == .stale)
        #expect(try await scene.claim(.query).submission == sent.intent.submission)
        await scene.close()
    }

    @Test(arguments: [true, false])
    func `asks a person about held orders whose item was deleted by hand`(_ isAtRisk: Bool) async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.heldFile()
        if isAtRisk {
            try await scene.database.execute("UPDATE sluice.payment_order SET code = 'account_at_risk'")
        }
        try await scene.database.execute("DELETE FROM sluice.review_item")
        #expect(try await Self.sweep(scene).strange == (isAtRisk ? 2 : 1))
        let incident = try await scene.incident(isAtRisk ? .accountAtRisk : .ceiling, of: file.batch)
        #expect(incident == (isAtRisk ? "account_at_risk/\(file.batch)" : "ceiling/\(file.batch)"))
        #expect(try await Self.sweep(scene).isClean)
        await scene.close()
    }

    @Test func `asks for what waits to be sent a second time on a lane that nobody works`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, next: .schedule(.send, after: .zero))
        try await scene.database.execute("UPDATE sluice.submission SET not_founds = 3")
        let soon = try await Self.sweep(scene)
        #expect(soon.isClean && soon.late == 0, "its lane may be at work")
        try await scene.database.execute("UPDATE sluice.work_chunk SET due_at = now() - interval '1 hour'")
        let later = try await Self.sweep(scene)
        #expect(later.isClean && later.late == 1)
        #expect(try await scene.claim(.query).submission == sent.intent.submission)
        #expect(try await scene.database.number("SELECT not_founds FROM sluice.submission") == 0)
        #expect(try await Self.alarms(scene) == "none")
        await scene.close()
    }

    @Test func `gives an open order of an ended submission to a person`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        try await scene.database.execute("DELETE FROM sluice.work_chunk")
        try await scene.database.execute("UPDATE sluice.submission SET phase = 'settled', settled_at = now()")
        let outcome = try await Self.sweep(scene)
        #expect(outcome == SweepOutcome(batch: sent.file.batch, submissions: 0, orders: 0, strange: 1))
        let items = "SELECT string_agg(cause || ' ' || code, ', ') FROM sluice.review_item"
        #expect(try await scene.database.text(items) == "contradiction open_order_of_ended_submission")
        #expect(try await Self.sweep(scene).isClean)
        await scene.close()
    }
}

/// Before a number protects no longer, people are told how much money that is about.
@Suite struct `The protection clock` {
    private static func ending(
        _ scene: DecisionScene,
        window: TimeSpan?,
        warning: TimeSpan = .hours(2)
    ) async throws -> [EndingProtection] {
        try await scene.store.endingProtection([
            ProtectionClock(channel: scene.channel, direction: .payout, window: window, warning: warning)
        ])
    }

    private static let sum = ContractScene.amountMinor(of: LineNumber(1)) + ContractScene.amountMinor(of: LineNumber(2))

    @Test func `tells of unknown orders with their count and sum, from the warning until the end`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, next: .schedule(.query, after: .minutes(5)))
        #expect(try await Self.ending(scene, window: .hours(24)).isEmpty, "more than the warning is left")
        let ending = try await Self.ending(scene, window: .minutes(90))
        #expect(ending.map(\.orders) == [2] && ending.map(\.amountMinor) == [Self.sum])
        #expect(ending.allSatisfy { $0.endsIn > .minutes(80) && $0.endsIn <= .minutes(90) })
        try await scene.database.execute("UPDATE sluice.submission SET first_sent_at = now() - interval '2 hours'")
        #expect(try await Self.ending(scene, window: .minutes(90)).isEmpty, "it is over")
        await scene.close()
    }

    @Test func `knows the end of a number's scope, whichever comes first`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, cause: .pollsExhausted)
        try await scene.database.execute("UPDATE sluice.submission SET scope_ends_at = now() + interval '1 hour'")
        for window in [nil, TimeSpan.hours(24)] {
            let ending = try await Self.ending(scene, window: window)
            #expect(ending.map(\.orders) == [2], "a person's turn is no reason not to tell")
            #expect(ending.allSatisfy { $0.endsIn <= .hours(1) })
        }
        #expect(try await Self.ending(scene, window: nil, warning: .minutes(30)).isEmpty)
        await scene.close()
    }

    @Test func `says nothing where nothing may have arrived, or where everything is decided`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, next: .schedule(.query, after: .minutes(5)))
        try await scene.database.execute("UPDATE sluice.submission SET sends_unsent = sends")
        #expect(try await Self.ending(scene, window: .minutes(90)).isEmpty)
        try await scene.database.execute("UPDATE sluice.submission SET sends_unsent = 0, ever_taken = true")
        #expect(try await Self.ending(scene, window: .minutes(90)).isEmpty)
        try await scene.database.execute("UPDATE sluice.submission SET ever_taken = false")
        #expect(try await Self.ending(scene, window: .minutes(90)).count == 1)
        await scene.close()
    }
}
