import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// Answers that come when the orders of their submission, its calls or all of it have left for the history (R8, R10).
@Suite(.serialized) struct `A late answer` {
    private static func actions(_ meaning: ItemMeaning, _ code: String) -> [SubmissionAction] {
        let item = ItemAnswer(item: 1, code: code, meaning: meaning, echo: nil)
        return [
            .decideItems(ItemDecision(items: [item], kind: .query, failureIsFinal: true, unmentioned: .unknown))
        ]
    }

    /// A submission whose send hung, so that a person has decided both of its orders; all of it has left since.
    private static func archived(_ scene: DecisionScene) async throws -> (DecisionScene.Sent, ArchiveScene) {
        let sent = try await scene.send()
        try await scene.database.execute(
            "UPDATE sluice.submission SET in_flight_until = now() - interval '1 second'"
        )
        for line: Int32 in [1, 2] {
            try await scene.open(.pollsExhausted, line: line, file: sent.file, submission: sent.intent.submission)
        }
        var request = RequestedDecision(
            target: try await scene.incident(.pollsExhausted, of: sent.file.batch),
            decision: .succeeded,
            note: "called the bank"
        )
        request.orders = sent.lines.map {
            NamedOrder(
                batch: sent.file.batch,
                line: $0,
                amountMinor: ContractScene.amountMinor(of: $0),
                state: .submitting
            )
        }
        request.evidence = "letter of the bank, 12 May"
        try await scene.decide(request)
        let archive = try await ArchiveScene.over(scene.database)
        try await archive.archiveUntilToday()
        for table in [HeavyTable.paymentOrder, .submission, .exchange] {
            #expect(try await archive.rows(table, sent.file.businessDate, in: "sluice") == 0)
        }
        return (sent, archive)
    }

    private static func calls(_ schema: String, _ scene: DecisionScene) async throws -> String {
        try await scene.database.text(
            """
            SELECT coalesce(string_agg(concat_ws(' ', ordinal, kind, coalesce(outcome::text, 'open'),
                is_late, response IS NOT NULL), ', ' ORDER BY ordinal, exchange_day), '') FROM \(schema).exchange
            """
        )
    }

