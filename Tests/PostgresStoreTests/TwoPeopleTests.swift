import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// One asks, another one approves: what is refused, and what is carried out.
@Suite struct `A proposal` {
    private static func refusal(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }

    /// A file above its ceiling, and what a decision about it says.
    private static func held(_ scene: DecisionScene) async throws -> (file: SeededFile, request: RequestedDecision) {
        let file = try await scene.heldFile()
        var request = RequestedDecision(
            target: try await scene.incident(.ceiling, of: file.batch),
            decision: .approve,
            note: "called the bank"
        )
        request.about = NamedOrders(count: 2, amounts: ["CNY": Int64(DecisionScene.sum(2))])
        return (file, request)
    }

    private static func ask(_ request: RequestedDecision, _ scene: DecisionScene) async throws -> Int64 {
        let made = try await scene.store.propose(request, by: scene.people.maker, isDry: false)
        #expect(!made.isDone && made.approvalsMissing == 1)
        return try #require(made.number)
    }

    private static func approve(
        _ number: Int64,
        _ about: NamedOrders?,
        by checker: SessionSecret,
        _ scene: DecisionScene
    ) async throws -> MadeProposal {
        try await scene.store.approve(number, about: about, comment: "seen", by: checker, isDry: false)
    }

    @Test func `is not approved by the person who made it, whatever they log in with`() async throws {
        let scene = try await DecisionScene.make()
        let (file, request) = try await Self.held(scene)
        let number = try await Self.ask(request, scene)
        // Anna has a second login, which may approve.
        let second = try await scene.database.signIn("anna2", staff: "S1", role: .approver)
        let before = try await scene.fingerprint()
        for secret in [second] {
            let code = await Self.refusal { _ = try await Self.approve(number, request.about, by: secret, scene) }
            #expect(code == "SL019")
        }
        let alone = await Self.refusal {
            _ = try await Self.approve(number, request.about, by: scene.people.maker, scene)
        }
        #expect(alone == "SL018", "a reviewer approves nothing")
        #expect(try await scene.fingerprint() == before)
        _ = try await Self.approve(number, request.about, by: scene.people.checker, scene)
        #expect(try await scene.states(of: file) == [.ready, .ready])
        let again = await Self.refusal {
            _ = try await Self.approve(number, request.about, by: scene.people.checker, scene)
        }
        #expect(again == "SL020")
        await scene.close()
    }

    @Test func `is not approved once it has expired, is declined or withdrawn, or its maker is gone`() async throws {
        let scene = try await DecisionScene.make()
        let (file, request) = try await Self.held(scene)
        let expired = try await Self.ask(request, scene)
        try await scene.database.execute("UPDATE sluice.proposal SET expires_at = now() - interval '1 second'")
        let declined = try await Self.ask(request, scene)
        let unexplained = await Self.refusal {
            try await scene.store.decline(declined, comment: " ", by: scene.people.checker, isDry: false)
        }
        #expect(unexplained == "SL005")
        try await scene.store.decline(declined, comment: "no", by: scene.people.checker, isDry: false)
        let withdrawn = try await Self.ask(request, scene)
        let foreign = await Self.refusal {
            try await scene.store.withdraw(withdrawn, by: scene.people.checker, isDry: false)
        }
        #expect(foreign == "SL019")
        try await scene.store.withdraw(withdrawn, by: scene.people.maker, isDry: false)
        let orphaned = try await Self.ask(request, scene)
        try await scene.database.execute("UPDATE sluice.login SET disabled_at = now() WHERE login = 'anna'")
        for number in [expired, declined, withdrawn, orphaned] {
            let code = await Self.refusal {
                _ = try await Self.approve(number, request.about, by: scene.people.checker, scene)
            }
            #expect(code == "SL020", "\(number)")
        }
        #expect(try await scene.states(of: file) == [.held, .held])
        let states = try await scene.store.proposals(onlyWaiting: false, limit: 10).map(\.state)
        #expect(states == ["waiting", "withdrawn", "declined", "expired"])
        #expect(try await scene.store.proposals(onlyWaiting: true, limit: 10).map(\.number) == [orphaned])
        await scene.close()
    }

