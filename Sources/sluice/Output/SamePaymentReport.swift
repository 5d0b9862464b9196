import PaymentCore
import Store

extension SamePayment {
    var json: JSON {
        [
            "line_no": .integer(Int64(line.value)),
            "merchant_order_no": .string(Masked.orderNumber(merchantOrderNumber)),
            "amount_minor": .integer(amountMinor), "currency": .string(currency), "state": .string(state.rawValue),
            "other_batch_id": .integer(otherBatch.value), "other_line_no": .integer(Int64(otherLine.value)),
        ]
    }
}

extension [SamePayment] {
    /// Nothing where there is none.
    var words: String {
        guard !isEmpty else { return "" }
        var table = Table("#line", "merchant's number", "#amount", "state", "pays what this one pays")
        for payment in self {
            table.add(
                "\(payment.line)",
                Masked.orderNumber(payment.merchantOrderNumber),
                amountWords(Int128(payment.amountMinor), payment.currency),
                payment.state.rawValue,
                "\(payment.otherBatch)-\(payment.otherLine)"
            )
        }
        return "\n\nOrders that may be one payment twice\n\(table.text())"
    }
}
