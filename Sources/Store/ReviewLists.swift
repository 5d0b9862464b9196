package import PaymentCore

/// Which quarantined records to look at.
package struct QuarantineFilter: Sendable {
    package var batch: BatchIdentifier?
    package var reason: String?
    /// Business dates from this one on; a list without a batch must not read all days.
    package var since: BusinessDate
    /// At most 1,000.
    package var limit: Int

    package init(batch: BatchIdentifier? = nil, reason: String? = nil, since: BusinessDate, limit: Int = 50) {
        precondition((1...1_000).contains(limit), "a list is bounded")
        (self.batch, self.reason, self.since, self.limit) = (batch, reason, since, limit)
    }
}

/// Quarantined records of one reason and state.
package struct QuarantineGroup: Sendable {
    package let reason, state: String
    package let records, batches: Int64
    package let oldestAt: Timestamp

    package init(reason: String, state: String, records: Int64, batches: Int64, oldestAt: Timestamp) {
        (self.reason, self.state, self.records, self.batches) = (reason, state, records, batches)
        self.oldestAt = oldestAt
    }
}

/// A quarantined record with every reason found.
package struct QuarantinedRecord: Sendable {
    package let key: OrderKey
    package let state: String
    /// `intake` or `failed_order`.
    package let origin: String
    package var merchantOrderNumber: String?
    package var amountMinor: Int64?
    package var currency: String?
    package let reasons: [QuarantineReason]
    package let source: RecordSource
    package let quarantinedAt: Timestamp
    /// How it was closed without becoming an order; nil if it was not.
    package var closure: RecordClosure?
    /// Who has its number; nil in lists, and where it has none.
    package var numberOwner: NumberOwner?
    /// Its form, with what may be personal starred; nil in lists, and for a record made of a failed order.
    package var maskedRecord: String?

    package init(
        key: OrderKey,
        state: String,
        origin: String,
        reasons: [QuarantineReason],
        source: RecordSource,
        quarantinedAt: Timestamp
    ) {
        (self.key, self.state, self.origin) = (key, state, origin)
        (self.reasons, self.source, self.quarantinedAt) = (reasons, source, quarantinedAt)
    }
}

/// Where a quarantined record stood in its file.
package struct RecordSource: Sendable {
    package let byteFrom: Int64
    package let byteTo: Int64
    package let physicalLine: Int64
    package let charset: String

    package init(byteFrom: Int64, byteTo: Int64, physicalLine: Int64, charset: String) {
        (self.byteFrom, self.byteTo) = (byteFrom, byteTo)
        (self.physicalLine, self.charset) = (physicalLine, charset)
    }
}

/// How a quarantined record was closed without becoming an order.
package struct RecordClosure: Sendable, Hashable {
    /// `superseded` by a newer good record, or `other_chosen` by a person.
    package let code: String
    package let closedAt: Timestamp
    /// The line that has its number now.
    package var successorBatch: BatchIdentifier?
    package var successorLine: LineNumber?
    /// The decision behind it; nil where no person decided.
    package var decision: Int64?

    package init(code: String, closedAt: Timestamp) { (self.code, self.closedAt) = (code, closedAt) }
}

/// The line that has a merchant's order number.
package struct NumberOwner: Sendable, Hashable {
    package let batch: BatchIdentifier
    package let line: LineNumber
    /// `order`, `quarantine` or `void`.
    package let state: String

    package init(batch: BatchIdentifier, line: LineNumber, state: String) {
        (self.batch, self.line, self.state) = (batch, line, state)
    }
}

/// Open review items of one incident: one decision.
package struct ReviewIncident: Sendable {
    package let incident, cause: String
    package var codes: [String] = []
    package var channel: String?
    package let ownerRole: String
    package let items: Int64
    /// The first of them: `BATCH`, `BATCH/SUBMISSION` or `BATCH-LINE`.
    package var examples: [String] = []
    /// The numbers of the first of them.
    package var itemNumbers: [Int64] = []
    /// What may be decided about it.
    package var decisions: [ReviewDecision] = []
    /// What a decision would be about: orders, and their sums by currency.
    package var orders: [String: Tally] = [:]
    package let oldestAt: Timestamp
    package let age: TimeSpan

    package init(
        incident: String,
        cause: String,
        ownerRole: String,
        items: Int64,
        oldestAt: Timestamp,
        age: TimeSpan
    ) {
        (self.incident, self.cause, self.ownerRole) = (incident, cause, ownerRole)
        (self.items, self.oldestAt, self.age) = (items, oldestAt, age)
    }
}

/// An alarm that nobody has acknowledged.
package struct OpenAlarm: Sendable {
    package let kind, code: String
    package var channel: String?
    package let message: String
    package let occurrences: Int64
    package let firstAt, lastAt: Timestamp

    package init(
        kind: String,
        code: String,
        message: String,
        occurrences: Int64,
        firstAt: Timestamp,
        lastAt: Timestamp
    ) {
        (self.kind, self.code, self.message) = (kind, code, message)
        (self.occurrences, self.firstAt, self.lastAt) = (occurrences, firstAt, lastAt)
    }
}

/// What a run leaves to people.
package struct WaitingForPeople: Sendable, Hashable {
    package let reviewItems, heldFiles: Int64

    package init(reviewItems: Int64, heldFiles: Int64) {
        (self.reviewItems, self.heldFiles) = (reviewItems, heldFiles)
    }

    /// Nothing waits.
    package static let nothing = WaitingForPeople(reviewItems: 0, heldFiles: 0)

    package var isNothing: Bool { reviewItems == 0 && heldFiles == 0 }
}
