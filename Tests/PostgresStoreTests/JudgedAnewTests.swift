import PaymentCore
import PostgresStore
import Store
import StoreTesting
import Testing

/// What pass 1 has found, against what pass 2 would make of it.
@Suite(.serialized) struct `A verified file` {
    private static let old = [UInt8](repeating: 1, count: 32)
    private static let new = [UInt8](repeating: 2, count: 32)
    private static let accepted: [Currency: Tally] = [.cny: Tally(count: 2, amountMinor: DecisionScene.sum(2))]

    private static func claim(_ scene: DecisionScene) async throws -> ClaimedBatchFile {
        try await scene.database.execute("UPDATE sluice.batch_file SET due_at = now()")
        let file = try await scene.store.claimBatchFile(
            for: .intake,
            worker: DecisionScene.worker,
            lease: .minutes(5)
        )
        return try #require(file)
    }

    private static func record(
        _ file: ClaimedBatchFile,
        _ scene: DecisionScene,
        ceilings: AmountCeilings = AmountCeilings(),
        isHeld: Bool = false,
        judgedBy: [UInt8]
    ) async throws -> Bool {
        try await scene.record(file, accepted: accepted, ceilings, isHeld, judgedBy: judgedBy)
    }

    /// State, code of the verdict, ceiling, sums and open reviews of the file.
    private static func story(_ scene: DecisionScene) async throws -> String {
        try await scene.database.text(
            """
            SELECT concat_ws(' ', f.state, f.verdict ->> 'code', f.held_by, (SELECT string_agg(s.orders::text, ' ')
                FROM sluice.batch_file_sum s), (SELECT string_agg(r.cause, ' ') FROM sluice.review_item r
                WHERE r.closed_at IS NULL)) FROM sluice.batch_file f
            """
        )
    }

    private static func slice(_ lines: ClosedRange<Int32>, amountMinor: Int64? = nil) -> LoadSlice {
        var slice = LoadSlice(upTo: lines.upperBound)
        for line in lines.map(LineNumber.init) {
            slice.appendOrder(
                line,
                number: "N\(line)",
                amountMinor: amountMinor ?? ContractScene.amountMinor(of: line),
                account: ContractScene.accountNumber(of: line),
                name: "Payee",
                purpose: ""
            )
        }
        return slice
    }

    @Test func `says to pass 2 what it was judged by`() async throws {
        let scene = try await DecisionScene.make()
        let pending = try await scene.pending()
        #expect(pending.judgedBy == nil)
        #expect(try await Self.record(pending, scene, judgedBy: Self.old))
        #expect(try await Self.claim(scene).judgedBy == Self.old)
        await scene.close()
    }

    @Test func `is judged anew with nothing left of what was found before`() async throws {
        let scene = try await DecisionScene.make()
        let pending = try await scene.pending()
        #expect(try await Self.record(pending, scene, ceilings: AmountCeilings(file: [.cny: 1]), judgedBy: Self.old))
        #expect(try await Self.story(scene) == "splitting ceiling_file 2 ceiling")
        let file = try await Self.claim(scene)
        // The worker before has lost its lease by now.
        #expect(try await !scene.store.judgeAnew(pending))
        #expect(try await scene.store.judgeAnew(file))
        #expect(try await Self.story(scene) == "pending")
        let again = try await Self.claim(scene)
        #expect(again.state == .pending && again.judgedBy == nil && again.recordCount == nil)
        #expect(try await Self.record(again, scene, judgedBy: Self.new))
        #expect(try await Self.story(scene) == "splitting 2")
        await scene.close()
    }

    @Test func `that a person let in is put to a person again, once it is judged anew`() async throws {
        let scene = try await DecisionScene.make()
        let pending = try await scene.pending()
        #expect(try await Self.record(pending, scene, isHeld: true, judgedBy: Self.old))
        func letIn() async throws {
            var request = RequestedDecision(
                target: try await scene.incident(.fileHeld, of: pending.id),
                decision: .load,
                note: "asked"
            )
            request.about = NamedOrders(count: 2, amounts: ["CNY": Int64(DecisionScene.sum(2))])
            try await scene.decide(request)
        }
        try await letIn()
        #expect(try await scene.store.judgeAnew(Self.claim(scene)))
        // By the new rules nothing is wrong with it; but nobody has let these orders in.
        #expect(try await !Self.record(Self.claim(scene), scene, judgedBy: Self.new))
        #expect(try await Self.story(scene) == "held judged_anew 2 file_held")
        try await letIn()
        let file = try await Self.claim(scene)
        #expect(file.state == .splitting && file.judgedBy == Self.new)
        await scene.close()
    }

    @Test func `is not judged anew when a slice of it is in`() async throws {
        let scene = try await DecisionScene.make()
        #expect(try await Self.record(scene.pending(), scene, judgedBy: Self.old))
        let file = try await Self.claim(scene)
        #expect(try await scene.store.load(Self.slice(1...1), of: file) == .loaded(duplicates: 0))
        #expect(try await !scene.store.judgeAnew(file))
        #expect(try await Self.story(scene) == "splitting 2")
        await scene.close()
    }

    @Test(arguments: [false, true])
    func `is loaded as it was verified, numbers that are taken included`(_ isTaken: Bool) async throws {
        let scene = try await DecisionScene.make()
        if isTaken {
            let other = try await scene.database.makeSplittingFile(records: 2, worker: DecisionScene.worker)
            _ = try await scene.store.load(Self.slice(1...2), of: other)
            #expect(try await scene.store.finishLoading(other) == .split)
        }
        let file = try await scene.pending()
        #expect(try await Self.record(file, scene, judgedBy: Self.old))
        let loaded = LoadOutcome.loaded(duplicates: isTaken ? 1 : 0)
        #expect(try await scene.store.load(Self.slice(1...1), of: file) == loaded)
        #expect(try await scene.store.load(Self.slice(2...2), of: file) == loaded)
        #expect(try await scene.store.finishLoading(file) == .split)
        #expect(try await scene.store.finishLoading(file) == .stale)
        await scene.close()
    }

    @Test func `is not split when its orders are not those that were verified`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.pending()
        #expect(try await Self.record(file, scene, judgedBy: Self.old))
        _ = try await scene.store.load(Self.slice(1...1), of: file)
        guard case .unlikeVerdict(let half) = try await scene.store.finishLoading(file) else {
            Issue.record("half of the file was split")
            return
        }
        #expect(half.contains("1 records") && half.contains("pass 1 2"))
        _ = try await scene.store.load(Self.slice(2...2, amountMinor: 77_700), of: file)
        guard case .unlikeVerdict(let what) = try await scene.store.finishLoading(file) else {
            Issue.record("a file with another amount was split")
            return
        }
        #expect(what.contains("\(77_700 + ContractScene.amountMinor(of: LineNumber(1)))"), "\(what)")
        #expect(what.contains("\(DecisionScene.sum(2))"), "\(what)")
        #expect(try await Self.story(scene) == "splitting 2")
        await scene.close()
    }
}