    @Test func `to an archived order is kept under its own day, and tells people what it contradicts`() async throws {
        let scene = try await DecisionScene.make()
        let (sent, archive) = try await Self.archived(scene)
        // It comes again, as it does where the answer to COMMIT was lost.
        for _ in 1...2 {
            let late = try await scene.end(
                sent,
                to: .succeeded,
                lateActions: Self.actions(.notDone(.customer), "2001")
            )
            #expect(late == .stale)
        }
        let (old, new) = (try await Self.calls("history", scene), try await Self.calls("sluice", scene))
        #expect(old == "1 send open f f" && new == "1 send answered t f", "\(old) and \(new)")
        let alarms = "SELECT string_agg(concat_ws(' ', kind, code), ', ') FROM sluice.alarm"
        #expect(try await scene.database.text(alarms) == "contradiction 2001")
        let risk = "SELECT string_agg(line_no || ' ' || amount_minor, ', ') FROM sluice.account_at_risk"
        #expect(try await scene.database.text(risk) == "1 \(ContractScene.amountMinor(of: LineNumber(1)))")
        let told = "SELECT string_agg(payload::text, ',') FROM sluice.outbox WHERE topic = 'do_not_resubmit'"
        #expect(try await scene.database.text(told) == #"{"lines": [1]}"#)

        let story = try #require(try await scene.store.orderStory(of: sent.file.batch, line: LineNumber(1)))
        #expect(story.isArchived && story.state == .succeeded)
        let exchanges = try #require(story.submissions.first?.exchanges)
        #expect(exchanges.map(\.outcome) == [nil, "answered"] && exchanges.map(\.isLate) == [false, true])
        #expect(exchanges.map(\.call.ordinal) == [1, 1])
        #expect(story.reviews.contains { $0.cause == "contradiction" && $0.isOfOrder && $0.closedAt == nil })
        try await scene.expectNoBreach()

        // The answer's day leaves, too, and is found there.
        try await archive.archive(archive.database.today().advanced(byDays: 1))
        #expect(try await Self.calls("sluice", scene) == "")
        let later = try #require(try await scene.store.orderStory(of: sent.file.batch, line: LineNumber(2)))
        #expect(later.submissions.first?.exchanges.map(\.outcome) == [nil, "answered"])
        try await scene.expectNoBreach()

        // A person may close the question; the order stays as it is.
        var noted = RequestedDecision(
            target: try await scene.incident(.contradiction, of: sent.file.batch),
            decision: .noted,
            note: "the bank says paid"
        )
        noted.about = nil
        try await scene.decide(noted)
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.account_at_risk") == 0)
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `that contradicts nothing is evidence, and asks nobody`() async throws {
        let scene = try await DecisionScene.make()
        let (sent, archive) = try await Self.archived(scene)
        #expect(try await scene.end(sent, to: .succeeded, lateActions: Self.actions(.processing, "1000")) == .stale)
        let calls = try await Self.calls("sluice", scene)
        #expect(calls == "1 send answered t f")
        let asked = "SELECT count(*) FROM sluice.review_item WHERE closed_at IS NULL"
        #expect(try await scene.database.number(asked) == 0)
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.alarm") == 0)
        try await scene.expectNoBreach()
        await archive.archiver.close()
        await scene.close()
    }

    /// Some channels call a payout "failed" that came back.
    @Test func `about an order whose money came back contradicts nothing`() async throws {
        let scene = try await DecisionScene.make()
        let (sent, archive) = try await Self.archived(scene)
        let outcome = try await scene.store.recordReturn(
            ReturnedPayment(
                channel: scene.channel,
                reference: "R-1",
                batch: sent.file.batch,
                line: LineNumber(1),
                amount: Money(minor: ContractScene.amountMinor(of: LineNumber(1)), currency: .cny),
                code: nil,
                returnedAt: Timestamp(unixMicroseconds: 1_700_000_000_000_000)
            )
        )
        #expect(outcome == .recorded)
        let late = try await scene.end(sent, to: .succeeded, lateActions: Self.actions(.notDone(.customer), "2001"))
        #expect(late == .stale)
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.alarm") == 0)
        await archive.archiver.close()
        await scene.close()
    }

    // MARK: Submissions of which a part has left

    /// A submission of two orders, the first of which succeeded and has left with the evidence; the other is unknown.
    private static func half(_ scene: DecisionScene) async throws -> (DecisionScene.Sent, ArchiveScene) {
        let sent = try await scene.send()
        let next = ChunkNext.schedule(.query, after: .zero)
        guard case .committed = try await scene.end(sent, next: next) else { throw TestFailure("not recorded") }
        let archive = try await ArchiveScene.over(scene.database)
        try await archive.meddle(
            """
            UPDATE sluice.payment_order SET state = 'succeeded', decided_at = now(),
                evidence_day = '\(sent.call.day)', evidence_ordinal = 1 WHERE line_no = 1
            """,
            "UPDATE sluice.exchange SET outcome = 'answered'"
        )
        try await archive.archiveUntilToday()
        let day = sent.file.businessDate
        #expect(try await archive.rows(.paymentOrder, day, in: "history") == 1)
        #expect(try await archive.rows(.submission, day, in: "sluice") == 1)
        #expect(try await archive.rows(.exchange, sent.call.day, in: "history") == 1)
        return (sent, archive)
    }

    @Test func `finds all orders of its submission, those that have left too`() async throws {
        let scene = try await DecisionScene.make()
        let (sent, archive) = try await Self.half(scene)
        let loaded = try await scene.store.loadSubmission(of: try await scene.claim(.query))
        #expect(loaded.orders.map(\.item) == [1, 2])
        #expect(loaded.orders.map(\.state) == [.succeeded, .unknown], "a second send would name a paid order")
        #expect(loaded.orders[0].accountNumber == ContractScene.accountNumber(of: LineNumber(1)))
        let decision = SettlementDecision(
            actions: Self.actions(.notDone(.customer), "2001"),
            orders: loaded.orders
        )
        #expect(decision.reviews.map(\.line) == [LineNumber(1)] && decision.reviews.map(\.cause) == [.contradiction])
        #expect(!decision.alarms.contains { $0.kind == .answerMismatch })
        let story = try #require(try await scene.store.orderStory(of: sent.file.batch, line: LineNumber(2)))
        #expect(!story.isArchived && story.submissions.map(\.areOrdersOpen) == [false])
        try await scene.expectNoBreach()
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `may be the proof of an attempt that ends long after it`() async throws {
        let scene = try await DecisionScene.make()
        let (sent, archive) = try await Self.half(scene)
        let chunk = try await scene.claim(.query)
        var state = try await scene.store.loadSubmission(of: chunk).state
        state.phase = .settled
        var decision = SettlementDecision()
        decision.moves = [
            OrderMove(
                line: LineNumber(2),
                from: .unknown,
                to: .ready,
                cause: .channel,
                code: "9001",
                next: NextAttempt(after: .zero)
            )
        ]
        let outcome = try await scene.store.record(
            SubmissionChange(
                chunk: chunk,
                submission: sent.intent.submission,
                state: state,
                endedCall: nil,
                begins: nil,
                sendBy: .zero,
                specificationSHA256: [],
                decision: decision,
                submissionReviews: [],
                slowLaneFor: nil,
                next: .finish
            )
        )
        #expect(outcome == .committed(nil))
        let attempts = try await scene.database.text(
            """
            SELECT string_agg(concat_ws(' ', line_no, attempt_no, code, evidence_day, evidence_ordinal), ', ')
            FROM sluice.payment_attempt
            """
        )
        #expect(attempts == "2 1 9001 \(sent.call.day) 1")
        try await scene.expectNoBreach()
        await archive.archiver.close()
        await scene.close()
    }
}
