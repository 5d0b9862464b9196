/// A record as somebody has seen it.
package struct SeenRecord: Sendable, Hashable {
    package let key: RecordKey
    package let revision: Int32

    package init(key: RecordKey, revision: Int32) { (self.key, self.revision) = (key, revision) }
}

/// Records that somebody asks to have released, as they were seen.
package struct RequestedRelease: Sendable {
    /// At most so many at once.
    package static let recordsMax = 20_000

    package let records: [SeenRecord]
    /// Reasons that are to keep none of them back.
    package var accepted: [String] = []
    package let comment: String
    /// Nothing is done, and the outcomes tell what would be.
    package var isDry = false

    package init(records: [SeenRecord], comment: String) { (self.records, self.comment) = (records, comment) }
}

/// Records that somebody asks to have rejected, as they were seen.
package struct RequestedRejection: Sendable {
    package let records: [SeenRecord]
    package let comment: String
    /// Nothing is done, and the outcomes tell what would be.
    package var isDry = false

    package init(records: [SeenRecord], comment: String) { (self.records, self.comment) = (records, comment) }
}

/// What a proposal about records came to.
package struct AskedRecords: Sendable {
    /// Nil when nothing was asked for: a look ahead, or no record that could be.
    package let proposal: Int64?
    package let records: [AskedRecord]

    package init(proposal: Int64?, records: [AskedRecord]) { (self.proposal, self.records) = (proposal, records) }
}

/// What a proposal came to for one record.
package struct AskedRecord: Sendable, Hashable {
    /// The word of the database.
    package enum Outcome: String, CaseIterable, Sendable, Hashable {
        /// Another person is asked.
        case proposed
        /// Released at once: one person sufficed.
        case released
        /// Rejected at once: one person sufficed.
        case rejected
        /// Somebody has amended it since it was seen.
        case changed
        /// It waits no longer.
        case closed
        /// It is no quarantined record, or has left the live tables.
        case missing
        /// It has no order number.
        case noNumber = "no_number"
        /// Another line has its number.
        case numberTaken = "number_taken"
        /// Its amount cannot be read, or is not above zero.
        case noAmount = "no_amount"
        /// An answer says that its order may have been paid.
        case contradiction
        /// Another proposal about it waits.
        case waiting

        /// Whether it is part of the proposal.
        package var isTaken: Bool { self == .proposed || self == .released || self == .rejected }
    }

    package let key: RecordKey
    package let outcome: Outcome
    /// A later order of the same account and amount, as `BATCH-LINE`.
    package var resembles: String?
    package var amountMinor: Int64?
    package var currency: String?

    package init(key: RecordKey, outcome: Outcome) { (self.key, self.outcome) = (key, outcome) }
}
