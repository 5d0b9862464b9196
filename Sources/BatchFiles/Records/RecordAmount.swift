import PaymentCore

/// Reads the amount of a record with its currency: one rule for intake and for the check of result files, so that
/// both count the same records as readable (R14).
struct RecordAmount: Sendable {
    private let amountIndex: Int
    private let currencyIndex: Int?
    private let defaultCurrency: Currency?
    private let unit: AmountUnit
    private let isUnsigned: Bool

    init(form: RecordForm) {
        guard let amountIndex = form.index(of: .amount) else {
            preconditionFailure("a form without an amount column passed its layout's checks")
        }
        self.amountIndex = amountIndex
        self.currencyIndex = form.index(of: .currency)
        self.defaultCurrency = form.defaultCurrency
        self.unit = form.amountUnit
        self.isUnsigned = form.isAmountUnsigned
    }

    /// The currency of a record that has all its columns; nil when it names none that orders can be in.
    func currency(of record: borrowing RawRecord) -> Currency? {
        guard let currencyIndex else { return defaultCurrency }
        let bounds = record.bounds(of: record.fields[currencyIndex])
        if bounds.isEmpty { return defaultCurrency }
        return Currency(bytes: record.storage.span.extracting(bounds))
    }

    /// What the amount of a record that has all its columns says in `currency`.
    ///
    /// Without a currency only the form can be judged: all but `malformed` then means nothing.
    func amount(of record: borrowing RawRecord, in currency: Currency?) -> AmountText<Int64> {
        let bytes = record.storage.span.extracting(record.bounds(of: record.fields[amountIndex]))
        if isUnsigned, bytes.count > 0, bytes[0] == UInt8(ascii: "-") { return .malformed }
        return AmountText(bytes, unit: unit, minorUnits: currency?.minorUnits ?? 0)
    }

    /// The amount of a record that has all its columns; nil when it or its currency cannot be read.
    func money(of record: borrowing RawRecord) -> Money? {
        guard let currency = currency(of: record), case .value(let minor) = amount(of: record, in: currency) else {
            return nil
        }
        return Money(minor: minor, currency: currency)
    }
}
