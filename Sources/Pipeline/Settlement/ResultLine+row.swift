import BatchFiles
import PaymentCore
import Store

extension ResultRow {
    /// The line's amount, where it could be read.
    var money: Money? {
        switch content {
        case .order(_, _, _, _, _, let amountMinor, let currency):
            Currency(code: currency).map { Money(minor: amountMinor, currency: $0) }
        case .quarantined(_, _, let amountMinor, let currency):
            if let amountMinor, let currency = currency.flatMap(Currency.init(code:)) {
                Money(minor: amountMinor, currency: currency)
            } else {
                nil
            }
        }
    }
}

extension ResultLine {
    init(_ row: ResultRow) {
        let content: ResultLine.Content
        switch row.content {
        case .order(let number, let account, let name, let bank, let purpose, let amountMinor, let currency):
            guard let currency = Currency(code: currency) else {
                preconditionFailure("an order's currency was known when it was loaded")
            }
            content = .order(
                OrderFields(
                    merchantOrderNumber: number,
                    amount: Money(minor: amountMinor, currency: currency),
                    accountNumber: account,
                    accountName: name,
                    bankCode: bank,
                    purpose: purpose
                )
            )
        case .quarantined(let raw, let number, _, _):
            content = .record(raw: raw, merchantOrderNumber: number, amount: row.money)
        }
        let words =
            switch row.status {
            case .underReview: "under review: do not resubmit"
            case .processing: "in process: do not resubmit"
            case .returned: "it was settled, and the amount came back"
            case .succeeded, .failed: ""
            }
        let told = [words, row.mended?.words ?? ""].filter { !$0.isEmpty }.joined(separator: "; ")
        self.init(
            line: row.line,
            content: content,
            status: row.status,
            code: row.code,
            cause: row.cause,
            reason: told,
            finishedDate: row.decidedAt.map { BusinessDate(at: $0) }
        )
    }
}

extension MendedValues {
    /// What the merchant's people are told beside what they sent.
    fileprivate var words: String {
        var values: [String] = []
        if let amountMinor, let currency = currency.flatMap(Currency.init(code:)) {
            values.append("the amount is \(Money(minor: amountMinor, currency: currency))")
        }
        if let merchantOrderNumber { values.append("the number is \(merchantOrderNumber)") }
        return values.isEmpty ? "" : "mended in review: " + values.joined(separator: ", ")
    }
}
