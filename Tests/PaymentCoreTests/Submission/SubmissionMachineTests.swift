import PaymentCore
import Testing

struct SubmissionMachineTests {
    @Test func `the intent counts its send before the first byte`() {
        let state = SampleSubmission().machine.state
        #expect(state.phase == .intended)
        #expect(state.sends == 1 && state.sendsUnsent == 0 && state.sendsPossiblyArrived == 1)
        #expect(!state.isProvenUnsent)
        #expect(state.firstSentAt == SampleSubmission.start)
        #expect(state.inFlight?.kind == .send)
        #expect(state.inFlight?.until == SampleSubmission.start.advanced(by: .seconds(30)))
    }

    // MARK: Proven unsent

    @Test func `what is proven unsent stays intended, keeps its number and backs off`() {
        var sample = SampleSubmission()
        for (sends, seconds) in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (6, 60)] as [(Int32, Int64)] {
            #expect(sample.machine.state.sends == sends)
            // Once the back-off is at its cap, people are told.
            let again = SubmissionAction.schedule(.send, after: .seconds(seconds))
            let alarm = SubmissionAction.alarm(.unsentTooLong, code: "unsent_too_long")
            #expect(sample.sendEnds(.notSent("dns_failed")) == (seconds < 60 ? [again] : [alarm, again]))
            #expect(sample.machine.state.phase == .intended)
            #expect(sample.machine.state.isProvenUnsent)
            #expect(sample.machine.state.firstSentAt == nil)
            sample.pass(.seconds(seconds))
            #expect(sample.claim() == [.perform(.send)])
        }
    }

    @Test func `the protection window counts from the first send that may have arrived`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.notSent("dns_failed"))
        sample.pass(.hours(5))
        _ = sample.claim()
        #expect(sample.machine.state.firstSentAt == sample.now)
        _ = sample.sendEnds(.unknown("timeout"))
        sample.pass(.minutes(49))
        #expect(sample.machine.mayResend(now: sample.now))
    }

    @Test func `a refusal is final when every other send is proven unsent`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.notSent("dns_failed"))
        sample.pass(.seconds(5))
        _ = sample.claim()
        #expect(
            sample.sendEnds(.header(.refused(.limit), code: "L1"))
                == [.failOpenOrders(cause: .limit, code: "L1"), .finish]
        )
        #expect(sample.machine.state.phase == .refused)
        #expect(sample.claim() == [.finish])
    }

    @Test func `a resend that is proven unsent goes back to asking`() {
        var sample = SampleSubmission.resending()
        let actions = sample.sendEnds(.notSent("dns_failed"))
        #expect(actions.end(of: .unknown) == .unknown)
        #expect(actions.step == .query)
        #expect(sample.machine.state.sendsPossiblyArrived == 1)
    }

    // MARK: In flight

    @Test func `no call begins while another may be under way`() {
        var sample = SampleSubmission()
        sample.pass(.seconds(29))
        #expect(sample.claim(epoch: LeaseEpoch(8)) == [.schedule(.query, after: .seconds(1))])
        #expect(sample.machine.state.inFlight?.epoch == SampleSubmission.epoch)
    }

    @Test func `a send without an outcome counts as sent and is asked for when the curve says so`() {
        var sample = SampleSubmission()
        sample.pass(.seconds(35))
        let actions = sample.claim(epoch: LeaseEpoch(8))
        #expect(actions.end(of: .submitting) == .unknown)
        #expect(actions.delay == .seconds(55))
        #expect(actions.step == .query)
        #expect(sample.machine.state.lastSendEndedAt == SampleSubmission.start.advanced(by: .seconds(30)))
        #expect(!sample.machine.state.isProvenUnsent)
        sample.pass(.seconds(55))
        #expect(sample.claim(epoch: LeaseEpoch(9)) == [.perform(.query)])
    }

    @Test func `a send found dead long after is asked for at once`() {
        var sample = SampleSubmission()
        sample.pass(.hours(3))
        #expect(
            sample.claim(epoch: LeaseEpoch(8))
                == [.moveOpenOrders(to: .unknown, code: "send_without_outcome"), .perform(.query)]
        )
    }

    @Test func `a query without an outcome counts and hurries nothing`() {
        var sample = SampleSubmission(policy: SampleSubmission.policy(pollsMax: 3))
        _ = sample.sendEnds(.unknown("timeout"))
        sample.pass(.seconds(60))
        #expect(sample.claim() == [.perform(.query)])
        #expect(sample.machine.state.polls == 1)
        sample.pass(.seconds(31))
        #expect(sample.claim(epoch: LeaseEpoch(8)) == [.schedule(.query, after: .seconds(119))])
        for _ in 0..<2 {
            sample.pass(.hours(1))
            #expect(sample.claim(epoch: LeaseEpoch(9)) == [.perform(.query)])
        }
        sample.pass(.hours(1))
        let actions = sample.claim(epoch: LeaseEpoch(10))
        #expect(actions.alarms == [.pollsExhausted])
        #expect(actions.reviews == [.pollsExhausted])
        #expect(actions.last == .finish)
    }

    @Test func `an outcome that nothing waits for changes nothing`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.unknown("timeout"))
        let state = sample.machine.state
        // Recorded twice, because the first COMMIT was unknown.
        #expect(sample.sendEnds(.header(.refused(.channel))).isEmpty)
        #expect(sample.queryEnds(.header(.notFound)).isEmpty)
        #expect(sample.machine.state == state)
    }

    @Test func `an outcome after its call was given up changes nothing`() {
        var sample = SampleSubmission()
        sample.pass(.hours(1))
        _ = sample.claim(epoch: LeaseEpoch(8))
        let state = sample.machine.state
        #expect(sample.sendEnds(.header(.refused(.channel))).isEmpty)
        #expect(sample.queryEnds(.header(.notFound), epoch: LeaseEpoch(7)).isEmpty)
        #expect(sample.machine.state == state)
        #expect(!sample.queryEnds(.header(.notFound), epoch: LeaseEpoch(8)).isEmpty)
    }

    // MARK: Not found

    @Test func `absence within the grace time counts for nothing`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.unknown("timeout"))
        let actions = sample.ask(.header(.notFound), after: .seconds(99))
        #expect(sample.machine.state.notFounds == 0)
        #expect(actions.step == .query)
    }

    @Test func `absences close together count as one`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.unknown("timeout"))
        _ = sample.ask(.header(.notFound), after: .seconds(120))
        #expect(sample.machine.state.notFounds == 1)
        #expect(sample.ask(.header(.notFound), after: .seconds(49)).step == .query)
        #expect(sample.machine.state.notFounds == 1)
        #expect(sample.ask(.header(.notFound), after: .seconds(1)).last == .schedule(.send, after: .zero))
    }

    @Test func `enough absence inside the window resends the same submission`() {
        var sample = SampleSubmission.dueForResend()
        #expect(sample.claim() == [.perform(.send)])
        #expect(sample.machine.state.sends == 2)
        #expect(sample.machine.state.firstSentAt == SampleSubmission.start)
        #expect(sample.machine.state.notFounds == 0)
    }

    @Test func `a resend whose window ended while it waited is not sent`() {
        var sample = SampleSubmission.dueForResend()
        sample.now = SampleSubmission.start.advanced(by: .minutes(50))
        #expect(sample.claim() == [.review(.notFound, code: "protection_ended"), .perform(.query)])
        #expect(sample.machine.state.sends == 1)
    }

    @Test(arguments: [(2_969, true), (2_970, false), (2_971, false), (86_400, false)] as [(Int64, Bool)])
    func `a resend must arrive before the window less its margin`(seconds: Int64, may: Bool) {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.unknown("timeout"))
        sample.pass(.seconds(seconds))
        #expect(sample.machine.mayResend(now: sample.now) == may)
    }

    @Test(arguments: [(1_169, true), (1_170, false)] as [(Int64, Bool)])
    func `the end of the number's scope ends the protection too`(seconds: Int64, may: Bool) {
        var sample = SampleSubmission(scopeEndsAt: SampleSubmission.start.advanced(by: .minutes(30)))
        _ = sample.sendEnds(.unknown("timeout"))
        sample.pass(.seconds(seconds))
        #expect(sample.machine.mayResend(now: sample.now) == may)
    }

    @Test func `a clock at its end or set back resends nothing, and nobody waits for it`() {
        var sample = SampleSubmission()
        sample.pass(.hours(-48))
        #expect(sample.claim(epoch: LeaseEpoch(8)) == [.schedule(.query, after: .seconds(30))])
        _ = sample.sendEnds(.unknown("timeout"))
        #expect(!sample.machine.mayResend(now: sample.now))
        #expect(!sample.machine.mayResend(now: Timestamp(unixMicroseconds: .max)))
        #expect(sample.machine.mayResend(now: SampleSubmission.start))
    }

    @Test func `where the channel documents no duplicate check absence goes to a person, and is asked for on`() {
        let sample = SampleSubmission.dueForResend(policy: SampleSubmission.policy(conclusion: .review))
        var again = sample
        #expect(sample.machine.state.notFounds == 0)
        #expect(again.claim() == [.perform(.query)])
        let actions = again.queryEnds(.header(.found, items: [.one(.done, echo: SampleSubmission.echo)]))
        #expect(actions.end(of: .unknown) == .succeeded)
    }

    @Test func `sends are counted and bounded`() {
        var sample = SampleSubmission.dueForResend(policy: SampleSubmission.policy(sendsMax: 2))
        #expect(sample.claim() == [.perform(.send)])
        _ = sample.sendEnds(.unknown("timeout"))
        _ = sample.ask(.header(.notFound), after: .seconds(120))
        let actions = sample.ask(.header(.notFound), after: .seconds(60))
        #expect(actions.reviews == [.notFound])
        #expect(actions.step == .query)
        #expect(sample.machine.state.sends == 2)
    }

    @Test(arguments: [
        CallOutcome.header(.taken), .header(.duplicateSame), .header(.processing),
        .header(.taken, items: [.one(.processing)]),
    ])
    func `absence after the channel had it is an alarm at once, no failure and no resend`(taken: CallOutcome) {
        var sample = SampleSubmission()
        _ = sample.sendEnds(taken)
        for _ in 0..<4 {
            let actions = sample.ask(.header(.notFound))
            #expect(actions.alarms == [.takenThenNotFound])
            #expect(actions.end(of: .processing) == .unknown)
            #expect(actions.step == .query)
        }
        #expect(sample.machine.state.notFounds == 0)
        #expect(!sample.machine.mayResend(now: sample.now))
    }

    @Test func `an answer to a query shows that the channel has it`() {
        for outcome in [CallOutcome.header(.found), .header(.processing)] {
            var sample = SampleSubmission()
            _ = sample.sendEnds(.unknown("timeout"))
            _ = sample.ask(.header(.notFound), after: .seconds(120))
            _ = sample.ask(outcome)
            #expect(sample.machine.state.everTaken)
            #expect(sample.machine.state.notFounds == 0)
            #expect(sample.ask(.header(.notFound)).alarms == [.takenThenNotFound])
        }
    }

    // MARK: Waiting

    @Test(arguments: [
        (TimeSpan.seconds(90), TimeSpan.seconds(120)), (.seconds(200), .seconds(200)), (.hours(100), .seconds(300)),
        (TimeSpan(microseconds: .max), .seconds(300)), (.seconds(-5), .seconds(120)),
        (TimeSpan(microseconds: .min), .seconds(120)),
    ])
    func `a channel that asks us to wait is heard within its own cap`(retryAfter: TimeSpan, delay: TimeSpan) {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.unknown("timeout"))
        let actions = sample.ask(.header(.slowDown, retryAfter: retryAfter), after: .seconds(60))
        #expect(actions.delay == delay)
        let slow = min(max(retryAfter, .zero), .seconds(300))
        #expect(actions.first == .slowLane(retryAfter: slow))
        var sending = SampleSubmission()
        let answered = sending.sendEnds(.header(.slowDown, retryAfter: retryAfter))
        #expect(answered.contains(.slowLane(retryAfter: slow)))
        #expect(answered.delay == max(.seconds(60), slow))
        #expect(answered.end(of: .submitting) == .unknown)
    }

    @Test func `polls end in an alarm and a review, never in silence or a failure`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.header(.taken))
        for poll in 1..<8 { #expect(sample.ask(.header(.processing)).step == .query, "poll \(poll)") }
        let actions = sample.ask(.header(.processing))
        #expect(sample.machine.state.polls == 8)
        #expect(actions.alarms == [.pollsExhausted])
        #expect(actions.reviews == [.pollsExhausted])
        #expect(actions.last == .finish)
        #expect(actions.end(of: .processing) == .unknown)
        sample.pass(.hours(24))
        #expect(sample.claim() == actions.filter { $0 != .moveOpenOrders(to: .processing, code: "C1") })
        #expect(sample.machine.state.polls == 8)
    }

    @Test func `the last poll may still settle everything without an alarm`() {
        var sample = SampleSubmission(policy: SampleSubmission.policy(pollsMax: 1))
        _ = sample.sendEnds(.header(.taken))
        var unsettled = sample
        let done = sample.ask(.header(.found, items: [.one(.done, echo: SampleSubmission.echo)]))
        #expect(done.alarms.isEmpty && done.reviews.isEmpty)
        #expect(done.end(of: .processing) == .succeeded)
        sample.machine.settle()
        #expect(sample.machine.state.phase == .settled)
        // Where something is left open, the next claim says so, at once.
        #expect(unsettled.ask(.header(.found, items: [.one(.processing)])).last == .schedule(.query, after: .zero))
        #expect(unsettled.claim().reviews == [.pollsExhausted])
    }

    // MARK: Settled

    @Test func `a settled submission does nothing more, whatever arrives late`() {
        var sample = SampleSubmission()
        sample.machine.settle()
        #expect(sample.machine.state.phase == .settled)
        #expect(sample.machine.state.inFlight == nil)
        #expect(sample.sendEnds(.header(.refused(.channel))) == [.finish])
        #expect(sample.queryEnds(.header(.notFound)) == [.finish])
        #expect(sample.claim() == [.finish])
        #expect(sample.machine.state.phase == .settled)
    }

    @Test func `a submission refused as a whole stays refused`() {
        var sample = SampleSubmission()
        _ = sample.sendEnds(.header(.refused(.data)))
        sample.machine.settle()
        #expect(sample.machine.state.phase == .refused)
    }

    @Test func `the random number decides nothing but the delay`() {
        for outcome in [CallOutcome.unknown("timeout"), .notSent("dns_failed"), .header(.taken)] {
            var ends: Set<SubmissionState> = []
            for random in [0, 1, 1 << 40, UInt64.max] {
                var sample = SampleSubmission()
                _ = sample.machine.handle(
                    .sendEnded(outcome),
                    epoch: SampleSubmission.epoch,
                    now: sample.now,
                    random: random
                )
                ends.insert(sample.machine.state)
            }
            #expect(ends.count == 1)
        }
    }
}