    @Test func `is about the very items and orders that it was asked about, whatever their sums`() async throws {
        let scene = try await DecisionScene.make()
        let (file, request) = try await Self.held(scene)
        let number = try await Self.ask(request, scene)
        // Answered meanwhile, and raised once more: as many orders, with the same sums.
        try await scene.database.execute(
            "UPDATE sluice.review_item SET closed_at = now(), closed_by = 'x', decision = 'x' WHERE batch_id = $1",
            [.int64(file.batch.value)]
        )
        try await scene.database.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no)
            SELECT incident, cause, code, batch_id, business_date, line_no FROM sluice.review_item WHERE batch_id = $1
            """,
            [.int64(file.batch.value)]
        )
        let code = await Self.refusal {
            _ = try await Self.approve(number, request.about, by: scene.people.checker, scene)
        }
        #expect(code == "SL016")
        #expect(try await scene.states(of: file) == [.held, .held])
        let again = try await Self.ask(request, scene)
        #expect(try await Self.approve(again, request.about, by: scene.people.checker, scene).isDone)
        await scene.close()
    }

    @Test func `counts no voice of who may approve no longer`() async throws {
        let scene = try await DecisionScene.make()
        let (file, request) = try await Self.held(scene)
        try await scene.database.execute(
            """
            UPDATE sluice.review_policy SET tiers = jsonb_build_array(jsonb_build_object('above',
                jsonb_build_object('CNY', '1'), 'approvers', 2))
            """
        )
        let made = try await scene.store.propose(request, by: scene.people.maker, isDry: false)
        let number = try #require(made.number)
        _ = try await Self.approve(number, request.about, by: scene.people.checker, scene)
        try await scene.database.execute("UPDATE sluice.login SET disabled_at = now() WHERE login = 'bert'")
        let eve = try await scene.database.signIn("eve", staff: "S8", role: .approver)
        #expect(try await Self.approve(number, request.about, by: eve, scene).isDone == false)
        #expect(try await scene.states(of: file) == [.held, .held])
        await scene.close()
    }

    @Test func `is approved by who names what it is about, as it still is`() async throws {
        let scene = try await DecisionScene.make()
        let (file, request) = try await Self.held(scene)
        let number = try await Self.ask(request, scene)
        let sum = Int64(DecisionScene.sum(2))
        for about in [
            nil, NamedOrders(count: 1, amounts: ["CNY": sum]), NamedOrders(count: 2, amounts: ["CNY": sum - 1]),
            NamedOrders(count: 2, amounts: ["USD": sum]), NamedOrders(count: 2, amounts: [:]),
        ] {
            let code = await Self.refusal { _ = try await Self.approve(number, about, by: scene.people.checker, scene) }
            #expect(code == "SL016", "\(String(describing: about))")
        }
        // Meanwhile the merchant cancels one of the two orders.
        _ = try await scene.database.number("SELECT sluice.cancel_order($1, 1)", [.int64(file.batch.value)])
        let code = await Self.refusal {
            _ = try await Self.approve(number, request.about, by: scene.people.checker, scene)
        }
        #expect(code == "SL016", "it is about one order now")
        #expect(try await scene.states(of: file) == [.cancelled, .held])
        await scene.close()
    }

    @Test func `above a tier takes more people, each of them once`() async throws {
        let scene = try await DecisionScene.make()
        try await scene.database.execute(
            """
            UPDATE sluice.review_policy SET tiers = jsonb_build_array(jsonb_build_object('approvers', 2, 'above',
                jsonb_build_object('CNY', $1::text)))
            """,
            [.text(String(DecisionScene.sum(2) - 1))]
        )
        let (file, request) = try await Self.held(scene)
        let made = try await scene.store.propose(request, by: scene.people.maker, isDry: false)
        let number = try #require(made.number)
        #expect(made.approvalsMissing == 2)
        let first = try await Self.approve(number, request.about, by: scene.people.checker, scene)
        #expect(!first.isDone && first.approvalsMissing == 1)
        let bertAgain = try await scene.database.signIn("bert2", staff: "S2", role: .approver)
        let code = await Self.refusal { _ = try await Self.approve(number, request.about, by: bertAgain, scene) }
        #expect(code == "SL019")
        #expect(try await scene.states(of: file) == [.held, .held])
        let cora = try await scene.database.signIn("cora", staff: "S3", role: .approver)
        #expect(try await Self.approve(number, request.about, by: cora, scene).isDone)
        #expect(try await scene.states(of: file) == [.ready, .ready])
        let shown = try #require(try await scene.store.proposal(number))
        #expect(shown.votes.map(\.login) == ["bert", "cora"] && shown.state == "approved")
        await scene.close()
    }

    @Test func `is carried out once when several people approve it at the same moment`() async throws {
        let scene = try await DecisionScene.make()
        let (file, request) = try await Self.held(scene)
        let number = try await Self.ask(request, scene)
        var checkers = [scene.people.checker]
        for name in ["cora", "dora", "emil"] {
            checkers.append(try await scene.database.signIn(name, staff: "staff-\(name)".uppercased(), role: .approver))
        }
        let outcomes = await withTaskGroup(of: String?.self) { group in
            for checker in checkers {
                group.addTask {
                    await Self.refusal { _ = try await Self.approve(number, request.about, by: checker, scene) }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == nil } == 1 && outcomes.count { $0 == "SL020" } == 3, "\(outcomes)")
        #expect(try await scene.states(of: file) == [.ready, .ready])
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.review_decision") == 1)
        await scene.close()
    }

    @Test func `only looked at does nothing, and says what would be done or refused`() async throws {
        let scene = try await DecisionScene.make()
        let (file, request) = try await Self.held(scene)
        let before = try await scene.fingerprint()
        let entries = try await scene.database.number("SELECT count(*) FROM sluice.audit_entry")
        let looked = try await scene.store.propose(request, by: scene.people.maker, isDry: true)
        #expect(looked.number == nil && !looked.isDone && looked.approvalsMissing == 1 && looked.effect.orders == 2)
        var wrong = request
        wrong.about = NamedOrders(count: 3, amounts: ["CNY": 1])
        let asked = wrong
        let code = await Self.refusal {
            _ = try await scene.store.propose(asked, by: scene.people.maker, isDry: true)
        }
        #expect(code == "SL016")
        #expect(try await scene.fingerprint() == before)
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.proposal") == 0)
        let number = try await Self.ask(request, scene)
        let approved = try await scene.store.approve(
            number,
            about: request.about,
            comment: "looking",
            by: scene.people.checker,
            isDry: true
        )
        #expect(approved.isDone && approved.number == nil)
        #expect(try await scene.states(of: file) == [.held, .held])
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.proposal_vote") == 0)
        // One row: the proposal.
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.audit_entry") == entries + 1)
        await scene.close()
    }

    @Test(arguments: [ReviewDecision.succeeded, .failed, .resend])
    func `about an outage is one decision with its evidence file`(_ decision: ReviewDecision) async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send(orders: 3)
        _ = try await scene.end(sent, cause: .pollsExhausted)
        var request = RequestedDecision(
            target: try await scene.incident(.pollsExhausted, of: sent.file.batch),
            decision: decision,
            note: "the outage of the 12th"
        )
        request.about = NamedOrders(count: 3, amounts: ["CNY": Int64(DecisionScene.sum(3))])
        if decision == .failed { request.cause = .channel }
        request.state = .processing
        let list = Array("order,state\n1,none\n".utf8)
        let file = try await scene.store.keepEvidence(named: "harbor.csv", list, by: scene.people.maker)
        #expect(try await scene.store.keepEvidence(named: "again.csv", list, by: scene.people.maker) == file)
        request.evidenceFile = file
        let mistaken = request
        #expect(await Self.refusal { try await scene.decide(mistaken) } == "SL016", "they are in another state")
        request.state = .unknown
        request.evidenceFile = nil
        let bare = request
        #expect(await Self.refusal { try await scene.decide(bare) } == "SL005", "it names no evidence")
        request.evidenceFile = file
        let effect = try await scene.decide(request)
        #expect(effect.orders == 3 && effect.itemsOpen == 0)
        let state: OrderState = decision == .succeeded ? .succeeded : decision == .failed ? .failed : .ready
        #expect(try await scene.states(of: sent.file) == [state, state, state])
        let kept = try await scene.database.number(
            "SELECT count(*) FROM sluice.review_decision WHERE evidence_id = $1 AND orders = 3",
            [.int64(file)]
        )
        #expect(kept == 1)
        let shown = try #require(
            try await scene.store.openEvidence(file, reason: "to check", by: scene.people.checker)
        )
        #expect(shown.content == list && shown.fileName == "harbor.csv")
        let files = try await scene.store.evidenceFiles(limit: 10)
        #expect(files.map(\.orders) == [3])
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `to send again is refused for what the channel has once taken`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, cause: .pollsExhausted)
        try await scene.database.execute("UPDATE sluice.submission SET ever_taken = true")
        var request = RequestedDecision(
            target: try await scene.incident(.pollsExhausted, of: sent.file.batch),
            decision: .resend,
            note: "again"
        )
        request.about = NamedOrders(count: 2, amounts: ["CNY": Int64(DecisionScene.sum(2))])
        request.state = .unknown
        request.evidence = "they say no"
        let asked = request
        #expect(await Self.refusal { try await scene.decide(asked) } == "SL009")
        #expect(try await scene.states(of: sent.file) == [.unknown, .unknown])
        await scene.close()
    }

    @Test func `to correct a final state stands beside the order, and names it as it is`() async throws {
        let scene = try await DecisionScene.make()
        let sent = try await scene.send()
        _ = try await scene.end(sent, to: .succeeded)
        let line = LineNumber(1)
        let amount = ContractScene.amountMinor(of: line)
        func correction(_ amountMinor: Int64, _ state: OrderState, to: OrderState) -> RequestedCorrection {
            let order = NamedOrder(batch: sent.file.batch, line: line, amountMinor: amountMinor, state: state)
            var correction = RequestedCorrection(order: order, to: to, note: "a statement says so")
            correction.evidence = "statement of 14 May, line 8"
            return correction
        }
        for (wrong, code) in [
            (correction(amount + 1, .succeeded, to: .failed), "SL016"),
            (correction(amount, .failed, to: .succeeded), "SL016"),
            (correction(amount, .succeeded, to: .succeeded), "SL005"),
            (correction(amount, .succeeded, to: .returned), "SL005"),
        ] {
            let refused = await Self.refusal {
                _ = try await scene.store.propose(wrong, by: scene.people.maker, isDry: false)
            }
            #expect(refused == code)
        }
        let right = correction(amount, .succeeded, to: .failed)
        let made = try await scene.store.propose(right, by: scene.people.maker, isDry: false)
        let number = try #require(made.number)
        let key: [PostgresValue] = [.int64(sent.file.batch.value)]
        let corrections = "SELECT count(*) FROM sluice.payment_correction WHERE batch_id = $1"
        #expect(try await scene.database.number(corrections, key) == 0)
        let about = NamedOrders(count: 1, amounts: ["CNY": amount])
        _ = try await Self.approve(number, about, by: scene.people.checker, scene)
        let kept = try await scene.database.text(
            "SELECT maker || ' ' || checker || ' ' || from_state || ' ' || to_state FROM sluice.payment_correction "
                + "WHERE batch_id = $1",
            key
        )
        #expect(kept == "anna bert succeeded failed")
        #expect(try await scene.states(of: sent.file) == [.succeeded, .succeeded], "the order itself stays")
        let totals = try await scene.database.text(
            "SELECT succeeded || ' ' || failed FROM sluice.batch_totals WHERE batch_id = $1",
            key
        )
        #expect(totals == "1 1")
        // It stands as failed now: the same correction once more names another state than it has.
        let again = await Self.refusal {
            _ = try await scene.store.propose(right, by: scene.people.maker, isDry: false)
        }
        #expect(again == "SL016")
        await scene.close()
    }

    @Test func `writes each step into the audit, in the transaction of the step`() async throws {
        let scene = try await DecisionScene.make()
        let (_, request) = try await Self.held(scene)
        let number = try await Self.ask(request, scene)
        _ = try await Self.approve(number, request.about, by: scene.people.checker, scene)
        let told = try await scene.database.text(
            """
            SELECT string_agg(action || ' ' || login || ' ' || subject, ', ' ORDER BY entry_no)
            FROM sluice.audit_entry WHERE action <> 'login'
            """
        )
        #expect(told == "propose_decide anna proposal \(number), approve bert proposal \(number)")
        let chained = try await scene.database.number(
            """
            SELECT count(*) FROM sluice.audit_entry e LEFT JOIN sluice.audit_entry p ON p.entry_no = e.entry_no - 1
            WHERE e.entry_no > 1 AND e.previous IS DISTINCT FROM p.hash
            """
        )
        #expect(chained == 0)
        await scene.close()
    }
}
