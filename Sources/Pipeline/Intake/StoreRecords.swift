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

extension NewOrder {
    init(_ draft: OrderDraft) {
        self.init(
            line: draft.line,
            merchantOrderNumber: draft.fields.merchantOrderNumber,
            amountMinor: draft.fields.amount.minor,
            currency: draft.fields.amount.currency.code,
            accountNumber: draft.fields.accountNumber,
            accountName: draft.fields.accountName ?? "",
            bankCode: draft.fields.bankCode,
            purpose: draft.fields.purpose ?? "",
            source: Store.RecordSource(draft.source)
        )
    }
}

extension NewQuarantineRecord {
    init(_ draft: QuarantineDraft) {
        self.init(
            line: draft.line,
            merchantOrderNumber: draft.merchantOrderNumber,
            amountMinor: draft.amount?.minor,
            currency: draft.amount?.currency.code,
            reasons: draft.reasons.map { reason in
                QuarantineReason(
                    code: reason.code.rawValue,
                    field: reason.field?.rawValue,
                    maskedValue: reason.maskedValue,
                    mend: reason.mend
                )
            },
            source: Store.RecordSource(draft.source)
        )
    }
}

extension Store.RecordSource {
    init(_ source: BatchFiles.RecordSource) {
        self.init(
            byteFrom: source.byteRange.lowerBound,
            byteTo: source.byteRange.upperBound,
            physicalLine: source.physicalLine,
            charset: source.charsetName,
            raw: source.raw
        )
    }
}

extension VerdictNote {
    init(_ defect: FileDefect) {
        self.init(code: defect.code.rawValue, line: defect.line, what: defect.what, mend: defect.mend)
    }
}
