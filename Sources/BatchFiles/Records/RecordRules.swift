package import PaymentCore

/// What a merchant's records must keep, and what happens to those that do not.
package struct RecordRules: Sendable {
    /// Why a set of rules is refused.
    package struct Defect: Error, Sendable, Hashable, CustomStringConvertible {
        package let code: ReasonCode
        package let severity: Severity

        package var description: String {
            "severities: \(code.rawValue) cannot be \(severity.rawValue), as no order can be made of such a record; "
                + "use quarantine or refuse_file"
        }
    }

    package let accountForm: AccountForm
    package let bankCodeForm: BankCodeForm
    /// The banks that can be reached; nil when only the form of the code is looked at.
    package let banks: KnownBanks?
    /// The currencies agreed; nil for every one.
    package let currencies: Set<Currency>?
    /// The most minor units of one order, for each currency that has a limit.
    package let amountMinorMax: [Currency: Int64]
    private let overrides: [ReasonCode: Severity]

    /// Rules with the defaults of a careful bank; `severities` overrides those of single codes.
    ///
    /// Throws when a severity would let a record pass of which no order can be made.
    package init(
        accountForm: AccountForm = .digits,
        bankCodeForm: BankCodeForm = .cnaps,
        banks: KnownBanks? = nil,
        currencies: Set<Currency>? = nil,
        amountMinorMax: [Currency: Int64] = [:],
        severities: [ReasonCode: Severity] = [:]
    ) throws(Defect) {
        for (code, severity) in severities where severity < .quarantine && !code.canBeWeakened {
            throw Defect(code: code, severity: severity)
        }
        self.accountForm = accountForm
        self.bankCodeForm = bankCodeForm
        self.banks = banks
        self.currencies = currencies
        self.amountMinorMax = amountMinorMax
        self.overrides = severities
    }

    /// What a reason does under these rules.
    package func severity(of code: ReasonCode) -> Severity { overrides[code] ?? code.severityDefault }
}
