package import PaymentCore

/// What a pain.002 says of one transaction, with the few codes that every version of the message knows.
package enum TransactionStatus: String, Sendable, Hashable, CaseIterable {
    /// Settled; a later version may still say otherwise, as a return may follow.
    case settled = "ACSC"
    /// Not done, or done and undone: either way, the amount is where it was, and nothing more comes.
    case rejected = "RJCT"
    /// Not decided: not to be sent again.
    case pending = "PDNG"

    /// What a line's status becomes.
    ///
    /// A return is told as a rejection with its reason, in the way of the schemes' own return messages: who saw only
    /// that it was settled would count on money that is gone again.
    package init(_ status: ResultStatus) {
        switch status {
        case .succeeded: self = .settled
        case .failed, .returned: self = .rejected
        case .processing, .underReview: self = .pending
        }
    }
}

/// Which statuses the transactions of a group or of a payment information have.
struct TransactionStatusSet: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    /// What is said when the transactions do not all have one status.
    static let mixed = "PART"

    mutating func note(_ status: TransactionStatus) {
        switch status {
        case .settled: formUnion(Self(rawValue: 1))
        case .rejected: formUnion(Self(rawValue: 2))
        case .pending: formUnion(Self(rawValue: 4))
        }
    }

    /// What is said of all of them together: their common status, or that they are mixed; nil of none.
    var code: String? {
        switch rawValue {
        case 0: nil
        case 1: TransactionStatus.settled.rawValue
        case 2: TransactionStatus.rejected.rawValue
        case 4: TransactionStatus.pending.rawValue
        default: Self.mixed
        }
    }
}
