/// What waits for a person about an order: a review item of its own, of its submission, or of its file.
package struct OpenReview: Hashable, Sendable {
    /// Nil for a cause that is not known here, which says nothing of what it allows.
    package let cause: ReviewCause?
    /// As it is stored.
    package let causeName: String
    /// What the channel or a check said; foreign text.
    package let code: String
    /// What a person decides it by.
    package let incident: String
    /// Whether it names the order itself, and not its submission or file.
    package let isOfOrder: Bool

    package init(cause: String, code: String, incident: String, isOfOrder: Bool) {
        (self.cause, causeName) = (ReviewCause(rawValue: cause), cause)
        (self.code, self.incident, self.isOfOrder) = (code, incident, isOfOrder)
    }

    /// Whether an order in this state goes no further until it is decided.
    package func holds(_ state: OrderState) -> Bool {
        guard state == .held || state == .ready else { return false }
        switch cause {
        case .ceiling, .accountAtRisk: return state == .held
        // No intent of the order is recorded while one is open (R8).
        case .contradiction: return isOfOrder
        // It is in no chunk, and nobody plans it.
        case .unfitForChannel: return state == .ready
        case .pollsExhausted, .notFound, .duplicateOtherContent, .answerMismatch, .fileHeld, .sameFileName,
            .samePayment:
            return false
        case nil: return true
        }
    }

    /// For people, safe for a terminal: what it is and how to name it.
    package var words: String {
        "\(Masked.visible(causeName)) (\(Masked.visible(code))), incident \(Masked.visible(incident, scalarsMax: 200))"
    }
}
