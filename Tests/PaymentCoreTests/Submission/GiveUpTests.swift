import PaymentCore
import Testing

/// When the lane gives a submission up, and what does not count against a channel that cannot be reached.
struct GiveUpTests {
    @Test func `what stays unsent too often gives its orders back`() {
        var sample = SampleSubmission(policy: SampleSubmission.policy(unsentSendsMax: 3))
        for _ in 0..<2 {
            #expect(sample.sendEnds(.notSent("dns_failed")).step == .send)
            sample.pass(.seconds(60))
            _ = sample.claim()
        }
        let actions = sample.sendEnds(.notSent("dns_failed"))
        #expect(actions == [.giveUpUnsent(.givenUp), .finish])
        #expect(sample.machine.state.phase == .settled)
        let decision = SettlementDecision(actions: actions, orders: [SampleSubmission.order(.submitting)])
        #expect(decision.moves.map(\.to) == [.ready])
        #expect(decision.moves.first?.next == NextAttempt(after: .zero))
        #expect(decision.moves.first?.cause == .channel)
        #expect(decision.openOrdersLeft(of: [SampleSubmission.order(.submitting)]) == 0)
    }

    @Test func `what may have arrived is never given up`() {
        var sample = SampleSubmission(policy: SampleSubmission.policy(unsentSendsMax: 1))
        #expect(sample.sendEnds(.unknown("timeout")).step == .query)
        var later = SampleSubmission.dueForResend(policy: SampleSubmission.policy(unsentSendsMax: 1))
        _ = later.claim()
        let actions = later.sendEnds(.notSent("dns_failed"))
        #expect(actions.step == .query && actions.end(of: .unknown) == .unknown)
    }

    @Test(arguments: [(40, true), (100, false)])
    func `an unsent submission is given up before the scope of its number ends`(minutes: Int64, isOver: Bool) {
        let end = SampleSubmission.start.advanced(by: .minutes(minutes))
        var sample = SampleSubmission(scopeEndsAt: end)
        _ = sample.sendEnds(.notSent("dns_failed"))
        sample.pass(.minutes(30))
        #expect(sample.claim() == (isOver ? [.giveUpUnsent(.scopeEnded), .finish] : [.perform(.send)]))
    }

    @Test func `an envelope of which an order is decided is never sent again`() {
        var unsent = SampleSubmission()
        _ = unsent.sendEnds(.notSent("dns_failed"))
        unsent.decideAnOrder()
        unsent.pass(.minutes(1))
        #expect(unsent.claim() == [.giveUpUnsent(.orderDecided), .finish])

        var unknown = SampleSubmission.dueForResend()
        #expect(unknown.machine.mayResend(now: unknown.now))
        unknown.decideAnOrder()
        #expect(!unknown.machine.mayResend(now: unknown.now))
        #expect(
            unknown.machine.resendRuling(now: unknown.now).conditions.contains { $0.name == "orders_open" && !$0.holds }
        )
        let actions = unknown.claim()
        #expect(actions.contains(.review(.notFound, code: "protection_ended")))
        #expect(actions.contains(.perform(.query)) && !actions.contains(.perform(.send)))
    }

    @Test func `a query that never left does not count, and asks again no earlier than the curve`() {
        var sample = SampleSubmission(policy: SampleSubmission.policy(pollsMax: 2))
        _ = sample.sendEnds(.unknown("timeout"))
        for _ in 0..<50 {
            let actions = sample.ask(.notSent("connect_refused"))
            #expect(actions == [.schedule(.query, after: .seconds(60))])
            #expect(sample.machine.state.polls == 0)
        }
        #expect(sample.ask(.unknown("timeout")).step == .query)
        #expect(sample.ask(.unknown("timeout")).reviews == [.pollsExhausted])
    }

    @Test func `people learn that results are overdue while queries are left`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.header(.taken))
        var alarms: [[AlarmKind]] = []
        for _ in 0..<7 { alarms.append(sample.ask(.header(.processing)).alarms) }
        #expect(alarms == [[], [], [], [], [], [.resultOverdue], []])
    }
}
