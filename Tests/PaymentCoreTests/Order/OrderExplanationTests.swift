import PaymentCore
import Testing

/// What people are told is what the machine does, and nothing is allowed that cannot be judged.
struct OrderExplanationTests {
    static func facts(
        _ state: OrderState,
        failedAttempts: Int16 = 0,
        reviews: [OpenReview] = []
    ) -> OrderExplanation.Facts {
        OrderExplanation.Facts(
            state: state,
            failedAttempts: failedAttempts,
            rule: AttemptRule(),
            otherChannels: [ChannelName("meridian")],
            evidence: state.isFinal && state != .cancelled ? "exchange 2" : nil,
            answers: "1 send, 2 queries",
            reviews: reviews
        )
    }

    static func review(_ cause: String, isOfOrder: Bool = true) -> OpenReview {
        OpenReview(cause: cause, code: "seen", incident: "\(cause)/12", isOfOrder: isOfOrder)
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
        var unsentTooLate = SampleSubmission(scopeEndsAt: SampleSubmission.start.advanced(by: .minutes(5)))
        _ = unsentTooLate.sendEnds(.notSent("dns_failed"))
        unsentTooLate.pass(.minutes(5))
        return [
            ("in flight", SampleSubmission()), ("unsent", unsent), ("timed out", timedOut),
            ("due for resend", .dueForResend()), ("past its protection", late), ("taken", taken),
            ("no resend here", .dueForResend(policy: SampleSubmission.policy(conclusion: .review))),
            ("without a poll left", .dueForResend(policy: SampleSubmission.policy(pollsMax: 2))),
            ("unsent past its scope", unsentTooLate),
        ]
    }

    @Test(arguments: samples.indices)
    func `the ruling on a resend is the machine's own decision`(index: Int) {
        var (name, sample) = Self.samples[index]
        let ruling = sample.machine.resendRuling(now: sample.now)
        let actions = sample.claim(epoch: LeaseEpoch(9))
        #expect(ruling.isAllowed == actions.contains(.perform(.send)), "\(name): \(ruling)")
        #expect(ruling.conditions.allSatisfy { !$0.because.isEmpty && $0.isKnown } && ruling.isJudged)
    }

    @Test func `an order goes to another channel only if nothing of it may have arrived`() {
        for (name, sample) in Self.samples {
            let explanation = OrderExplanation(
                Self.facts(.submitting),
                live: .judged(sample.machine),
                now: sample.now
            )
            #expect(explanation.nextAttempt.isAllowed == name.hasPrefix("unsent"), "\(name)")
            #expect(explanation.nextAttempt.isJudged && explanation.waitsFor.isEmpty, "\(name)")
        }
    }

