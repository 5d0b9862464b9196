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
    mutating func append(_ draft: OrderDraft) {
        let fields = draft.fields
        let name = fields.accountName ?? ""
        let bankCode = (fields.bankCode ?? "").utf8
        let purpose = fields.purpose ?? ""
        appendOrder(
            line: draft.line,
            amount: fields.amount,
            number: fields.merchantOrderNumber.utf8.span,
            accountNumber: fields.accountNumber.utf8.span,
            accountName: name.utf8.span,
            bankCode: fields.bankCode == nil ? nil : bankCode.span,
            purpose: purpose.utf8.span,
            raw: draft.source.raw.span,
            byteRange: draft.source.byteRange,
            physicalLine: draft.source.physicalLine,
            charset: draft.source.charsetName
        )
    }

    mutating func append(_ draft: QuarantineDraft) {
        let number = (draft.merchantOrderNumber ?? "").utf8
        appendQuarantined(
            line: draft.line,
            amount: draft.amount,
            number: draft.merchantOrderNumber == nil ? nil : number.span,
            reasons: draft.reasons.map { reason in
                QuarantineReason(
                    code: reason.code.rawValue,
                    field: reason.field?.rawValue,
                    maskedValue: reason.maskedValue,
                    mend: reason.mend
                )
            },
            raw: draft.source.raw.span,
            byteRange: draft.source.byteRange,
            physicalLine: draft.source.physicalLine,
            charset: draft.source.charsetName
        )
    }
}

extension VerdictNote {
    init(_ defect: FileDefect) {
        self.init(code: defect.code.rawValue, line: defect.line, what: defect.what, mend: defect.mend)
    }
}
