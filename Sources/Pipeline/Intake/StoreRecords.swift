import BatchFiles
import PaymentCore
import Store

extension ReadPosition {
    init(_ position: LoadPosition) {
        self.init(
            byteOffset: position.byteOffset,
            recordOrdinal: Int32(position.recordOrdinal),
            physicalLine: position.physicalLine
        )
    }
}

extension LoadPosition {
    init(_ position: ReadPosition) {
        self.init(
            byteOffset: position.byteOffset,
            recordOrdinal: Int64(position.recordOrdinal),
            physicalLine: position.physicalLine
        )
    }
}

extension LoadSlice {
    /// Appends a record that `checker` has judged last: as an order, or with the reasons why it is none.
    mutating func append(_ record: borrowing RawRecord, judgedBy checker: inout RecordChecker, isOrder: Bool) {
        // Written for a reviewer, so only of what is set aside.
        let fields = isOrder ? nil : checker.texts(of: record)
        let values = checker.values
        let amount = checker.amount
        let reasons = isOrder ? [] : checker.reasons.map(QuarantineReason.init)
        let (line, byteRange, physicalLine) = (record.ordinal, record.byteRange, record.physicalLine)
        let charset = record.charsetName
        record.withBytes { raw in
            let bytes = values.bytes.span
            guard isOrder else {
                let number: Span<UInt8>? =
                    if let range = values.merchantOrderNumber { bytes.extracting(range) } else { nil }
                let account: Span<UInt8>? =
                    if let range = values.accountNumber { bytes.extracting(range) } else { nil }
                appendQuarantined(
                    line: line,
                    amount: amount,
                    number: number,
                    accountNumber: account,
                    fields: fields,
                    reasons: reasons,
                    raw: raw,
                    byteRange: byteRange,
                    physicalLine: physicalLine,
                    charset: charset
                )
                return
            }
            guard let number = values.merchantOrderNumber, let account = values.accountNumber, let amount else {
                preconditionFailure("a record without number, account or amount was judged to be an order")
            }
            let bankCode: Span<UInt8>? = if let range = values.bankCode { bytes.extracting(range) } else { nil }
            appendOrder(
                line: line,
                amount: amount,
                number: bytes.extracting(number),
                accountNumber: bytes.extracting(account),
                accountName: bytes.extracting(values.accountName ?? 0..<0),
                bankCode: bankCode,
                purpose: bytes.extracting(values.purpose ?? 0..<0),
                raw: raw,
                byteRange: byteRange,
                physicalLine: physicalLine,
                charset: charset
            )
        }
    }
}

extension QuarantineReason {
    init(_ reason: RecordReason) {
        self.init(
            code: reason.code.rawValue,
            field: reason.field?.rawValue,
            maskedValue: reason.maskedValue,
            mend: reason.mend
        )
    }
}

extension VerdictNote {
    init(_ defect: FileDefect) {
        self.init(
            code: defect.code.rawValue,
            line: defect.line,
            byteOffset: defect.line > 0 ? defect.byteOffset : nil,
            what: defect.what,
            mend: defect.mend
        )
    }
}
