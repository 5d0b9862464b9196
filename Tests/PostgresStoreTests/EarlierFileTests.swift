import Cryptography
import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

@Suite(.serialized) struct `A file that came before` {
    /// Why a file is held for a person.
    enum Hold: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case totals = "totals_within_tolerance"
        case badRecords = "too_many_bad_records"
        case sameContent = "same_content"
        case sameName = "same_name"

        var testDescription: String { rawValue }
    }

    private static let accepted: [Currency: Tally] = [.cny: Tally(count: 2, amountMinor: DecisionScene.sum(2))]

    /// Queues a file and claims it for intake.
    private static func pending(
        _ scene: DecisionScene,
        name: String,
        content: String,
        direction: Direction = .payout
    ) async throws -> ClaimedBatchFile {
        let bytes = Array(content.utf8)
        _ = try await scene.store.submitBatchFile(
            BatchFileToSubmit(
                merchant: TestDatabase.merchant,
                direction: direction,
                format: "test",
                fileName: name,
                environment: "test",
                contentSHA256: SHA256.hash(bytes),
                contentBytes: Int64(bytes.count),
                partCount: 1
            )
        ) { _ in bytes }
        let claimed = try await scene.store.claimBatchFile(
            for: .intake,
            worker: DecisionScene.worker,
            lease: .minutes(5)
        )
        let file = try #require(claimed)
        _ = try await scene.store.takePart(1, of: file)
        return file
    }

    private static func record(
        _ verdict: RecordedVerdict? = nil,
        of file: ClaimedBatchFile,
        _ sameName: DuplicateRules.SameName,
        _ scene: DecisionScene
    ) async throws -> Bool {
        try await scene.store.recordVerdict(
            verdict ?? .load(recordCount: 2, amountUnreadable: 0, accepted: accepted),
            judgedBy: nil,
            of: file,
            ceilings: AmountCeilings(),
            duplicates: DuplicateRules(sameName: sameName)
        )
    }

    /// State, code of the verdict, and open reviews of a file, as in `held same_name file_held/same_name`.
    private static func story(_ file: ClaimedBatchFile, _ scene: DecisionScene) async throws -> String {
        try await scene.database.text(
            """
            SELECT concat_ws(' ', f.state, f.verdict ->> 'code', (SELECT string_agg(r.cause || '/' || r.code, ' ')
                FROM sluice.review_item r WHERE r.batch_id = f.batch_id AND r.closed_at IS NULL))
            FROM sluice.batch_file f WHERE f.batch_id = $1
            """,
            [.int64(file.id.value)]
        )
    }

    /// A file that is held, the only one that intake can claim once it is let in.
    private static func held(_ hold: Hold, _ scene: DecisionScene) async throws -> ClaimedBatchFile {
        if hold == .sameName || hold == .sameContent {
            let earlier = try await pending(scene, name: "a.csv", content: "one")
            #expect(try await record(of: earlier, .hold, scene))
            let chunk = PlannedChunk(channel: scene.channel, lines: [LineNumber(1), LineNumber(2)])
            _ = try await scene.load(earlier, chunks: [chunk])
        }
        let file = try await pending(scene, name: "a.csv", content: hold == .sameContent ? "one" : "other")
        switch hold {
        case .totals, .badRecords:
            let note = VerdictNote(code: hold.rawValue, line: 0, what: "w", mend: "m")
            let verdict = RecordedVerdict.hold(note, recordCount: 2, amountUnreadable: 0, accepted: accepted)
            #expect(try await record(verdict, of: file, .hold, scene))
        case .sameContent, .sameName:
            #expect(try await record(of: file, .hold, scene) == false, "it does not go on as was said")
        }
        #expect(try await story(file, scene) == "held \(hold.rawValue) file_held/\(hold.rawValue)")
        return file
    }

    /// What intake takes next.
    private static func claim(_ scene: DecisionScene) async throws -> ClaimedBatchFile? {
        try await scene.store.claimBatchFile(for: .intake, worker: WorkerIdentifier("w"), lease: .minutes(1))
    }

    private static func request(
        _ decision: ReviewDecision,
        _ file: ClaimedBatchFile
    ) -> RequestedDecision {
        var request = RequestedDecision(
            target: "file_held/\(file.id)",
            decision: decision,
            note: "asked the merchant"
        )
        request.about = NamedOrders(count: 2, amounts: ["CNY": Int64(DecisionScene.sum(2))])
        return request
    }

    private static func refusal(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }

    // MARK: What is found

    @Test(arguments: [
        (DuplicateRules.SameName.off, "splitting"), (.warn, "splitting same_file_name/same_name"),
        (.hold, "held same_name file_held/same_name"),
    ])
    func `under the same name does with other content what the merchant's profile says`(
        _ rule: DuplicateRules.SameName,
        _ story: String
    ) async throws {
        let scene = try await DecisionScene.make()
        let earlier = try await Self.pending(scene, name: "a.csv", content: "one")
        #expect(try await Self.record(of: earlier, rule, scene))
        for (name, direction) in [("b.csv", Direction.payout), ("a.csv", .withhold)] {
            let other = try await Self.pending(scene, name: name, content: name + "\(direction)", direction: direction)
            #expect(try await Self.record(of: other, rule, scene))
            #expect(try await Self.story(other, scene) == "splitting", "\(name) \(direction)")
        }
        let again = try await Self.pending(scene, name: "a.csv", content: "two")
        #expect(try await Self.record(of: again, rule, scene) == (rule != .hold))
        #expect(try await Self.story(again, scene) == story)
        await scene.close()
    }

    @Test func `and was refused is nothing that the corrected one must wait for`() async throws {
        let scene = try await DecisionScene.make()
        let wrong = try await Self.pending(scene, name: "a.csv", content: "one")
        let note = VerdictNote(code: "totals_mismatch", line: 0, what: "w", mend: "m")
        #expect(try await Self.record(.refuse(note), of: wrong, .hold, scene))
        let right = try await Self.pending(scene, name: "a.csv", content: "two")
        #expect(try await Self.record(of: right, .hold, scene))
        #expect(try await Self.story(right, scene) == "splitting")
        await scene.close()
    }

    @Test(arguments: [true, false])
    func `holds one of two that are verified at once, never both and never none`(_ isSameContent: Bool) async throws {
        let scene = try await DecisionScene.make()
        for round in 0..<8 {
            let files = [
                try await Self.pending(scene, name: "\(round).csv", content: "\(round)"),
                try await Self.pending(scene, name: "\(round).csv", content: isSameContent ? "\(round)" : "x\(round)"),
            ]
            // The first was still on its way when the second was queued.
            if round % 2 == 1 {
                try await scene.database.execute(
                    "UPDATE sluice.batch_file SET state = 'receiving' WHERE batch_id = $1",
                    [.int64(files[0].id.value)]
                )
                #expect(try await Self.record(of: files[1], .hold, scene))
                try await scene.database.execute(
                    "UPDATE sluice.batch_file SET state = 'pending' WHERE batch_id = $1",
                    [.int64(files[0].id.value)]
                )
                #expect(try await Self.record(of: files[0], .hold, scene) == false)
                continue
            }
            async let one = Self.record(of: files[0], .hold, scene)
            async let other = Self.record(of: files[1], .hold, scene)
            #expect(try await [one, other] == [true, false], "round \(round)")
        }
        await scene.close()
    }

    @Test func `is told of too where the file is held for something else`() async throws {
        let scene = try await DecisionScene.make()
        let earlier = try await Self.pending(scene, name: "a.csv", content: "one")
        #expect(try await Self.record(of: earlier, .hold, scene))
        let file = try await Self.pending(scene, name: "b.csv", content: "one")
        let note = VerdictNote(code: "too_many_bad_records", line: 0, what: "many", mend: "look")
        let verdict = RecordedVerdict.hold(note, recordCount: 2, amountUnreadable: 0, accepted: Self.accepted)
        #expect(try await Self.record(verdict, of: file, .hold, scene))
        let what = try await scene.database.text(
            "SELECT verdict ->> 'what' FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(file.id.value)]
        )
        #expect(what == "many; also the same bytes as batch \(earlier.id)")
        await scene.close()
    }

    // MARK: What a person decides

    @Test(arguments: Hold.allCases)
    func `or another cause holds a file, which a person loads, once, through the ceilings`(_ hold: Hold) async throws {
        let scene = try await DecisionScene.make()
        let file = try await Self.held(hold, scene)
        // Whoever verified it has no more say, before the decision and after it.
        #expect(try await scene.store.load(LoadSlice(position: Self.start), of: file) == .stale)
        #expect(try await Self.claim(scene) == nil)
        try await scene.decide(Self.request(.load, file))
        for decision in [ReviewDecision.load, .refuse] {
            #expect(await Self.refusal { try await scene.decide(Self.request(decision, file)) } == "SL009")
        }
        #expect(try await Self.record(of: file, .hold, scene) == false, "a verdict is recorded once")
        let claimed = try await Self.claim(scene)
        let again = try #require(claimed)
        #expect(again.id == file.id && again.state == .splitting)
        // While it is leased a second decision finds nothing, and a cancellation waits for the end of the load.
        #expect(await Self.refusal { try await scene.decide(Self.request(.refuse, file)) } == "SL009")
        let cancellation = RequestedCancellation(batch: file.id, line: nil)
        #expect(await Self.refusal { _ = try await scene.cancel(cancellation) } == "SL012")
        #expect(try await scene.store.admit(again, ceilings: AmountCeilings(file: [.cny: 1])))
        #expect(try await scene.store.load(LoadSlice(position: Self.start), of: file) == .stale)
        let loaded = try await scene.load(again)
        #expect(try await scene.states(of: loaded) == [.held, .held])
        let reviews = try await scene.harness.reviews(of: loaded).map(\.cause)
        #expect(reviews == [.ceiling])
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test(arguments: Hold.allCases)
    func `or another cause holds a file, which a person refuses, and nothing of it is loaded`(
        _ hold: Hold
    ) async throws {
        let scene = try await DecisionScene.make()
        let file = try await Self.held(hold, scene)
        try await scene.decide(Self.request(.refuse, file))
        #expect(try await Self.story(file, scene) == "refused refused_by_person")
        #expect(await Self.refusal { try await scene.decide(Self.request(.load, file)) } == "SL009")
        #expect(try await Self.claim(scene) == nil)
        #expect(try await scene.store.load(LoadSlice(position: Self.start), of: file) == .stale)
        // Refused once, it stands in nobody's way.
        let next = try await Self.pending(scene, name: "c.csv", content: "other")
        #expect(try await Self.record(of: next, .hold, scene))
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test(arguments: Hold.allCases)
    func `or another cause holds a file, which cannot be decided once it is cancelled`(_ hold: Hold) async throws {
        let scene = try await DecisionScene.make()
        let file = try await Self.held(hold, scene)
        let cancelled = try await scene.cancel(RequestedCancellation(batch: file.id, line: nil))
        #expect(cancelled.isWholeFile && cancelled.fileState == .refused)
        for decision in [ReviewDecision.load, .refuse] {
            #expect(await Self.refusal { try await scene.decide(Self.request(decision, file)) } == "SL009")
        }
        #expect(try await Self.story(file, scene) == "refused cancelled_by_person")
        #expect(try await Self.claim(scene) == nil)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    private static let start = LoadPosition(byteOffset: 0, recordOrdinal: 0, physicalLine: 0)
}
