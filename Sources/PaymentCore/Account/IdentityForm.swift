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
    package func defect(of number: Span<UInt8>) -> Defect? {
        switch self {
        case .residentIdentity:
            return ResidentIdentity.defect(of: number).map { $0 == .checkDigit ? .checkDigit : .form }
        case .socialCreditCode:
            return SocialCreditCode.defect(of: number).map { $0 == .checkDigit ? .checkDigit : .form }
        case .either:
            guard let person = Self.residentIdentity.defect(of: number),
                let organisation = Self.socialCreditCode.defect(of: number)
            else { return nil }
            return person == .checkDigit || organisation == .checkDigit ? .checkDigit : .form
        }
    }
}
