import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

@Suite(.serialized) struct `A ceiling` {
    private static let day = AmountCeilings(merchantDay: [.cny: 100])

    private static func isHeld(_ file: ClaimedBatchFile, _ scene: DecisionScene) async throws -> Bool {
        try await scene.database.number(
            "SELECT (held_by IS NOT NULL)::int FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(file.id.value)]
        ) == 1
    }

    private static func decide(
        _ decision: ReviewDecision,
        _ cause: ReviewCause,
        _ file: ClaimedBatchFile,
        orders: Int64,
        sum: Int64,
        _ scene: DecisionScene
    ) async throws {
        var request = RequestedDecision(
            target: try await scene.incident(cause, of: file.id),
            decision: decision,
            note: "looked"
        )
        request.about = NamedOrders(count: orders, amounts: ["CNY": sum])
        try await scene.decide(request)
    }

    @Test(arguments: AmountCeilings.Scope.allCases)
    func `holds a file that goes beyond it, and none that reaches it`(_ scope: AmountCeilings.Scope) async throws {
        let scene = try await DecisionScene.make()
        var ceilings = AmountCeilings()
        switch scope {
        case .file: ceilings.file = [.cny: 100]
        case .merchantDay: ceilings.merchantDay = [.cny: 150]
        case .deploymentDay: ceilings.deploymentDay = [.cny: 150]
        }
        let first = try await scene.verified(accepting: scope == .file ? 100 : 50, ceilings: ceilings)
        let second = try await scene.verified(accepting: 100, ceilings: ceilings)
        let third = try await scene.verified(accepting: scope == .file ? 101 : 1, ceilings: ceilings)
        var held: [Bool] = []
        for file in [first, second, third] { held.append(try await Self.isHeld(file, scene)) }
        #expect(held == [false, false, true])
        #expect(try await scene.incident(.ceiling, of: third.id) == "ceiling/\(third.id)")
        let alarm = try await scene.database.text(
            "SELECT kind || ' ' || code || ' ' || batch_id || ' ' || message FROM sluice.alarm"
        )
        #expect(alarm.hasPrefix("ceiling_exceeded \(scope.rawValue) \(third.id) batch \(third.id)"), "\(alarm)")
        await scene.close()
    }

