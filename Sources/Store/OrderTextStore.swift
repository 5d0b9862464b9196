package import PaymentCore

/// What routing asks of a database where the channels of a route do not carry the same texts.
package protocol OrderTextStore: Sendable {
    /// The texts of these lines of one batch file, in line order; a line without an order, or whose personal data
    /// cannot be read, is left out.
    func texts(
        of lines: [LineNumber],
        batch: BatchIdentifier,
        businessDate: BusinessDate
    ) async throws -> [OrderTexts]
}

/// What an order says in the merchant's own words: personal data, never logged (R15).
package struct OrderTexts: Sendable, Hashable {
    package let line: LineNumber
    package let accountNumber: String
    package let accountName: String
    package let bankCode: String?
    package let purpose: String

    package init(line: LineNumber, accountNumber: String, accountName: String, bankCode: String?, purpose: String) {
        self.line = line
        self.accountNumber = accountNumber
        self.accountName = accountName
        self.bankCode = bankCode
        self.purpose = purpose
    }

    package init(_ order: OrderToSubmit) {
        self.init(
            line: order.line,
            accountNumber: order.accountNumber,
            accountName: order.accountName,
            bankCode: order.bankCode,
            purpose: order.purpose
        )
    }
}
