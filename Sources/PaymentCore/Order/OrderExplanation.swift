/// Why an order may or may not be sent again, go to another channel, or be closed now.
///
/// The first two are what the submission machine itself decides by. What cannot be judged with what is known here is
/// never allowed.
package struct OrderExplanation: Hashable, Sendable {
    package let resend: Ruling
    package let nextAttempt: Ruling
    package let close: Ruling
    /// The review items that keep the order from going on until a person has decided them.
    package let waitsFor: [OpenReview]

    /// The submission that carries the order's live attempt.
    package enum Live: Sendable {
        /// There is none.
        case nothing
        case judged(SubmissionMachine)
        /// Its channel's rules are not known here, for this reason; nil where not even its state is.
        case unjudged(SubmissionState?, because: String)
    }

    /// What is known of the order beside its submission.
    package struct Facts: Hashable, Sendable {
        package var state: OrderState
        /// Attempts that have failed with proof, the live one not counted.
        package var failedAttempts: Int16
        /// Nil where the order's merchant is not known here.
        package var rule: AttemptRule?
        /// Channels of the merchant's routes that were not tried and can carry it.
        package var otherChannels: [ChannelName]
        /// What proves a final state, in words.
        package var evidence: String?
        /// What the answers so far said of it, in words.
        package var answers: String
        /// All that are open about the order, its submissions or its file.
        package var reviews: [OpenReview]

        package init(
            state: OrderState,
            failedAttempts: Int16,
            rule: AttemptRule?,
            otherChannels: [ChannelName],
            evidence: String?,
            answers: String,
            reviews: [OpenReview]
        ) {
            (self.state, self.failedAttempts, self.rule) = (state, failedAttempts, rule)
            (self.otherChannels, self.evidence) = (otherChannels, evidence)
            (self.answers, self.reviews) = (answers, reviews)
        }
    }

    package init(_ facts: Facts, live: Live, now: Timestamp) {
        let open = Condition(
            "order_open",
            holds: !facts.state.isFinal,
            because: facts.state.isFinal
                ? "the order is \(facts.state.rawValue), which is final" : "the order is \(facts.state.rawValue)"
        )
        waitsFor = facts.reviews.filter { $0.holds(facts.state) }
        close = Ruling([Self.evidence(facts)])
        guard !facts.state.isFinal else {
            (resend, nextAttempt) = (Ruling([open]), Ruling([open]))
            return
        }
        switch live {
        case .nothing where facts.state == .held || facts.state == .ready:
            let isFirst = facts.failedAttempts == 0 && facts.reviews.allSatisfy { $0.cause != .contradiction }
            let idle = Condition(
                "in_a_submission",
                holds: false,
                because: "nothing of its next attempt was recorded, so nothing\(isFirst ? "" : " of it") was sent"
            )
            resend = Ruling([open, idle])
            nextAttempt = Ruling([open, Self.waiting(facts, for: waitsFor)])
        case .nothing:
            let lost = Self.unjudged("no submission of its live attempt is known")
            (resend, nextAttempt) = (Ruling([open, lost]), Ruling([open, lost]))
        case .judged(let machine):
            resend = Ruling([open] + machine.resendRuling(now: now).conditions)
            nextAttempt = Ruling([open] + machine.state.rerouteRuling(now: now).conditions + Self.further(facts))
        case .unjudged(let state, let because):
            let unjudged = Self.unjudged(because)
            resend = Ruling([open, unjudged])
            nextAttempt = Ruling([open] + (state?.rerouteRuling(now: now).conditions ?? []) + [unjudged])
        }
    }

    /// Nothing may be done by rules that are not known.
    private static func unjudged(_ because: String) -> Condition {
        Condition("specification", unknownBecause: because)
    }

    /// Whether an order without a live attempt goes on to the next one by itself.
    private static func waiting(_ facts: Facts, for reviews: [OpenReview]) -> Condition {
        let waits = reviews.map(\.words).joined(separator: "; ")
        if facts.state == .held {
            return Condition(
                "not_held",
                holds: false,
                because: "it is held until a person decides: "
                    + (waits.isEmpty ? "no open review item says why" : waits)
            )
        }
        guard reviews.isEmpty else {
            let risk =
                reviews.contains { $0.cause == .contradiction }
                ? ", for an earlier attempt may have been paid after all (R8)" : ""
            return Condition("no_person_awaited", holds: false, because: "it waits for a person\(risk): \(waits)")
        }
        return Condition("no_live_attempt", holds: true, because: "it waits for its next attempt already")
    }

    /// What the merchant's rule and routes say of a further attempt.
    private static func further(_ facts: Facts) -> [Condition] {
        guard let rule = facts.rule else {
            return [
                Condition(
                    "merchant",
                    unknownBecause: "the order's merchant is not in this configuration, so its attempts and routes are"
                        + " not known here"
                )
            ]
        }
        let others = facts.otherChannels.map(\.value).joined(separator: ", ")
        return [
            Condition(
                "attempts_left",
                holds: facts.failedAttempts < rule.attemptsMax,
                because: "\(facts.failedAttempts) of at most \(rule.attemptsMax) attempts have failed"
            ),
            Condition(
                "other_channel",
                holds: !facts.otherChannels.isEmpty,
                because: facts.otherChannels.isEmpty
                    ? "no other channel of the merchant's routes can carry it" : "it may go to \(others)"
            ),
        ]
    }

    private static func evidence(_ facts: Facts) -> Condition {
        let waits =
            facts.reviews.isEmpty
            ? "" : "; a person is awaited: " + facts.reviews.map(\.words).joined(separator: "; ")
        guard facts.state.isFinal else {
            return Condition(
                "evidence",
                holds: false,
                because: "\(facts.answers): absence, time-outs and unlisted codes prove nothing (R5, R8)\(waits)"
            )
        }
        let unsent =
            facts.failedAttempts == 0
            ? "cancelled before anything was sent" : "cancelled between two attempts, while none was live"
        let proof = facts.evidence.map { "closed by \($0)" } ?? (facts.state == .cancelled ? unsent : nil)
        return Condition("evidence", holds: proof != nil, because: (proof ?? "no evidence is named") + waits)
    }
}
