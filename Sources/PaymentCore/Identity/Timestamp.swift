/// An instant on the database's clock: microseconds since 1970-01-01T00:00:00Z.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let unixMicroseconds: Int64

    package init(unixMicroseconds: Int64) { self.unixMicroseconds = unixMicroseconds }

    package func advanced(by span: TimeSpan) -> Timestamp {
        Timestamp(unixMicroseconds: unixMicroseconds + span.microseconds)
    }

    /// The span from `earlier` to this instant; negative when `earlier` is later.
    package func since(_ earlier: Timestamp) -> TimeSpan {
        TimeSpan(microseconds: unixMicroseconds - earlier.unixMicroseconds)
    }

    package static func < (left: Self, right: Self) -> Bool { left.unixMicroseconds < right.unixMicroseconds }
}

/// A length of time in whole microseconds: exact, unlike a floating-point interval.
package struct TimeSpan: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static let zero = TimeSpan(microseconds: 0)
    package static func milliseconds(_ count: Int64) -> TimeSpan { TimeSpan(microseconds: count * 1_000) }
    package static func seconds(_ count: Int64) -> TimeSpan { TimeSpan(microseconds: count * 1_000_000) }
    package static func minutes(_ count: Int64) -> TimeSpan { .seconds(count * 60) }
    package static func hours(_ count: Int64) -> TimeSpan { .minutes(count * 60) }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
    package static func + (left: Self, right: Self) -> TimeSpan {
        TimeSpan(microseconds: left.microseconds + right.microseconds)
    }
    package static func - (left: Self, right: Self) -> TimeSpan {
        TimeSpan(microseconds: left.microseconds - right.microseconds)
    }
}
