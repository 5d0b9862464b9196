import BatchFiles
import PaymentCore

/// What is promised of a record that was checked.
struct CheckedPromises {
    private let record: CheckedRecord
    private let form: RecordForm

    init(_ record: CheckedRecord, _ form: RecordForm) {
        self.record = record
        self.form = form
    }

    func keep() {
        switch record {
        case .order(let draft): keep(draft)
        case .quarantined(let draft):
            promise(draft.reasons.contains { $0.severity >= .quarantine }, "a quarantined record has its reason")
            for reason in draft.reasons { keep(reason) }
        }
    }

    private func keep(_ draft: OrderDraft) {
        let fields = draft.fields
        promise(fields.amount.minor > 0, "an order moves money")
        promise(!fields.merchantOrderNumber.isEmpty && !fields.accountNumber.isEmpty, "an order has number and account")
        for reason in draft.warnings {
            promise(reason.severity == .warn, "an order has warnings only")
            keep(reason)
        }
        let texts: [(RecordField, String?)] = [
            (.merchantOrderNumber, fields.merchantOrderNumber), (.accountNumber, fields.accountNumber),
            (.accountName, fields.accountName), (.bankCode, fields.bankCode), (.purpose, fields.purpose),
        ]
        for case (let field, let text?) in texts {
            let lengthMax = form.index(of: field).map { form.columns[$0].lengthMax } ?? 0
            promise(text.unicodeScalars.count <= lengthMax, "a value is no longer than its column")
            promise(
                text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
                "an order holds no control character"
            )
        }
    }

    private func keep(_ reason: RecordReason) {
        promise(reason.severity != .off, "what is off is not found")
        promise(reason.maskedValue.isSafe, "a shown value is safe: \(reason)")
        promise(reason.maskedValue.unicodeScalars.count <= Masked.shownMax * 10, "a shown value is short")
        promise(reason.mend.isSafe && !reason.mend.isEmpty, "a mend is safe: \(reason)")
    }
}
