/// What a person may decide about what waits in review; the raw value is the word of the command.
package enum ReviewDecision: String, CaseIterable, Sendable, Hashable {
    /// The held file is loaded; what held it is accepted.
    case load
    /// The held file is refused: no order of it will ever exist.
    case refuse
    /// Held orders go on.
    case approve
    /// Orders without an intent are cancelled, and their numbers become void.
    case cancel
    /// The channel is asked anew, from the beginning of its curve.
    case askAgain = "ask-again"
    /// Single orders were paid; a final state names its evidence (R8).
    case succeeded
    /// Single orders were not paid and never will be; with evidence and cause.
    case failed
    /// The attempt has failed for good, and the orders are sent anew in another one; with evidence.
    case resend
    /// Somebody has looked; no order changes.
    case noted
    /// Ready orders are planned again, and sent.
    case planAgain = "plan-again"

    /// Whether it is said of orders: of single ones, each named with its amount and state, or of all orders of an
    /// incident in one state, named with their sums (pitfall A2).
    package var isOfOrders: Bool { self == .succeeded || self == .failed || self == .resend }
}

extension ReviewCause {
    /// What may be decided about this cause; the database has the same table.
    ///
    /// `noted` is allowed for any cause that is about no order any more.
    package var decisions: [ReviewDecision] {
        switch self {
        case .fileHeld: [.load, .refuse]
        case .ceiling, .accountAtRisk: [.approve, .cancel]
        case .pollsExhausted, .notFound: [.askAgain, .succeeded, .failed, .resend]
        case .answerMismatch: [.askAgain, .succeeded, .failed, .noted]
        // Asking for the number would tell of the other content.
        case .duplicateOtherContent: [.succeeded, .failed, .noted]
        // A correction takes proof and two people. A ready order waits while the contradiction is open: planned again,
        // it is sent.
        case .contradiction: [.noted, .planAgain, .succeeded, .failed]
        case .unfitForChannel: [.cancel, .planAgain]
        // What should not be sent after all is cancelled order by order.
        case .sameFileName, .samePayment: [.noted]
        }
    }

    /// Whether a decision about this cause takes two people (R12); the database has the same table.
    ///
    /// Asking the channel again moves nothing, and noting a warning neither.
    package func takesTwo(_ decision: ReviewDecision) -> Bool {
        switch (self, decision) {
        case (_, .askAgain), (.sameFileName, .noted), (.samePayment, .noted): false
        default: true
        }
    }
}
