import PaymentCore
import Testing

/// What people are told is what the machine does.
struct OrderExplanationTests {
    static func facts(_ state: OrderState, reviews: Int = 0) -> OrderExplanation.Facts {
        OrderExplanation.Facts(
            state: state,
            failedAttempts: 0,
            rule: AttemptRule(),
            otherChannels: [ChannelName("meridian")],
            evidence: state.isFinal ? "exchange 2" : nil,
            answers: "1 send, 2 queries",
            openReviews: reviews
        )
    }

    /// Submissions at every point of their life, each with what its machine does when it is claimed.
    static var samples: [(name: String, sample: SampleSubmission)] {
        var unsent = SampleSubmission()
        _ = unsent.sendEnds(.notSent("dns_failed"))
        var timedOut = SampleSubmission()
        _ = timedOut.sendEnds(.unknown("timeout"))
        timedOut.pass(.minutes(5))
        var late = SampleSubmission.dueForResend()
        late.pass(.minutes(45))
        var taken = SampleSubmission()
        _ = taken.sendEnds(.header(.taken))
        taken.pass(.minutes(5))
        return [
            ("in flight", SampleSubmission()), ("unsent", unsent), ("timed out", timedOut),
            ("due for resend", .dueForResend()), ("past its protection", late), ("taken", taken),
            ("no resend here", .dueForResend(policy: SampleSubmission.policy(conclusion: .review))),
        ]
    }

    @Test(arguments: samples.indices)
    func `the ruling on a resend is the machine's own decision`(index: Int) {
        var (name, sample) = Self.samples[index]
        let ruling = sample.machine.resendRuling(now: sample.now)
        let actions = sample.claim(epoch: LeaseEpoch(9))
        #expect(ruling.isAllowed == actions.contains(.perform(.send)), "\(name): \(ruling)")
        #expect(ruling.conditions.allSatisfy { !$0.because.isEmpty })
    }

    @Test func `an order goes to another channel only if nothing of it may have arrived`() {
        for (name, sample) in Self.samples {
            let explanation = OrderExplanation(Self.facts(.submitting), machine: sample.machine, now: sample.now)
            #expect(explanation.nextAttempt.isAllowed == (name == "unsent"), "\(name)")
        }
    }

    @Test(arguments: OrderState.allCases)
    func `an order is closed by its evidence, and only by it`(state: OrderState) {
        let explanation = OrderExplanation(
            Self.facts(state, reviews: 2),
            machine: SampleSubmission.dueForResend().machine,
            now: SampleSubmission.start
        )
        #expect(explanation.close.isAllowed == state.isFinal)
        if state.isFinal { #expect(!explanation.resend.isAllowed && !explanation.nextAttempt.isAllowed) }
    }

    @Test func `an order that waits for its next attempt says so`() {
        let explanation = OrderExplanation(Self.facts(.ready), machine: nil, now: SampleSubmission.start)
        #expect(!explanation.resend.isAllowed)
        #expect(explanation.nextAttempt.isAllowed)
    }
}
