import PaymentCore
import Store

/// What the columns of a record say that was an order, or good enough to be one: only its values are known, not how its
/// layout writes them.
///
/// So the amount stands there in minor units; whoever reads it knows the layout. Columns that no order keeps are left
/// out: their values were good.
struct QuarantinedFields {
    private let merchantOrderNumber: String
    private let personal: PersonalData
    private let bankCode: String?
    private let amountMinor: Int64
    private let currency: String

    init(
        merchantOrderNumber: String,
        personal: PersonalData,
        bankCode: String?,
        amountMinor: Int64,
        currency: String
    ) {
        self.merchantOrderNumber = merchantOrderNumber
        self.personal = personal
        self.bankCode = bankCode
        self.amountMinor = amountMinor
        self.currency = currency
    }

    init(_ order: NewOrder, in slice: LoadSlice) {
        self.init(
            merchantOrderNumber: slice.text(order.merchantOrderNumber),
            personal: PersonalData(
                accountNumber: slice.text(order.accountNumber),
                accountName: slice.text(order.accountName),
                purpose: slice.text(order.purpose)
            ),
            bankCode: order.bankCode.map(slice.text),
            amountMinor: order.amount.minor,
            currency: order.amount.currency.code
        )
    }

    var json: [UInt8] {
        let text = JSONText.object([
            ("merchant_order_number", .string(merchantOrderNumber)),
            ("account_number", .string(personal.accountNumber)), ("account_name", .string(personal.accountName)),
            ("bank_code", .string(bankCode ?? "")), ("purpose", .string(personal.purpose)),
            ("currency", .string(currency)), ("amount_minor", .string(String(amountMinor))),
        ])
        return Array(text.utf8)
    }
}
