package import PaymentCore

/// Names a record: its file and its line, whatever day they are of.
package struct RecordKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let batch: BatchIdentifier
    package let line: LineNumber

    package init(batch: BatchIdentifier, line: LineNumber) { (self.batch, self.line) = (batch, line) }

    package init(_ key: OrderKey) { self.init(batch: key.batch, line: key.line) }

    package var description: String { "\(batch)-\(line)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.batch, left.line) < (right.batch, right.line)
    }
}

/// Where a quarantined record stands.
package enum QuarantineState: String, CaseIterable, Sendable, Hashable {
    case open
    /// Somebody has put other texts beside what was sent.
    case amended
    /// It is a line of a supplement.
    case released
    case rejected

    /// Whether somebody must still decide about it.
    package var isWaiting: Bool { self == .open || self == .amended }
}

/// Which quarantined records to look at; what is nil narrows nothing.
package struct QuarantineFilter: Sendable {
    /// At most so many records a page.
    package static let limitMax = 1_000

    package var batch: BatchIdentifier?
    package var merchant: MerchantNumber?
    /// One of the record's reasons.
    package var reason: String?
    /// A field that one of the record's reasons names.
    package var field: String?
    /// Those that wait, whatever their age, unless others are named.
    package var states: Set<QuarantineState>
    /// Business dates from this one on; a list of records that do not wait names it, or a file.
    package var since: BusinessDate?
    package var businessDate: BusinessDate?
    /// At most `limitMax`.
    package var limit: Int

    package static let waiting: Set<QuarantineState> = [.open, .amended]

    package init(
        batch: BatchIdentifier? = nil,
        states: Set<QuarantineState> = QuarantineFilter.waiting,
        since: BusinessDate? = nil,
        limit: Int = 50
    ) {
        precondition((1...Self.limitMax).contains(limit), "a list is bounded")
        (self.batch, self.states, self.since, self.limit) = (batch, states, since, limit)
    }

    /// Whether it reads no more than what waits, a file or some days.
    package var isBounded: Bool {
        states.allSatisfy(\.isWaiting) || batch != nil || since != nil || businessDate != nil
    }
}

/// What quarantined records are put together by.
package enum QuarantineGrouping: String, CaseIterable, Sendable, Hashable {
    case reason, file, merchant, field
}

/// Quarantined records that have something in common, and their state.
package struct QuarantineGroup: Sendable {
    /// A reason, a batch number, a merchant's number or a field; empty for reasons that name no field.
    package let key: String
    package let state: QuarantineState
    package let records: Int64
    package let files: Int64
    /// Minor units by currency, of those records whose amount could be read.
    package let amounts: [String: Int128]
    package let oldestAt: Timestamp
    /// The name of the file, of a group that is one; foreign text.
    package var fileName: String?

    package init(
        key: String,
        state: QuarantineState,
        records: Int64,
        files: Int64,
        amounts: [String: Int128],
        oldestAt: Timestamp
    ) {
        (self.key, self.state, self.records, self.files) = (key, state, records, files)
        (self.amounts, self.oldestAt) = (amounts, oldestAt)
    }
}
