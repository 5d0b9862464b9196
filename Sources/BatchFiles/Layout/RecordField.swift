/// What a column of a batch file means to an order.
///
/// The raw value is its name in layout files, quarantine rows and reports.
package enum RecordField: String, Sendable, Hashable, CaseIterable {
    case merchantOrderNumber = "merchant_order_number"
    case accountNumber = "account_number"
    case accountName = "account_name"
    case bankCode = "bank_code"
    case amount
    case currency
    case purpose
    /// The identity number of the account's holder: checked, then dropped; no order keeps it.
    case idNumber = "id_number"
    /// The day on which the order is to be worked: checked against the file's business date, then dropped.
    case executionDate = "execution_date"

    /// The most characters that a value may have when the layout does not say.
    package var lengthMaxDefault: Int {
        switch self {
        case .merchantOrderNumber: 64
        case .accountNumber: 34
        case .accountName, .purpose: 140
        case .bankCode: 35
        case .amount: 24
        case .currency: 3
        case .idNumber: 18
        case .executionDate: 10
        }
    }

    /// The most characters that a layout may allow: what an index of order numbers and an encrypted field can hold.
    var lengthMaxLimit: Int { self == .merchantOrderNumber ? 200 : 4_000 }

    /// Whether no order can be made without it, so that every layout has a column for it.
    package var isMandatory: Bool {
        switch self {
        case .merchantOrderNumber, .accountNumber, .amount: true
        case .accountName, .bankCode, .currency, .purpose, .idNumber, .executionDate: false
        }
    }
}