    @Test(arguments: OrderState.allCases)
    func `an order is closed by its evidence, and only by it`(state: OrderState) {
        var facts = Self.facts(state, reviews: [Self.review("not_found", isOfOrder: false)])
        let live = OrderExplanation.Live.judged(SampleSubmission.dueForResend().machine)
        let explanation = OrderExplanation(facts, live: live, now: SampleSubmission.start)
        #expect(explanation.close.isAllowed == state.isFinal)
        #expect(explanation.close.because.contains("not_found (seen), incident not_found/12"))
        if state.isFinal { #expect(!explanation.resend.isAllowed && !explanation.nextAttempt.isAllowed) }
        facts.evidence = nil
        let unproven = OrderExplanation(facts, live: live, now: SampleSubmission.start)
        #expect(unproven.close.isAllowed == (state == .cancelled), "nothing was sent, or nothing is named")
    }

    @Test(arguments: [(Int16(0), "before anything was sent"), (2, "between two attempts")])
    func `a cancelled order is closed by its cancellation`(failed: Int16, words: String) {
        let facts = Self.facts(.cancelled, failedAttempts: failed)
        let explanation = OrderExplanation(facts, live: .nothing, now: SampleSubmission.start)
        #expect(explanation.close.isAllowed && explanation.close.because.contains(words))
    }

    @Test func `an order that waits for its next attempt says so`() {
        let explanation = OrderExplanation(Self.facts(.ready), live: .nothing, now: SampleSubmission.start)
        #expect(explanation.resend.against == ["in_a_submission"])
        #expect(explanation.resend.because.contains("nothing was sent"))
        #expect(explanation.nextAttempt.isAllowed && explanation.waitsFor.isEmpty)
        let second = OrderExplanation(
            Self.facts(.ready, failedAttempts: 1),
            live: .nothing,
            now: SampleSubmission.start
        )
        #expect(second.resend.because.contains("nothing of it was sent"), "of an earlier attempt something was")
    }

    /// Which open review items keep a held order, and which a ready one.
    @Test(arguments: [
        ("ceiling", false, true, false), ("account_at_risk", true, true, false), ("contradiction", true, true, true),
        ("contradiction", false, false, false), ("unfit_for_channel", true, false, true),
        ("answer_mismatch", true, false, false), ("polls_exhausted", false, false, false),
        ("not_found", false, false, false), ("duplicate_other_content", false, false, false),
        ("file_held", false, false, false), ("of_another_version", true, true, true),
    ]) func `what waits for a person names the item that it waits for`(
        cause: String,
        isOfOrder: Bool,
        holdsHeld: Bool,
        holdsReady: Bool
    ) throws {
        let review = Self.review(cause, isOfOrder: isOfOrder)
        for (state, holds) in [(OrderState.held, holdsHeld), (.ready, holdsReady)] {
            let facts = Self.facts(state, reviews: [review])
            let explanation = OrderExplanation(facts, live: .nothing, now: SampleSubmission.start)
            #expect(explanation.waitsFor == (holds ? [review] : []), "\(state)")
            #expect(explanation.nextAttempt.isAllowed == (state == .ready && !holds), "\(state)")
            #expect(!explanation.resend.isAllowed && !explanation.close.isAllowed)
            #expect(explanation.nextAttempt.isJudged)
            let condition = try #require(explanation.nextAttempt.conditions.last)
            #expect(condition.because.contains("\(cause) (seen), incident \(cause)/12") == holds, "\(condition)")
            #expect(condition.because.contains("person") == (holds || state == .held), "\(condition)")
        }
        #expect(OrderState.allCases.filter { review.holds($0) }.allSatisfy { $0 == .held || $0 == .ready })
    }

    @Test func `a held order goes nowhere, whether or not an item says why`() {
        let explanation = OrderExplanation(Self.facts(.held), live: .nothing, now: SampleSubmission.start)
        #expect(explanation.nextAttempt.against == ["not_held"])
        #expect(explanation.nextAttempt.because.contains("no open review item says why"))
    }

    @Test func `a contradicted order is not said to be unpaid`() {
        let facts = Self.facts(.ready, reviews: [Self.review("contradiction")])
        let explanation = OrderExplanation(facts, live: .nothing, now: SampleSubmission.start)
        #expect(explanation.nextAttempt.against == ["no_person_awaited"])
        #expect(explanation.nextAttempt.because.contains("may have been paid after all (R8)"))
        #expect(explanation.resend.because.contains("nothing of it was sent"))
    }

    @Test(arguments: samples.indices)
    func `nothing is allowed by rules that are not known`(index: Int) {
        let (name, sample) = Self.samples[index]
        for state in OrderState.allCases {
            for known in [sample.machine.state, nil] {
                let explanation = OrderExplanation(
                    Self.facts(state),
                    live: .unjudged(known, because: "no specification here"),
                    now: sample.now
                )
                #expect(!explanation.resend.isAllowed && !explanation.nextAttempt.isAllowed, "\(name) \(state)")
                #expect(explanation.close.isAllowed == state.isFinal)
                // That an order is final, or that a send of it may have arrived, is known without any rule.
                #expect(explanation.resend.isJudged == state.isFinal)
                let mayHaveArrived = known.map { $0.rerouteRuling(now: sample.now).isAllowed == false } ?? false
                #expect(explanation.nextAttempt.isJudged == (state.isFinal || mayHaveArrived), "\(name) \(state)")
                guard !state.isFinal else { continue }
                #expect(explanation.resend.because.contains("no specification here"))
                #expect(explanation.nextAttempt.because.contains("no specification here"))
            }
        }
    }

    @Test(arguments: [OrderState.submitting, .processing, .unknown])
    func `an order under way without a submission is not taken for unsent`(state: OrderState) {
        let explanation = OrderExplanation(Self.facts(state), live: .nothing, now: SampleSubmission.start)
        #expect(!explanation.resend.isAllowed && !explanation.nextAttempt.isAllowed && !explanation.close.isAllowed)
        #expect(!explanation.resend.isJudged && !explanation.nextAttempt.isJudged)
    }

    @Test func `where the merchant is not known, no other channel is promised`() {
        for (name, sample) in Self.samples {
            var facts = Self.facts(.submitting)
            facts.rule = nil
            let explanation = OrderExplanation(facts, live: .judged(sample.machine), now: sample.now)
            #expect(!explanation.nextAttempt.isAllowed)
            #expect(explanation.nextAttempt.isJudged == !name.hasPrefix("unsent"), "\(name)")
            #expect(
                explanation.resend
                    == OrderExplanation(
                        Self.facts(.submitting),
                        live: .judged(sample.machine),
                        now: sample.now
                    ).resend
            )
        }
    }
}

extension Ruling {
    /// The names of what stands in the way.
    fileprivate var against: [String] { conditions.filter { !$0.holds }.map(\.name) }

    fileprivate var because: String { conditions.map(\.because).joined(separator: "; ") }
}
