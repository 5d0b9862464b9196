import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

@Suite(.serialized) struct `A decision of a person` {
    private static let note = "called the bank"

    /// Something that waits for a person, of this cause, about two orders.
    private static func setUp(_ cause: ReviewCause, _ scene: DecisionScene) async throws -> SeededFile {
        switch cause {
        case .fileHeld:
            let file = try await scene.verified(isHeld: true)
            return SeededFile(batch: file.id, businessDate: file.businessDate)
        case .ceiling: return try await scene.heldFile()
        case .accountAtRisk:
            let file = try await scene.heldFile()
            let key: [PostgresValue] = [.int64(file.batch.value)]
            try await scene.database.execute(
                "UPDATE sluice.payment_order SET code = 'account_at_risk' WHERE batch_id = $1",
                key
            )
            try await scene.database.execute(
                "UPDATE sluice.batch_file_sum SET counted_minor = amount_minor WHERE batch_id = $1",
                key
            )
            try await scene.database.execute("DELETE FROM sluice.review_item WHERE batch_id = $1", key)
            for line: Int32 in [1, 2] { try await scene.open(.accountAtRisk, line: line, file: file) }
            return file
        case .unfitForChannel:
            return try await scene.load(try await scene.verified(), unroutable: [1, 2])
        case .pollsExhausted, .notFound, .duplicateOtherContent:
            let sent = try await scene.send()
            _ = try await scene.end(sent, cause: cause)
            return sent.file
        case .answerMismatch:
            let sent = try await scene.send()
            _ = try await scene.end(sent, next: .schedule(.query, after: .minutes(30)))
            for line: Int32 in [1, 2] {
                try await scene.open(cause, line: line, file: sent.file, submission: sent.intent.submission)
            }
            return sent.file
        case .contradiction:
            let sent = try await scene.send()
            _ = try await scene.end(sent, to: .succeeded)
            for line: Int32 in [1, 2] {
                try await scene.open(cause, line: line, file: sent.file, submission: sent.intent.submission)
            }
            return sent.file
        case .sameFileName, .samePayment: return try await scene.warned(of: cause)
        }
    }

    private static func request(
        _ decision: ReviewDecision,
        _ target: String,
        _ file: SeededFile,
        state: OrderState = .unknown
    ) -> RequestedDecision {
        var request = RequestedDecision(target: target, decision: decision, note: note)
        if decision.isOfOrders {
            request.orders = [1, 2].map { line in
                NamedOrder(
                    batch: file.batch,
                    line: LineNumber(line),
                    amountMinor: ContractScene.amountMinor(of: LineNumber(line)),
                    state: state
                )
            }
            request.evidence = "letter of the bank, 12 May"
            if decision == .failed { request.cause = .channel }
        } else if !target.hasPrefix("same_") {
            // A warning about a file is about no order.
            request.about = NamedOrders(count: 2, amounts: ["CNY": Int64(DecisionScene.sum(2))])
        }
        return request
    }

    /// Why a decision that fits the cause is refused of these orders; nil if it is not.
    private static func unfit(_ cause: ReviewCause, _ decision: ReviewDecision) -> String? {
        switch (cause, decision) {
        // Nothing else would ask for these orders again.
        case (.duplicateOtherContent, .noted): "SL009"
        // They are final, and neither ready nor unknown.
        case (.contradiction, .planAgain): "SL009"
        case (.contradiction, .succeeded), (.contradiction, .failed): "SL016"
        default: nil
        }
    }

    private static func refusal(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }

    @Test func `fits a cause by the same table in the core and in the database`() async throws {
        let scene = try await DecisionScene.make()
        let stored: Set<String> = try await scene.database.owner.transaction("options") { transaction in
            Set(
                try transaction.query("SELECT cause, decision FROM sluice.review_option").map {
                    "\(try $0.text(0)) \(try $0.text(1))"
                }
            )
        }
        let known = ReviewCause.allCases.flatMap { cause in cause.decisions.map { "\(cause.rawValue) \($0.rawValue)" } }
        #expect(stored == Set(known))
        await scene.close()
    }

