/// What a broken rule does to the record or the file.
package enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// The rule is not applied.
    case off
    /// The record becomes an order and carries the reason.
    case warn
    /// The record is set aside for a person.
    case quarantine
    /// The file is refused.
    case refuseFile = "refuse_file"

    private var rank: Int {
        switch self {
        case .off: 0
        case .warn: 1
        case .quarantine: 2
        case .refuseFile: 3
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}
