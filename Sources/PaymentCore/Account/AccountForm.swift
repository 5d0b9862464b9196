/// The form that the account numbers of a merchant's files have.
package enum AccountForm: String, Sendable, Hashable, CaseIterable {
    /// 6 to 32 digits: domestic cards and accounts.
    case digits
    /// 5 to 34 letters and digits of ASCII.
    case lettersAndDigits = "letters_and_digits"
    /// An IBAN with its structure and check digits.
    case iban

    /// Whether `number` has this form; zeros alone are no number.
    package func admits(_ number: Span<UInt8>) -> Bool {
        switch self {
        case .digits: (6...32).contains(number.count) && number.holdsOnly { $0.isASCIIDigit } && !number.isZero
        case .lettersAndDigits:
            (5...34).contains(number.count) && number.holdsOnly { $0.isASCIILetterOrDigit } && !number.isZero
        case .iban: IBAN.isValid(number)
        }
    }
}

/// The form that the bank codes of a merchant's files have.
package enum BankCodeForm: String, Sendable, Hashable, CaseIterable {
    /// 12 digits (联行号).
    case cnaps
    /// 8 or 11 letters and digits.
    case bic
    /// 9 digits with their check digit: routing numbers of the United States.
    case aba
    /// 1 to 35 letters and digits of ASCII: a channel's own short names.
    case shortName = "short_name"

    /// Whether `code` has this form.
    package func admits(_ code: Span<UInt8>) -> Bool {
        switch self {
        case .cnaps: CNAPSCode.hasShape(code)
        case .bic: BIC.hasShape(code)
        case .aba: RoutingNumber.isValid(code)
        case .shortName: (1...35).contains(code.count) && code.holdsOnly { $0.isASCIILetterOrDigit }
        }
    }
}

extension Span<UInt8> {
    fileprivate var isZero: Bool { holdsOnly { $0 == 0x30 } }

    fileprivate func holdsOnly(_ isAdmitted: (UInt8) -> Bool) -> Bool {
        for index in 0..<count where !isAdmitted(self[index]) { return false }
        return true
    }
}