    @Test(arguments: ReviewCause.allCases)
    func `does what it says where it fits the cause, and nothing where it does not`(_ cause: ReviewCause) async throws {
        let scene = try await DecisionScene.make()
        for decision in ReviewDecision.allCases {
            let file = try await Self.setUp(cause, scene)
            let request = Self.request(decision, try await scene.target(cause, of: file.batch), file)
            let before = try await scene.fingerprint()
            let refused = cause.decisions.contains(decision) ? Self.unfit(cause, decision) : "SL005"
            if let refused {
                let code = await Self.refusal { try await scene.decide(request) }
                #expect(code == refused, "\(cause) \(decision)")
                #expect(try await scene.fingerprint() == before, "\(cause) \(decision)")
                continue
            }
            let decided = try await scene.decide(request)
            let covered = request.about == nil && decision == .noted ? [:] : ["CNY": DecisionScene.sum(2)]
            let isAll = decided.orders == (covered.isEmpty ? 0 : 2) && decided.amounts == covered
            #expect(isAll, "\(cause) \(decision): \(decided)")
            #expect(decided.itemsOpen == 0, "\(cause) \(decision)")
            #expect(try await scene.harness.reviews(of: file).isEmpty, "\(cause) \(decision)")
            try await Self.expect(decision, of: cause, on: file, scene)
            // Out of the way of the next file.
            try await scene.database.execute(
                "UPDATE sluice.batch_file SET due_at = 'infinity' WHERE state = 'splitting'"
            )
        }
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    /// What a decision must have done.
    private static func expect(
        _ decision: ReviewDecision,
        of cause: ReviewCause,
        on file: SeededFile,
        _ scene: DecisionScene
    ) async throws {
        let key: [PostgresValue] = [.int64(file.batch.value)]
        let (states, database) = (try await scene.states(of: file), scene.database)
        let waiting = try await database.number(
            "SELECT count(*) FROM sluice.order_to_plan WHERE batch_id = $1",
            key
        )
        let chunks = try await scene.harness.chunks(of: file)
        switch decision {
        case .load, .refuse:
            let state = try await database.text("SELECT state FROM sluice.batch_file WHERE batch_id = $1", key)
            #expect(state == (decision == .load ? "splitting" : "refused"))
        case .approve, .planAgain:
            #expect(states == [.ready, .ready] && waiting == 2)
        case .cancel:
            #expect(states == [.cancelled, .cancelled] && waiting == 0)
            let numbers = try await database.number(
                "SELECT count(*) FROM sluice.order_number_registry WHERE batch_id = $1 AND state = 'void'",
                key
            )
            #expect(numbers == 2)
        case .askAgain:
            #expect(states == [.unknown, .unknown])
            #expect(chunks.map(\.kind) == [.query] && chunks.allSatisfy(\.isDue))
            #expect(try await database.number("SELECT polls FROM sluice.submission WHERE batch_id = $1", key) == 0)
        case .resend:
            #expect(states == [.ready, .ready] && chunks.isEmpty && waiting == 2)
            let ended = try await database.number(
                """
                SELECT count(*) FROM sluice.payment_attempt a JOIN sluice.exchange x ON x.batch_id = a.batch_id
                    AND x.submission_no = a.submission_no AND x.exchange_day = a.evidence_day
                    AND x.ordinal = a.evidence_ordinal
                WHERE a.batch_id = $1 AND a.code = 'resend_decided' AND a.cause = 'channel'
                """,
                key
            )
            #expect(ended == 2)
            let phase = try await database.text("SELECT phase FROM sluice.submission WHERE batch_id = $1", key)
            #expect(phase == "settled")
        case .succeeded, .failed:
            let state: OrderState = decision == .succeeded ? .succeeded : .failed
            #expect(states == [state, state] && chunks.isEmpty)
            let phase = try await database.text("SELECT phase FROM sluice.submission WHERE batch_id = $1", key)
            #expect(phase == "settled")
            let named = try await database.number(
                """
                SELECT count(*) FROM sluice.payment_order o JOIN sluice.review_decision d USING (decision_id)
                WHERE o.batch_id = $1 AND d.person = 'anna, bert' AND d.evidence LIKE 'letter%'
                """,
                key
            )
            #expect(named == 2)
        case .noted:
            let isWarning = cause == .sameFileName || cause == .samePayment
            #expect(Set(states) == [isWarning ? .ready : cause == .contradiction ? .succeeded : .unknown])
        }
        let kept = try await database.text(
            """
            SELECT string_agg(DISTINCT d.note || ', ' || r.closed_by || ', ' || r.decision, ';')
            FROM sluice.review_item r JOIN sluice.review_decision d USING (decision_id) WHERE r.batch_id = $1
            """,
            key
        )
        let people = cause.takesTwo(decision) ? "anna, bert" : "anna"
        #expect(kept == "\(note), \(people), \(decision.rawValue)")
        let told = try await database.number(
            "SELECT count(*) FROM sluice.outbox WHERE batch_id = $1 AND topic = 'review_decided'",
            key
        )
        #expect(told == 1)
    }

    @Test func `is refused when it names other orders than there are`() async throws {
        let scene = try await DecisionScene.make()
        let held = try await scene.heldFile()
        let incident = try await scene.incident(.ceiling, of: held.batch)
        let sent = try await scene.send()
        _ = try await scene.end(sent, cause: .pollsExhausted)
        let exhausted = try await scene.incident(.pollsExhausted, of: sent.file.batch)
        let before = try await scene.fingerprint()
        let sum = Int64(DecisionScene.sum(2))
        for about in [
            nil, NamedOrders(count: 3, amounts: ["CNY": sum]), NamedOrders(count: 2, amounts: ["CNY": sum + 1]),
            NamedOrders(count: 2, amounts: ["USD": sum]), NamedOrders(count: 2, amounts: [:]),
            NamedOrders(count: 2, amounts: ["*": sum - 1]), NamedOrders(count: 2, amounts: ["CNY": sum, "USD": 0]),
        ] {
            var request = Self.request(.approve, incident, held)
            request.about = about
            let refused = request
            let code = await Self.refusal { try await scene.decide(refused) }
            #expect(code == "SL016", "\(String(describing: about))")
        }
        let right = Self.request(.succeeded, exhausted, sent.file).orders
        let other = NamedOrder(batch: held.batch, line: LineNumber(1), amountMinor: 10_001, state: .held)
        let wrongAmount = NamedOrder(
            batch: sent.file.batch,
            line: LineNumber(1),
            amountMinor: right[0].amountMinor + 1,
            state: .unknown
        )
        let wrongState = NamedOrder(
            batch: sent.file.batch,
            line: LineNumber(1),
            amountMinor: right[0].amountMinor,
            state: .processing
        )
        for orders in [[wrongAmount], [wrongState], [other], right + [other]] {
            var request = Self.request(.succeeded, exhausted, sent.file)
            request.orders = orders
            let refused = request
            #expect(await Self.refusal { try await scene.decide(refused) } == "SL016", "\(orders)")
        }
        var twice = Self.request(.succeeded, exhausted, sent.file)
        twice.orders.append(twice.orders[0])
        var unproven = Self.request(.succeeded, exhausted, sent.file)
        unproven.evidence = " "
        var causeless = Self.request(.failed, exhausted, sent.file)
        causeless.cause = nil
        var dataCause = Self.request(.failed, exhausted, sent.file)
        dataCause.cause = .data
        for request in [twice, unproven, causeless, dataCause] {
            #expect(await Self.refusal { try await scene.decide(request) } == "SL005")
        }
        let nobody = Self.request(.approve, "ceiling/999999", held)
        #expect(await Self.refusal { try await scene.decide(nobody) } == "SL009")
        #expect(try await scene.fingerprint() == before)
        await scene.close()
    }

    @Test func `takes two people in class production as in class test`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.heldFile()
        let incident = try await scene.incident(.ceiling, of: file.batch)
        try await scene.database.execute("UPDATE sluice.environment SET class = 'production'")
        let before = try await scene.fingerprint()
        let request = Self.request(.approve, incident, file)
        let made = try await scene.store.propose(request, by: scene.people.maker, isDry: false)
        let number = try #require(made.number)
        #expect(!made.isDone && made.approvalsMissing == 1)
        let alone = await Self.refusal {
            _ = try await scene.store.approve(
                number,
                about: request.about,
                comment: "me",
                by: scene.people.maker,
                isDry: false
            )
        }
        #expect(alone == "SL018", "the role of a reviewer does not approve at all")
        #expect(try await scene.fingerprint() == before, "asked for, nothing is done")
        _ = try await scene.store.approve(
            number,
            about: request.about,
            comment: "seen",
            by: scene.people.checker,
            isDry: false
        )
        #expect(try await scene.states(of: file) == [.ready, .ready])
        await scene.close()
    }