    @Test func `lets the file be loaded and planned, with all of its orders held`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.heldFile(orders: 3)
        let orders = try await scene.harness.orders(of: file)
        #expect(orders.map(\.state) == [.held, .held, .held])
        #expect(Set(orders.map(\.code)) == ["ceiling_file"])
        let state = try await scene.database.text("SELECT state FROM sluice.batch_file")
        #expect(state == "working")
        #expect(try await scene.harness.chunks(of: file).isEmpty)
        #expect(try await scene.store.waitingForPeople().reviewItems == 1)
        // Nothing to tell before the deadline; then a version that is not the last.
        let claim = {
            try await scene.store.claimBatchFile(for: .settlement, worker: DecisionScene.worker, lease: .minutes(1))
        }
        let early = try await claim()
        #expect(early == nil)
        try await scene.database.execute("UPDATE sluice.batch_file SET result_due_at = now()")
        let due = try await claim()
        #expect(due?.id == file.batch)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `counts neither other days, other currencies, nor what is held, refused or cancelled`() async throws {
        let scene = try await DecisionScene.make()
        let today = try await scene.database.today()
        _ = try await scene.verified(accepting: 90, ceilings: Self.day, date: today.advanced(byDays: 1))
        let dollars = try #require(Currency(code: "USD"))
        _ = try await scene.verified(accepting: 90, currency: dollars, ceilings: Self.day)
        // Above the ceiling by itself: held, so that the next ones still pass.
        let tooLarge = try await scene.verified(accepting: 101, ceilings: Self.day)
        #expect(try await Self.isHeld(tooLarge, scene))
        let waiting = try await scene.verified(accepting: 90, ceilings: Self.day, isHeld: true)
        #expect(try await Self.isHeld(waiting, scene) == false)
        let refused = try await scene.verified(accepting: 90, ceilings: Self.day, isHeld: true)
        try await Self.decide(.refuse, .fileHeld, refused, orders: 2, sum: 90, scene)
        let cancelled = try await scene.verified(
            accepting: Int64(DecisionScene.sum(2)),
            ceilings: AmountCeilings(merchantDay: [.cny: 30_000])
        )
        #expect(try await Self.isHeld(cancelled, scene) == false)
        _ = try await scene.load(cancelled)
        let half = try await scene.cancel(
            RequestedCancellation(batch: cancelled.id, line: LineNumber(1))
        )
        #expect(half.cancelled.count == 1)
        let late = try await scene.verified(accepting: 1, ceilings: Self.day)
        #expect(try await Self.isHeld(late, scene), "the other order still counts")
        _ = try await scene.cancel(RequestedCancellation(batch: cancelled.id, line: nil))
        let fits = try await scene.verified(accepting: 100, ceilings: Self.day)
        #expect(try await Self.isHeld(fits, scene) == false)
        await scene.close()
    }

    @Test func `counts what a person approved, for the files that come later`() async throws {
        let scene = try await DecisionScene.make()
        let sum = Int64(DecisionScene.sum(2))
        let ceilings = AmountCeilings(merchantDay: [.cny: sum - 1])
        let file = try await scene.verified(ceilings: ceilings)
        #expect(try await Self.isHeld(file, scene))
        _ = try await scene.load(file)
        try await Self.decide(.approve, .ceiling, file, orders: 2, sum: sum, scene)
        let next = try await scene.verified(accepting: 1, ceilings: ceilings)
        #expect(try await Self.isHeld(next, scene))
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `holds a file too that a person let pass for another reason`() async throws {
        let scene = try await DecisionScene.make()
        let sum = Int64(DecisionScene.sum(2))
        let ceilings = AmountCeilings(file: [.cny: sum - 1])
        let file = try await scene.verified(ceilings: ceilings, isHeld: true)
        try await Self.decide(.load, .fileHeld, file, orders: 2, sum: sum, scene)
        let again = try #require(
            try await scene.store.claimBatchFile(for: .intake, worker: DecisionScene.worker, lease: .minutes(1))
        )
        #expect(again.id == file.id && again.state == .splitting && again.loadPosition == nil)
        #expect(try await scene.store.admit(file, ceilings: ceilings) == false, "its lease was taken over")
        #expect(try await scene.store.admit(again, ceilings: ceilings))
        #expect(try await Self.isHeld(file, scene))
        // A worker that died before the first slice: the next one finds it decided.
        #expect(try await scene.store.admit(again, ceilings: AmountCeilings()))
        let loaded = try await scene.load(again)
        #expect(try await scene.states(of: loaded) == [.held, .held])
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.review_item WHERE closed_at IS NULL") == 1)
        await scene.close()
    }

    @Test(arguments: [Self.day, AmountCeilings(deploymentDay: [.cny: 100])])
    func `is kept by two files that are verified at the same moment`(_ ceilings: AmountCeilings) async throws {
        let scene = try await DecisionScene.make()
        let today = try await scene.database.today()
        for round: Int32 in 0..<10 {
            let date = today.advanced(byDays: round)
            let files = [try await scene.pending(date: date), try await scene.pending(date: date)]
            let accepted: [Currency: Tally] = [.cny: Tally(count: 1, amountMinor: 60)]
            async let first = scene.record(files[0], accepted: accepted, ceilings)
            async let second = scene.record(files[1], accepted: accepted, ceilings)
            #expect(try await [first, second] == [true, true])
            let held = [try await Self.isHeld(files[0], scene), try await Self.isHeld(files[1], scene)]
            #expect(held.count { $0 } == 1, "round \(round)")
        }
        await scene.close()
    }
}
