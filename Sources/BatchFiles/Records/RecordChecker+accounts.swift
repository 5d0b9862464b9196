import PaymentCore

extension RecordChecker {
    /// What is to be mended about an account number's form; nil when it has the form that it should have.
    ///
    /// A number that is said to be an IBAN must be one, whatever the merchant's form, and must have that form as well.
    func mendOfAccount(_ number: Span<UInt8>) -> String? {
        let isSaidToBeIBAN = stated.account == .iban
        if isSaidToBeIBAN || rules.accountForm == .iban, let defect = IBAN.defect(of: number) {
            return stated.account == .other ? "IBANs are agreed for this merchant: write one, as IBAN" : defect.mend
        }
        if rules.accountForm == .iban { return nil }
        guard !rules.accountForm.admits(number) else { return nil }
        return isSaidToBeIBAN
            ? "no IBANs are agreed for this merchant: write the number as another identification"
            : ReasonCode.accountMalformed.mend
    }

    /// What is to be mended about the form of a bank's code; nil when it has the form that it should have.
    ///
    /// A code that is said to be a BIC must be one, whatever the merchant's form, and must have that form as well.
    func mendOfBank(_ code: Span<UInt8>) -> String? {
        let isSaidToBeBIC = stated.bankCode == .bic
        if isSaidToBeBIC, !BIC.hasShape(code) { return "write a BIC: 8 or 11 capital letters and digits" }
        guard !rules.bankCodeForm.admits(code) else { return nil }
        if isSaidToBeBIC { return "no BICs are agreed for this merchant: write the code as a clearing system's member" }
        let isOfOtherKind = stated.bankCode == .clearingMember && rules.bankCodeForm == .bic
        return isOfOtherKind ? "BICs are agreed for this merchant: write one, as BIC" : ReasonCode.bankMalformed.mend
    }
}

extension IBAN.Defect {
    /// What is to be done about it.
    fileprivate var mend: String {
        switch self {
        case .character: "write the IBAN in capital letters and digits, each in its place, without spaces"
        case .country: "begin the IBAN with the code of a country that has IBANs"
        case .length: "write the IBAN whole: it has more or fewer characters than its country's have"
        case .checkDigits: "check the IBAN: its check digits do not fit the rest"
        }
    }
}
