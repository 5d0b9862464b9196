/// Which identity numbers a merchant's files hold.
package enum IdentityForm: String, Sendable, Hashable, CaseIterable {
    /// Persons, by their resident identity number.
    case residentIdentity = "resident_id"
    /// Organisations, by their unified social credit code.
    case socialCreditCode = "uscc"
    /// Both.
    case either

    /// What is wrong with a number of this form.
    package enum Defect: Sendable, Hashable {
        /// Its length, a character or the date of birth.
        case form
        /// Its check digit.
        case checkDigit
    }

    /// The defect of `number`; nil for a right one.
    ///
    /// Nobody was born after `today`, where it is known.
    package func defect(of number: Span<UInt8>, today: BusinessDate? = nil) -> Defect? {
        switch self {
        case .residentIdentity:
            return ResidentIdentity.defect(of: number, today: today).map { $0 == .checkDigit ? .checkDigit : .form }
        case .socialCreditCode:
            return SocialCreditCode.defect(of: number).map { $0 == .checkDigit ? .checkDigit : .form }
        case .either:
            guard let person = Self.residentIdentity.defect(of: number, today: today),
                let organisation = Self.socialCreditCode.defect(of: number)
            else { return nil }
            return Self.isLikePerson(number) ? person : organisation
        }
    }

    /// Whether a wrong number was rather meant for a person: digits but for the last, and not 9 first, with which
    /// codes of firms begin.
    private static func isLikePerson(_ number: Span<UInt8>) -> Bool {
        guard number.count > 0, number[0] != 0x39 else { return false }
        for index in 0..<number.count - 1 where !number[index].isASCIIDigit { return false }
        return true
    }
}