    @Test func `takes two people or one by the same table in the core and in the database`() async throws {
        let scene = try await DecisionScene.make()
        let stored: [String: Bool] = try await scene.database.owner.transaction("options") { transaction in
            var stored: [String: Bool] = [:]
            for row in try transaction.query("SELECT cause, decision, takes_two FROM sluice.review_option") {
                stored["\(try row.text(0)) \(try row.text(1))"] = try row.bool(2)
            }
            return stored
        }
        for cause in ReviewCause.allCases {
            for decision in cause.decisions {
                let key = "\(cause.rawValue) \(decision.rawValue)"
                #expect(stored[key] == cause.takesTwo(decision), "\(key)")
            }
        }
        await scene.close()
    }

    @Test(arguments: [[Int32(1)], [1, 2, 3]])
    func `makes a worker stale that has the submission under lease`(_ lines: [Int32]) async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send(orders: 3)
        for line: Int32 in [1, 2, 3] {
            try await scene.open(.answerMismatch, line: line, file: sent.file, submission: sent.intent.submission)
        }
        var request = Self.request(
            .succeeded,
            try await scene.incident(.answerMismatch, of: sent.file.batch),
            sent.file,
            state: .submitting
        )
        request.orders = lines.map { line in
            NamedOrder(
                batch: sent.file.batch,
                line: LineNumber(line),
                amountMinor: ContractScene.amountMinor(of: LineNumber(line)),
                state: .submitting
            )
        }
        // The send's time is over, and its worker has not said what became of it.
        try await scene.database.execute("UPDATE sluice.submission SET in_flight_until = now() - interval '1 second'")
        let decided = try await scene.decide(request)
        #expect(decided.itemsClosed == Int64(lines.count) && decided.itemsOpen == Int64(3 - lines.count))
        let outcome = try await scene.end(sent)
        #expect(outcome == .stale)
        #expect(try await scene.harness.exchanges(of: sent.file).map(\.isLate) == [true])
        let left = try await scene.states(of: sent.file)
        #expect(left == (1...3).map { lines.contains($0) ? .succeeded : .submitting })
        let chunks = try await scene.harness.chunks(of: sent.file)
        #expect(chunks.count == (lines.count == 3 ? 0 : 1))
        // The chunk of what is left is due, and the call under way is waited for by the protocol itself.
        #expect(chunks.allSatisfy { $0.isDue && !$0.isLeased && $0.epoch > sent.chunk.epoch })
        // The slot stays taken for as long as the call can be under way (R10).
        #expect(try await scene.harness.slotsHeld(channel: scene.channel, lane: .submit) == 1)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `never asks for a number under which the channel has other content`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, cause: .duplicateOtherContent)
        try await scene.open(.answerMismatch, line: 1, file: sent.file, submission: sent.intent.submission)
        var request = Self.request(
            .askAgain,
            try await scene.incident(.answerMismatch, of: sent.file.batch),
            sent.file
        )
        request.about = NamedOrders(count: 1, amounts: ["*": ContractScene.amountMinor(of: LineNumber(1))])
        let asking = request
        #expect(await Self.refusal { try await scene.decide(asking) } == "SL009")
        #expect(try await scene.harness.chunks(of: sent.file).isEmpty)
        await scene.close()
    }

    @Test func `is taken once when several people decide at the same moment`() async throws {
        let scene = try await DecisionScene.make()
        let file = try await scene.heldFile()
        let incident = try await scene.incident(.ceiling, of: file.batch)
        let decisions: [ReviewDecision] = [.approve, .cancel, .approve, .cancel]
        let outcomes = await withTaskGroup(of: String?.self) { group in
            for decision in decisions {
                let request = Self.request(decision, incident, file)
                group.addTask { await Self.refusal { try await scene.decide(request) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == nil } == 1)
        #expect(outcomes.allSatisfy { $0 == nil || $0 == "SL009" }, "\(outcomes)")
        let states = Set(try await scene.states(of: file))
        #expect(states == [.ready] || states == [.cancelled])
        #expect(try await scene.number(decisionsOf: incident) == 1)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `can be written by no role itself`() async throws {
        let scene = try await DecisionScene.make()
        for sql in [
            "INSERT INTO sluice.review_decision (incident, cause, decision, note, orders, amounts, person) "
                + "VALUES ('i', 'ceiling', 'approve', 'n', 1, '{}', 'p')",
            "UPDATE sluice.payment_order SET decision_id = 1", "UPDATE sluice.review_item SET closed_by = 'x'",
            "INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, decision) "
                + "VALUES ('i', 'ceiling', 'c', 1, current_date, 'approve')",
            "DELETE FROM sluice.review_option",
            "SELECT sluice.settle_by_decision(1, 'succeeded', NULL, '{}', '{}', '{}', '{}')",
            "SELECT sluice.ask_again('{}')",
        ] {
            let error = await #expect(throws: PostgresError.self, "\(sql)") {
                try await scene.database.worker.transaction("forbidden") { try $0.execute(sql) }
            }
            #expect(error?.isInsufficientPrivilege == true, "\(sql)")
        }
        await scene.close()
    }

    @Test func `is listed before it is taken, with its orders and its sums`() async throws {
        let scene = try await DecisionScene.make()
        for cause in ReviewCause.allCases {
            let file = try await Self.setUp(cause, scene)
            let name = try await scene.incident(cause, of: file.batch)
            let incidents = try await scene.store.reviewIncidents(of: nil, limit: 100)
            let incident = try #require(incidents.first { $0.incident == name })
            let sums = ["CNY": Tally(count: 2, amountMinor: DecisionScene.sum(2))]
            #expect(incident.orders == (cause.decisions == [.noted] ? [:] : sums), "\(cause)")
            #expect(incident.decisions == cause.decisions && !incident.itemNumbers.isEmpty)
        }
        await scene.close()
    }
}

extension DecisionScene {
    fileprivate func number(decisionsOf incident: String) async throws -> Int64 {
        try await database.number(
            "SELECT count(*) FROM sluice.review_decision WHERE incident = $1",
            [.text(incident)]
        )
    }
}
