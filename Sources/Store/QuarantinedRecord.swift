package import PaymentCore

/// A quarantined record with every reason found.
package struct QuarantinedRecord: Sendable {
    package let key: OrderKey
    package let state: QuarantineState
    /// `intake` or `failed_order`.
    package let origin: String
    /// As it was sent; an amendment has its own.
    package var merchantOrderNumber: String?
    package var amountMinor: Int64?
    package var currency: String?
    package let reasons: [QuarantineReason]
    package let source: RecordSource
    package let quarantinedAt: Timestamp
    /// How often it was amended.
    package var revision: Int32 = 0
    /// What would still be wrong with it after its last amendment; nil if it was not amended.
    package var remainingReasons: [QuarantineReason]?
    /// How it was closed; nil while it waits.
    package var closure: RecordClosure?

    package init(
        key: OrderKey,
        state: QuarantineState,
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

/// How a quarantined record was closed.
package struct RecordClosure: Sendable, Hashable {
    /// `released` into a supplement, `rejected_by_person`, `superseded` by a newer good record, `other_chosen` by
    /// people.
    package let code: String
    /// Nil for a record that was released.
    package let closedAt: Timestamp?
    /// The line that has its number now.
    package var successorBatch: BatchIdentifier?
    package var successorLine: LineNumber?
    /// The decision behind it; nil where no person decided.
    package var decision: Int64?

    package init(code: String, closedAt: Timestamp?) { (self.code, self.closedAt) = (code, closedAt) }
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

    /// Whether somebody else than the record has the number.
    package func keepsOut(_ record: RecordKey) -> Bool {
        state != "void" && RecordKey(batch: batch, line: line) != record
    }
}

/// A quarantined record as whoever amends it or asks for its release needs it.
///
/// Personal data: its texts are in the clear (R15).
package struct RecordToReview: Sendable {
    package let record: QuarantinedRecord
    package let merchant: MerchantNumber
    package let direction: Direction
    /// The name of the layout of its file.
    package let format: String
    /// The day that its dates are held against: that of the file it first came in.
    package let judgedDate: BusinessDate
    /// What its columns said, as a JSON object of strings; nil where they could not be told apart.
    package var sent: [UInt8]?
    /// What they say since its last amendment, in the same form; nil if it was not amended.
    package var amended: [UInt8]?
    /// The number that it has now.
    package var merchantOrderNumber: String?
    /// Who has that number.
    package var numberOwner: NumberOwner?
    /// Whether what is kept of it cannot be opened: its key is not configured, or its bytes are damaged.
    package var isUnreadable = false

    package init(
        record: QuarantinedRecord,
        merchant: MerchantNumber,
        direction: Direction,
        format: String,
        judgedDate: BusinessDate
    ) {
        (self.record, self.merchant, self.direction) = (record, merchant, direction)
        (self.format, self.judgedDate) = (format, judgedDate)
    }

    package var key: RecordKey { RecordKey(record.key) }
}

/// A quarantined record with all that happened to it.
///
/// Personal data: its texts are in the clear (R15).
package struct RecordHistory: Sendable {
    package let current: RecordToReview
    package let fileName: String
    /// Its bytes, with what may be personal starred; nil for a record made of a failed order.
    package var maskedRecord: String?
    /// The oldest first.
    package var amendments: [KeptAmendment] = []
    /// The newest first.
    package var proposals: [ProposalOfRecord] = []
    /// Where its successor stands, of a released record: a state of orders or of quarantined records.
    package var successorState: String?

    package init(current: RecordToReview, fileName: String) { (self.current, self.fileName) = (current, fileName) }
}

/// One amendment of a record.
package struct KeptAmendment: Sendable {
    package let revision: Int32
    package let login: String
    package let amendedAt: Timestamp
    /// The fields that differ from what was sent.
    package let fields: [String]
    package let comment: String
    /// What would still be wrong.
    package let remainingReasons: [QuarantineReason]
    /// All of its texts, as a JSON object of strings.
    package let texts: [UInt8]

    package init(
        revision: Int32,
        login: String,
        amendedAt: Timestamp,
        fields: [String],
        comment: String,
        remainingReasons: [QuarantineReason],
        texts: [UInt8]
    ) {
        (self.revision, self.login, self.amendedAt, self.fields) = (revision, login, amendedAt, fields)
        (self.comment, self.remainingReasons, self.texts) = (comment, remainingReasons, texts)
    }
}

/// A proposal that names a record.
package struct ProposalOfRecord: Sendable, Hashable {
    package let proposal: Int64
    /// `release`, `reject` or `choose`.
    package let kind: String
    /// `waiting`, `expired`, `approved`, `declined` or `withdrawn`.
    package let state: String
    package let maker: String
    package let madeAt, expiresAt: Timestamp
    /// What became of the record; nil while nobody has approved.
    package var outcome: String?

    package init(
        proposal: Int64,
        kind: String,
        state: String,
        maker: String,
        madeAt: Timestamp,
        expiresAt: Timestamp
    ) {
        (self.proposal, self.kind, self.state, self.maker) = (proposal, kind, state, maker)
        (self.madeAt, self.expiresAt) = (madeAt, expiresAt)
    }
}

/// What a record says, in the clear, for somebody who has said why.
package struct UnmaskedRecord: Sendable {
    /// Its bytes as they stood in the file; nil for a record made of a failed order.
    package let raw: [UInt8]?
    package let charset: String
    package let current: RecordToReview

    package init(raw: [UInt8]?, charset: String, current: RecordToReview) {
        (self.raw, self.charset, self.current) = (raw, charset, current)
    }
}
