/// How an order goes on whose attempt has ended with proof: planned anew, not before a time.
package struct NextAttempt: Hashable, Sendable {
    /// Counted from the end of the attempt.
    package let delay: TimeSpan

    package init(after delay: TimeSpan) {
        precondition(delay >= .zero, "a next attempt lies ahead")
        self.delay = delay
    }
}

/// Whether an order may be tried once more after its attempt has failed for good (R9).
package struct AttemptRule: Hashable, Sendable {
    /// Attempts of one order that may fail, in all.
    package let attemptsMax: Int16
    /// How long a failure for a limit waits; nil: such a failure is final.
    package let limitDelay: TimeSpan?

    package init(attemptsMax: Int16 = 3, limitDelay: TimeSpan? = nil) {
        precondition((1...9).contains(attemptsMax), "an order has 1 to 9 attempts")
        self.attemptsMax = attemptsMax
        self.limitDelay = limitDelay
    }

    /// The next attempt, or nil: then the failure stands.
    ///
    /// `failedAttempts`: those that have failed, this one included; given up unsent ones do not count.
    ///
    /// `hasOtherChannel`: whether a channel that was not tried yet can carry the order.
    package func next(after cause: FailureCause, failedAttempts: Int16, hasOtherChannel: Bool) -> NextAttempt? {
        guard failedAttempts < attemptsMax else { return nil }
        switch cause {
        // The account holder's side fails everywhere; the order's own data is a person's (R9).
        case .customer, .data: return nil
        case .channel, .system: return hasOtherChannel ? NextAttempt(after: .zero) : nil
        case .limit: return limitDelay.map(NextAttempt.init(after:))
        }
    }
}

/// Why the lane gave a submission up of which no byte ever left; the code of the attempts that it ends.
package enum UnsentCode: String, CaseIterable, Sendable, Hashable {
    /// As many sends as the channel's policy allows were proven unsent.
    case givenUp = "given_up_unsent"
    /// The scope of its number ends before another send would.
    case scopeEnded = "number_scope_ended"
    /// A person has decided one of its orders: the envelope names it, and must never leave.
    case orderDecided = "order_decided"
}
