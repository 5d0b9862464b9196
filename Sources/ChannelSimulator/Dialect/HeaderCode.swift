/// The header codes of the dialect, of both messages.
package enum HeaderCode: String, Sendable, CaseIterable {
    case accepted = "0000"
    case beingTaken = "2001"
    case malformed = "1001"
    case signatureRefused = "1002"
    case totalsDiffer = "1003"
    case directionRefused = "1004"
    case duplicateSame = "1005"
    case duplicateOther = "1006"
    case notFound = "1404"
    case slowDown = "3028"
    case systemError = "9999"
    /// In no table of the dialect: a fault.
    case unheardOf = "7777"

    /// The words that go with the code.
    var message: String {
        switch self {
        case .accepted: "accepted"
        case .beingTaken: "the batch is being taken"
        case .malformed: "malformed message"
        case .signatureRefused: "signature or merchant refused"
        case .totalsDiffer: "totals differ from the items"
        case .directionRefused: "direction not allowed"
        case .duplicateSame: "duplicate batch"
        case .duplicateOther: "batch number used with other content"
        case .notFound: "no such batch"
        case .slowDown: "please reduce submit frequency"
        case .systemError: "system error"
        case .unheardOf: "see bulletin"
        }
    }
}
