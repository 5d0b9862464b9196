/// The states of a batch file.
package enum BatchFileState: String, CaseIterable, Sendable, Hashable {
    /// Its parts are still arriving.
    case receiving
    case pending
    /// Verified, not loaded: a person decides.
    case held
    /// Pass 2 is loading it.
    case splitting
    /// Loaded whole; nothing is planned before.
    case split
    /// Its orders are in chunks.
    case working
    /// Every line has its end, and the final result file stands.
    case finished
    case refused

    /// Every legal move of a batch file.
    package static let moves: [(from: BatchFileState, to: BatchFileState)] = [
        (.receiving, .pending), (.receiving, .refused),
        (.pending, .splitting), (.pending, .held), (.pending, .refused),
        (.held, .splitting), (.held, .refused),
        // Nothing of it is loaded, and it would be judged by another configuration now.
        (.splitting, .pending),
        (.splitting, .split), (.split, .working), (.working, .finished),
    ]
}

/// What a line of a result file says.
package enum ResultStatus: String, CaseIterable, Sendable, Hashable {
    case succeeded = "SUCCEEDED"
    case failed = "FAILED"
    case returned = "RETURNED"
    case processing = "PROCESSING"
    /// Do not resubmit.
    case underReview = "UNDER_REVIEW"

    /// Whether a later version of the result file can still say something else.
    package var isOpen: Bool { self == .processing || self == .underReview }

    /// What a result file says of an order, given whether a review item waits for it (architecture §3, *Result file*).
    package init(order state: OrderState, cause: FailureCause?, isUnderReview: Bool) {
        switch state {
        case .succeeded: self = .succeeded
        case .returned: self = .returned
        // Cancelled too: another attempt of it may have been paid after all.
        case .failed, .cancelled: self = isUnderReview ? .underReview : .failed
        case .held: self = .underReview
        case .ready, .submitting, .processing, .unknown: self = isUnderReview ? .underReview : .processing
        }
    }
}
