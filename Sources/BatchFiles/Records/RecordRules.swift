package import PaymentCore

/// What a merchant's records must keep, and what happens to those that do not.
package struct RecordRules: Sendable {
    /// Why a set of rules is refused.
    package struct Defect: Error, Sendable, Hashable, CustomStringConvertible {
        package let code: ReasonCode
        package let severity: Severity

        package var what: String {
            severity == .refuseFile
                ? "`\(code.rawValue)` cannot be refuse_file: it is found while the file is loaded, when it is too late"
                : "`\(code.rawValue)` cannot be \(severity.rawValue): no order can be made of such a record"
        }

        package var mend: String { code.canRefuseFile ? "write quarantine or refuse_file" : "write quarantine" }

        package var description: String { "severities: \(what); \(mend)" }
    }

    package let accountForm: AccountForm
    package let bankCodeForm: BankCodeForm
    /// The banks that can be reached; nil when only the form of the code is looked at.
    package let banks: KnownBanks?
    /// The currencies agreed; nil for every one.
    package let currencies: Set<Currency>?
    /// Which numbers the field `id_number` holds.
    package let identityForm: IdentityForm
    /// The calendar on whose working days orders can be worked; nil when every day will do.
    package let calendar: WorkingCalendar?
    /// The most minor units of one order, for each currency that has a limit.
    package let amountMinorMax: [Currency: Int64]
    private var overrides: [ReasonCode: Severity]

    /// Rules with the defaults of a careful bank; `severities` overrides those of single codes.
    ///
    /// Throws when a severity would let a record pass of which no order can be made, or comes too late.
    package init(
        accountForm: AccountForm = .digits,
        bankCodeForm: BankCodeForm = .cnaps,
        banks: KnownBanks? = nil,
        currencies: Set<Currency>? = nil,
        identityForm: IdentityForm = .either,
        calendar: WorkingCalendar? = nil,
        amountMinorMax: [Currency: Int64] = [:],
        severities: [ReasonCode: Severity] = [:]
    ) throws(Defect) {
        for (code, severity) in severities
        where (severity < .quarantine && !code.canBeWeakened) || (severity == .refuseFile && !code.canRefuseFile) {
            throw Defect(code: code, severity: severity)
        }
        self.accountForm = accountForm
        self.bankCodeForm = bankCodeForm
        self.banks = banks
        self.currencies = currencies
        self.identityForm = identityForm
        self.calendar = calendar
        self.amountMinorMax = amountMinorMax
        self.overrides = severities
    }

    /// What a reason does under these rules.
    package func severity(of code: ReasonCode) -> Severity { overrides[code] ?? code.severityDefault }

    /// The same rules, for records for which two people have accepted what these codes name: they are warnings.
    ///
    /// What no order can be made of stays what it is, whoever accepts it.
    package func accepting(_ accepted: Set<ReasonCode>) -> RecordRules {
        var rules = self
        for code in accepted where code.canBeWeakened && severity(of: code) >= .quarantine {
            rules.overrides[code] = .warn
        }
        return rules
    }
}
