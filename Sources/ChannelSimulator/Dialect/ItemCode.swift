/// The final item codes of the dialect that say "not paid".
package enum ItemCode: String, Sendable, CaseIterable {
    case accountUnknown = "E101"
    case accountClosed = "E102"
    case nameDiffers = "E103"
    case fundsInsufficient = "E104"
    case limitExceeded = "E105"
    case bankNotServed = "E201"
    case ownFault = "E202"

    /// The words that go with the code.
    var message: String {
        switch self {
        case .accountUnknown: "account does not exist"
        case .accountClosed: "account closed"
        case .nameDiffers: "name does not match"
        case .fundsInsufficient: "insufficient funds"
        case .limitExceeded: "over the account's daily limit"
        case .bankNotServed: "bank not served"
        case .ownFault: "internal fault"
        }
    }
}
