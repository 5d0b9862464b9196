/// The states of an order; the transition table (`OrderTransition`) says which moves are legal.
package enum OrderState: String, CaseIterable, Sendable, Hashable {
    case held
    case ready
    case submitting
    case processing
    /// We do not know; harmless until there is evidence.
    case unknown
    case succeeded
    case failed
    case returned
    case cancelled

    /// Final states are left only by a return (`succeeded → returned`).
    package var isFinal: Bool {
        switch self {
        case .succeeded, .failed, .returned, .cancelled: true
        case .held, .ready, .submitting, .processing, .unknown: false
        }
    }
}

/// Why an order failed, or why an attempt ended (R9).
package enum FailureCause: String, CaseIterable, Sendable, Hashable {
    /// The account holder's side: final, never resent.
    case customer
    /// The channel's side: may go to another channel after proof.
    case channel
    /// Our or the channel's system: may go to another channel after proof.
    case system
    /// The order's own data: to quarantine review.
    case data
    /// A limit: later, not before a time.
    case limit
}
