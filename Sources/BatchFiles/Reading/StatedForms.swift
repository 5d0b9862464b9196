/// What a record itself says of the form of its values, in formats that have an element for each form.
struct StatedForms: Sendable, Hashable {
    /// How an account number is written.
    enum Account: String, Sendable, Hashable {
        case iban
        /// In any other way, which the merchant's rules name.
        case other
    }

    /// How the code of a bank is written.
    enum BankCode: String, Sendable, Hashable {
        case bic
        /// As a member of a clearing system, which the merchant's rules name.
        case clearingMember = "clearing_member"
    }

    /// Nil where nothing is said.
    var account: Account?
    var bankCode: BankCode?
}
