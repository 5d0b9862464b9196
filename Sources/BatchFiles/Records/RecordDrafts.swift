package import PaymentCore

/// Where a record stands in its file, with its bytes: so that a person need not open the file.
package struct RecordSource: Sendable, Hashable {
    /// The position among the records of the file, from 1.
    package let line: LineNumber
    /// The physical line on which it begins, from 1.
    package let physicalLine: Int64
    /// Its bytes in the file, the line end included.
    package let byteRange: Range<Int64>
    /// Its bytes without the line end.
    ///
    /// Personal data: encrypted at rest, never logged (R15).
    package let raw: [UInt8]
    package let charsetName: String

    package init(
        line: LineNumber,
        physicalLine: Int64,
        byteRange: Range<Int64>,
        raw: [UInt8],
        charsetName: String
    ) {
        self.line = line
        self.physicalLine = physicalLine
        self.byteRange = byteRange
        self.raw = raw
        self.charsetName = charsetName
    }

    /// A copy of what a record says of itself.
    init(_ record: borrowing RawRecord) {
        self.init(
            line: record.ordinal,
            physicalLine: record.physicalLine,
            byteRange: record.byteRange,
            raw: record.copyBytes(),
            charsetName: record.charsetName
        )
    }
}

/// What an order says, as the merchant wrote it.
package struct OrderFields: Sendable, Hashable {
    package let merchantOrderNumber: String
    package let amount: Money
    package let accountNumber: String
    package let accountName: String?
    package let bankCode: String?
    package let purpose: String?

    package init(
        merchantOrderNumber: String,
        amount: Money,
        accountNumber: String,
        accountName: String? = nil,
        bankCode: String? = nil,
        purpose: String? = nil
    ) {
        self.merchantOrderNumber = merchantOrderNumber
        self.amount = amount
        self.accountNumber = accountNumber
        self.accountName = accountName
        self.bankCode = bankCode
        self.purpose = purpose
    }
}

/// A record that passed: an order to be loaded.
package struct OrderDraft: Sendable, Hashable {
    package let source: RecordSource
    package let fields: OrderFields
    /// What is wrong with it and does not keep it back.
    package let warnings: [RecordReason]

    package init(source: RecordSource, fields: OrderFields, warnings: [RecordReason]) {
        self.source = source
        self.fields = fields
        self.warnings = warnings
    }

    package var line: LineNumber { source.line }

    /// The same record, set aside after all for what only the loader can see: a number that is taken.
    package func quarantined(for reasons: [RecordReason]) -> QuarantineDraft {
        QuarantineDraft(
            source: source,
            merchantOrderNumber: fields.merchantOrderNumber,
            amount: fields.amount,
            reasons: reasons + warnings
        )
    }
}

/// A record that did not pass, with every reason found.
package struct QuarantineDraft: Sendable, Hashable {
    package let source: RecordSource
    /// The merchant's number, where it can be read without doubt.
    package let merchantOrderNumber: String?
    /// The amount, where it and its currency can be read; it may be zero or negative (R14).
    package let amount: Money?
    /// Everything that is wrong, warnings included.
    package let reasons: [RecordReason]

    package init(source: RecordSource, merchantOrderNumber: String?, amount: Money?, reasons: [RecordReason]) {
        self.source = source
        self.merchantOrderNumber = merchantOrderNumber
        self.amount = amount
        self.reasons = reasons
    }

    package var line: LineNumber { source.line }

    /// Why the file is refused because of this record; nil when it is only set aside.
    package var fileDefect: FileDefect? {
        guard let reason = reasons.first(where: { $0.severity == .refuseFile }) else { return nil }
        let field = reason.field.map { " in \($0.rawValue)" } ?? ""
        return FileDefect(
            code: .refusedByRule,
            line: source.physicalLine,
            byteOffset: source.byteRange.lowerBound,
            what: "the record has \(reason.code.rawValue)\(field), for which this merchant's files are refused",
            mend: reason.mend
        )
    }
}

/// What became of a record.
package enum CheckedRecord: Sendable, Hashable {
    case order(OrderDraft)
    case quarantined(QuarantineDraft)

    /// The number that the loader would claim or reserve.
    var merchantOrderNumber: String? {
        switch self {
        case .order(let draft): draft.fields.merchantOrderNumber
        case .quarantined(let draft): draft.merchantOrderNumber
        }
    }
}
