import PaymentCore

extension RecordRules {
    /// What a careful bank asks of the records of a format, where no merchant has agreed to anything else.
    ///
    /// An `IBAN` and a `BIC` of ISO 20022 are checked as what they are called, whatever the rules; accounts and banks
    /// under other names have their schemes' forms. The accounts of NACHA's entries are no cards.
    package static func usual(of format: FileFormat) throws(Defect) -> RecordRules {
        switch format {
        case .delimited, .fixedWidth: try RecordRules()
        case .iso20022:
            try RecordRules(
                accountForm: .lettersAndDigits,
                bankCodeForm: .shortName,
                severities: [.accountCheckDigit: .off]
            )
        case .nacha:
            try RecordRules(accountForm: .lettersAndDigits, bankCodeForm: .aba, severities: [.accountCheckDigit: .off])
        }
    }
}
