package import PaymentCore

/// What one person may do with orders that have no intent yet.
///
/// Each operation is one whole transaction. Who cancels names what it is about; a mismatch is refused (pitfall A2).
package protocol ReviewStore: Sendable {
    /// Cancels one order, or all orders of a file, that have no intent yet.
    ///
    /// `isDry`: does nothing, and answers what it would.
    func cancelOrders(
        _ cancellation: RequestedCancellation,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> CancelledOrders
}

/// A decision as a person asks for it.
package struct RequestedDecision: Sendable {
    /// The number of a review item, or an incident.
    package let target: String
    package let decision: ReviewDecision
    package let note: String
    /// What it is about, as the person sees it.
    package var about: NamedOrders?
    /// The state that all of these orders are in, for decisions about orders that are said of an incident as a whole.
    package var state: OrderState?
    /// For decisions about single orders.
    package var orders: [NamedOrder] = []
    package var evidence: String?
    /// The number of a kept evidence file.
    package var evidenceFile: Int64?
    package var cause: FailureCause?

    package init(target: String, decision: ReviewDecision, note: String) {
        (self.target, self.decision, self.note) = (target, decision, note)
    }
}

/// How many orders with which sums somebody means.
package struct NamedOrders: Sendable, Hashable {
    package let count: Int64
    /// Minor units by currency; under `*` where the one currency need not be named.
    package let amounts: [String: Int64]

    package init(count: Int64, amounts: [String: Int64]) {
        (self.count, self.amounts) = (count, amounts)
    }
}

/// One order that somebody means, with its amount and state.
package struct NamedOrder: Sendable, Hashable {
    package let batch: BatchIdentifier
    package let line: LineNumber
    package let amountMinor: Int64
    package let state: OrderState

    package init(batch: BatchIdentifier, line: LineNumber, amountMinor: Int64, state: OrderState) {
        (self.batch, self.line, self.amountMinor, self.state) = (batch, line, amountMinor, state)
    }
}

/// A quarantined record that somebody means, with its amount in minor units; nil where that was not readable.
package struct NamedRecord: Sendable, Hashable {
    package let batch: BatchIdentifier
    package let line: LineNumber
    package let amountMinor: Int64?

    package init(batch: BatchIdentifier, line: LineNumber, amountMinor: Int64?) {
        (self.batch, self.line, self.amountMinor) = (batch, line, amountMinor)
    }
}

/// Which of two records of one number lives, as a person asks for it.
package struct RequestedChoice: Sendable {
    package let living: NamedRecord
    package let closed: NamedRecord
    package let note: String

    package init(living: NamedRecord, closed: NamedRecord, note: String) {
        (self.living, self.closed, self.note) = (living, closed, note)
    }
}

/// Which orders to cancel.
package struct RequestedCancellation: Sendable {
    package let batch: BatchIdentifier
    /// Nil for all orders of the file.
    package let line: LineNumber?
    /// What the person means; nil skips the comparison.
    package var about: NamedOrders?
    package var state: OrderState?

    package init(batch: BatchIdentifier, line: LineNumber?) { (self.batch, self.line) = (batch, line) }
}

/// What became of a cancellation.
package struct CancelledOrders: Sendable, Hashable {
    /// The state that the file is in now.
    package let fileState: BatchFileState
    /// Cancelled now, by currency.
    package let cancelled: [String: Tally]
    /// The orders asked for, by the state that they are in now.
    package let states: [OrderState: Int64]
    /// Whether the file was refused whole, before it was loaded.
    package let isWholeFile: Bool

    package init(
        fileState: BatchFileState,
        cancelled: [String: Tally],
        states: [OrderState: Int64],
        isWholeFile: Bool
    ) {
        (self.fileState, self.cancelled) = (fileState, cancelled)
        (self.states, self.isWholeFile) = (states, isWholeFile)
    }

    /// Orders that have an intent, and can be called back no more.
    package var tooLate: Int64 {
        states.reduce(0) { sum, entry in
            switch entry.key {
            case .submitting, .processing, .unknown, .succeeded, .failed, .returned: sum + entry.value
            case .held, .ready, .cancelled: sum
            }
        }
    }
}

/// What somebody named is not what is there; nothing was changed.
package struct NamedOrdersMismatch: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
