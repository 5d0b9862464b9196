/// A day of the week, Monday first (ISO 8601).
package enum Weekday: String, CaseIterable, Comparable, Sendable, Hashable {
    case monday = "mon"
    case tuesday = "tue"
    case wednesday = "wed"
    case thursday = "thu"
    case friday = "fri"
    case saturday = "sat"
    case sunday = "sun"

    package init(of date: BusinessDate) {
        // 1970-01-01 was a Thursday.
        let days = (Int(date.daysSince1970) + 3) % 7
        self = Self.allCases[days < 0 ? days + 7 : days]
    }

    /// Its place in the week, from 0 for Monday.
    package var index: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// The day that follows.
    package var next: Weekday { Self.allCases[(index + 1) % 7] }

    package static func < (left: Self, right: Self) -> Bool { left.index < right.index }
}
