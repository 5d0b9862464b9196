import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// What an order's story tells of the people that it waits for, and of what they decided.
@Suite struct `An order's story` {
    private static func story(_ file: SeededFile, line: Int32 = 1, _ scene: DecisionScene) async throws -> OrderStory {
        try #require(try await scene.store.orderStory(of: file.batch, line: LineNumber(line)))
    }

    private static func open(_ story: OrderStory) -> [OpenReview] {
        story.reviews.filter { $0.closedAt == nil }.map { review in
            OpenReview(
                cause: review.cause,
                code: review.code,
                incident: review.incident,
                isOfOrder: review.isOfOrder
            )
        }
    }

    @Test func `names the decision that settled it, without what is personal in its words`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, cause: .pollsExhausted)
        let waiting = try await Self.story(sent.file, scene)
        #expect(waiting.decision == nil && waiting.reviews.map(\.isOfOrder) == [false])
        #expect(waiting.reviews.map(\.cause) == ["polls_exhausted"])

        let line = LineNumber(1)
        let account = ContractScene.accountNumber(of: line)
        var request = RequestedDecision(
            target: try await scene.target(.pollsExhausted, of: sent.file.batch),
            decision: .succeeded,
            note: "read to me by the bank: \(account), Payee 1"
        )
        request.orders = [
            NamedOrder(
                batch: sent.file.batch,
                line: line,
                amountMinor: ContractScene.amountMinor(of: line),
                state: .unknown
            )
        ]
        request.evidence = "letter of the bank, 12 May, on 6217 0001 2345 6789 012"
        let decided = try await scene.decide(request)

        let story = try await Self.story(sent.file, scene)
        let decision = try #require(story.decision)
        #expect(story.state == .succeeded && story.evidence == nil && story.code == "decided_by_person")
        #expect(decision.number == decided.decision && decision.decision == "succeeded")
        #expect(decision.person == "anna, bert")
        #expect(decision.evidence == "letter of the bank, 12 May, on 6217 00** **** ***9 012")
        #expect(decision.note == "read to me by the bank: \(Masked.account(account)), P*")
        #expect(decision.decidedAt <= story.readAt)
        #expect(try await Self.story(sent.file, line: 2, scene).decision == nil, "nobody has decided the other one")
        await scene.close()
    }

    @Test func `names what holds it, and no longer once it is decided`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.heldFile()
        let held = try await Self.story(file, scene)
        #expect(held.state == .held)
        #expect(Self.open(held).filter { $0.holds(.held) }.map(\.incident) == ["ceiling/\(file.batch)"])
        var request = RequestedDecision(
            target: "ceiling/\(file.batch)",
            decision: .approve,
            note: "called the bank"
        )
        request.about = NamedOrders(count: 2, amounts: ["CNY": Int64(DecisionScene.sum(2))])
        try await scene.decide(request)
        let ready = try await Self.story(file, scene)
        #expect(ready.state == .ready && Self.open(ready).isEmpty && ready.reviews.map(\.decision) == ["approve"])
        #expect(ready.plannedFrom != nil)
        await scene.close()
    }

    /// The rules that people are told are those that the intent is refused by.
    @Test(arguments: ReviewCause.allCases)
    func `tells of a ready order what the engine does with it`(cause: ReviewCause) async throws {
        let scene = try await DecisionScene.make()
        let lines = [LineNumber(1), LineNumber(2)]
        let file = try await scene.load(
            try await scene.verified(),
            chunks: [PlannedChunk(channel: scene.channel, lines: lines)]
        )
        let chunk = try await scene.claim(.submit)
        let intent = try await scene.intent(for: chunk)
        // An order that is unfit for its channel is in no chunk: its item is not what the intent looks for.
        try await scene.open(cause, line: 1, file: file)
        let reviews = Self.open(try await Self.story(file, scene))
        #expect(reviews.map(\.cause) == [cause] && reviews.allSatisfy(\.isOfOrder))
        let isHeld = reviews.contains { $0.holds(.ready) }
        #expect(Self.open(try await Self.story(file, line: 2, scene)).isEmpty, "another order's")
        let outcome = try await scene.store.recordIntent(intent)
        if cause == .unfitForChannel {
            #expect(isHeld)
        } else {
            #expect((outcome == .ordersChanged) == isHeld, "\(outcome)")
        }
        await scene.close()
    }

    @Test func `shows what is open, however much was closed before and after`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.load(try await scene.verified())
        for number in 1...130 {
            if number == 3 { try await scene.open(.contradiction, line: 1, file: file) }
            try await scene.database.execute(
                """
                INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no, closed_at)
                SELECT 'i', 'answer_mismatch', $2, batch_id, business_date, 1, now() FROM sluice.batch_file
                WHERE batch_id = $1
                """,
                [.int64(file.batch.value), .text("n\(number)")]
            )
        }
        let story = try await Self.story(file, scene)
        #expect(story.reviews.count == 100)
        #expect(Self.open(story).map(\.cause) == [.contradiction])
        #expect(story.reviews.first?.cause == "contradiction" && story.reviews.last?.code == "n130")
        await scene.close()
    }
}
