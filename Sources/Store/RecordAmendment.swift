package import PaymentCore

/// New texts of a record, judged already.
///
/// Personal data: sealed by the store (R15).
package struct RecordAmendment: Sendable {
    package let key: OrderKey
    /// As it was seen: whoever amended it since wins.
    package let revision: Int32
    /// The fields that differ from what was sent.
    package let fields: [String]
    /// All texts, as a JSON object of strings.
    package let texts: [UInt8]
    /// As far as they could be read.
    package var merchantOrderNumber: String?
    package var amount: Money?
    package var accountNumber: String?
    /// What would still be wrong with it.
    package let remainingReasons: [QuarantineReason]

    package init(
        key: OrderKey,
        revision: Int32,
        fields: [String],
        texts: [UInt8],
        remainingReasons: [QuarantineReason]
    ) {
        (self.key, self.revision, self.fields) = (key, revision, fields)
        (self.texts, self.remainingReasons) = (texts, remainingReasons)
    }
}

/// What became of one amendment.
package struct AmendedRecordOutcome: Sendable, Hashable {
    package enum Outcome: String, Sendable, Hashable {
        case amended
        /// Somebody else has amended it since it was seen.
        case changed
        /// It waits no longer.
        case closed
        /// It is no quarantined record, or has left the live tables.
        case missing
    }

    package let key: RecordKey
    package let outcome: Outcome

    package init(key: RecordKey, outcome: Outcome) { (self.key, self.outcome) = (key, outcome) }
}

/// What somebody else did to a record.
package struct RecordChange: Sendable, Hashable {
    package let key: RecordKey
    package let state: QuarantineState
    package let revision: Int32
    /// The login that amended it last, or asked for what closed it; nil where no person did.
    package var login: String?
    package var changedAt: Timestamp?

    package init(key: RecordKey, state: QuarantineState, revision: Int32) {
        (self.key, self.state, self.revision) = (key, state, revision)
    }
}
