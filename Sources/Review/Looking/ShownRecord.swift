import BatchFiles
package import PaymentCore
package import Store

/// A quarantined record as it may be shown: masked, and safe for a terminal.
package struct ShownRecord: Sendable {
    package let key: OrderKey
    package let state: QuarantineState
    /// `intake` or `failed_order`.
    package let origin: String
    package let revision: Int32
    /// The merchant's number for the order, as it was sent.
    package let number: String?
    package let amountMinor: Int64?
    package let currency: String?
    package let reasons: [ShownReason]
    /// What would still be wrong after its last amendment; nil if it was not amended.
    package let remaining: [ShownReason]?
    package let charset: String
    package let bytes: Range<Int64>
    package let physicalLine: Int64
    package let quarantinedAt: Timestamp
    package let closure: RecordClosure?

    init(_ record: QuarantinedRecord) {
        key = record.key
        state = record.state
        origin = record.origin
        revision = record.revision
        number = record.merchantOrderNumber.map(Masked.orderNumber)
        amountMinor = record.amountMinor
        currency = record.currency.map { Masked.visible($0) }
        reasons = record.reasons.map(ShownReason.init)
        remaining = record.remainingReasons?.map(ShownReason.init)
        charset = Masked.visible(record.source.charset)
        bytes = record.source.byteFrom..<max(record.source.byteFrom, record.source.byteTo)
        physicalLine = record.source.physicalLine
        quarantinedAt = record.quarantinedAt
        closure = record.closure
    }

    /// What is wrong with it now.
    package var current: [ShownReason] { remaining ?? reasons }
}

/// One thing that is wrong with a record.
package struct ShownReason: Sendable, Hashable {
    package let code: String
    package let field: String?
    /// Masked after its field.
    package let value: String
    package let mend: String
    /// Whether two people may release the record in spite of it.
    package let canBeAccepted: Bool

    init(_ reason: QuarantineReason) {
        code = Masked.visible(reason.code)
        field = reason.field.map { Masked.visible($0) }
        value = Masked.visible(reason.maskedValue)
        mend = Masked.visible(reason.mend, scalarsMax: 400)
        canBeAccepted = ReasonCode(rawValue: reason.code)?.canBeWeakened ?? false
    }
}

/// One column of a record.
package struct ShownField: Sendable, Hashable {
    /// The name of the field.
    package let name: String
    /// The title of its column in the layout.
    package let title: String
    /// What was sent, masked; nil where nothing is known of it.
    package let sent: String?
    /// What it says now, masked; nil where that is what was sent.
    package let amended: String?
    /// The codes of what is wrong with it now.
    package let codes: [String]

    package var isFailing: Bool { !codes.isEmpty }
}

/// A quarantined record with all that happened to it, as it may be shown.
package struct ShownHistory: Sendable {
    package let record: ShownRecord
    package let merchant: MerchantNumber
    package let direction: Direction
    package let format: String
    package let fileName: String
    /// The day that its dates are held against.
    package let judgedDate: BusinessDate
    /// In the order of the columns; empty where nothing is kept of them.
    package let fields: [ShownField]
    /// Its bytes, with what may be personal starred; nil for a record made of a failed order.
    package let maskedLine: String?
    /// Who has the number that it has now.
    package let numberOwner: NumberOwner?
    package let amendments: [ShownAmendment]
    package let proposals: [ProposalOfRecord]
    package let successorState: String?
}

/// One amendment, as it may be shown.
package struct ShownAmendment: Sendable, Hashable {
    package let revision: Int32
    package let login: String
    package let amendedAt: Timestamp
    package let comment: String
    /// The fields that it changed, each with what it said before and after, masked.
    package let changes: [ShownChange]
    /// What would still be wrong.
    package let remaining: [ShownReason]
}

/// One text before and after, masked.
package struct ShownChange: Sendable, Hashable {
    package let field: String
    package let before, after: String
}
