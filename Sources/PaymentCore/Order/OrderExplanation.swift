/// Why an order may or may not be sent again, go to another channel, or be closed now.
///
/// The first two are what the submission machine itself decides by.
package struct OrderExplanation: Hashable, Sendable {
    package let resend: Ruling
    package let nextAttempt: Ruling
    package let close: Ruling

    /// What is known of the order beside its submission.
    package struct Facts: Hashable, Sendable {
        package var state: OrderState
        /// Attempts that have failed with proof, the live one not counted.
        package var failedAttempts: Int16
        package var rule: AttemptRule
        /// Channels of the merchant's routes that were not tried and can carry it.
        package var otherChannels: [ChannelName]
        /// What proves a final state, in words.
        package var evidence: String?
        /// What the answers so far said of it, in words.
        package var answers: String
        package var openReviews: Int

        package init(
            state: OrderState,
            failedAttempts: Int16,
            rule: AttemptRule,
            otherChannels: [ChannelName],
            evidence: String?,
            answers: String,
            openReviews: Int
        ) {
            (self.state, self.failedAttempts, self.rule) = (state, failedAttempts, rule)
            (self.otherChannels, self.evidence) = (otherChannels, evidence)
            (self.answers, self.openReviews) = (answers, openReviews)
        }
    }

    /// `machine`: of the submission that carries the live attempt; nil if there is none.
    package init(_ facts: Facts, machine: SubmissionMachine?, now: Timestamp) {
        let open = Condition(
            "order_open",
            holds: !facts.state.isFinal,
            because: facts.state.isFinal
                ? "the order is \(facts.state.rawValue), which is final" : "the order is \(facts.state.rawValue)"
        )
        let idle = Condition(
            "in_a_submission",
            holds: machine != nil,
            because: machine == nil
                ? "nothing of its next attempt was recorded, so nothing was sent" : "it was recorded"
        )
        guard !facts.state.isFinal, let machine else {
            resend = Ruling([open, idle])
            nextAttempt = Ruling(
                facts.state.isFinal
                    ? [open]
                    : [
                        open,
                        Condition("no_live_attempt", holds: true, because: "it waits for its next attempt already"),
                    ]
            )
            close = Ruling([Self.evidence(facts)])
            return
        }
        resend = Ruling([open] + machine.resendRuling(now: now).conditions)
        let others = facts.otherChannels.map(\.value).joined(separator: ", ")
        nextAttempt = Ruling(
            [open] + machine.rerouteRuling(now: now).conditions + [
                Condition(
                    "attempts_left",
                    holds: facts.failedAttempts < facts.rule.attemptsMax,
                    because: "\(facts.failedAttempts) of at most \(facts.rule.attemptsMax) attempts have failed"
                ),
                Condition(
                    "other_channel",
                    holds: !facts.otherChannels.isEmpty,
                    because: facts.otherChannels.isEmpty
                        ? "no other channel of the merchant's routes can carry it" : "it may go to \(others)"
                ),
            ]
        )
        close = Ruling([Self.evidence(facts)])
    }

    private static func evidence(_ facts: Facts) -> Condition {
        if facts.state.isFinal {
            return Condition(
                "evidence",
                holds: facts.evidence != nil || facts.state == .cancelled,
                because: facts.evidence.map { "closed by \($0)" }
                    ?? (facts.state == .cancelled ? "cancelled before anything was sent" : "no evidence is named")
            )
        }
        let waiting =
            facts.openReviews == 0
            ? "" : "; \(facts.openReviews) review items wait: a person may decide with proof"
        return Condition(
            "evidence",
            holds: false,
            because: "\(facts.answers): absence, time-outs and unlisted codes prove nothing (R5, R8)\(waiting)"
        )
    }
}
