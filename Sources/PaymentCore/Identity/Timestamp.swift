/// An instant on the database's clock: microseconds since 1970-01-01T00:00:00Z.
///
/// Sums that do not fit stop at the end of the range instead of trapping: a channel chooses some of the numbers.
package struct Timestamp: Hashable, Comparable, Sendable {
    package let unixMicroseconds: Int64

    package init(unixMicroseconds: Int64) { self.unixMicroseconds = unixMicroseconds }

    package func advanced(by span: TimeSpan) -> Timestamp {
        Timestamp(unixMicroseconds: unixMicroseconds.clampedSum(span.microseconds))
    }

    /// The span from `earlier` to this instant; negative when `earlier` is later.
    package func since(_ earlier: Timestamp) -> TimeSpan {
        TimeSpan(microseconds: unixMicroseconds.clampedDifference(earlier.unixMicroseconds))
    }

    package static func < (left: Self, right: Self) -> Bool { left.unixMicroseconds < right.unixMicroseconds }
}

/// A length of time in whole microseconds: exact, unlike a floating-point interval.
///
/// Clamped like `Timestamp`.
package struct TimeSpan: Hashable, Comparable, Sendable {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    package static let zero = TimeSpan(microseconds: 0)
    package static func milliseconds(_ count: Int64) -> TimeSpan {
        TimeSpan(microseconds: count.clampedProduct(1_000))
    }
    package static func seconds(_ count: Int64) -> TimeSpan {
        TimeSpan(microseconds: count.clampedProduct(1_000_000))
    }
    package static func minutes(_ count: Int64) -> TimeSpan { .seconds(count.clampedProduct(60)) }
    package static func hours(_ count: Int64) -> TimeSpan { .seconds(count.clampedProduct(3_600)) }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
    package static func + (left: Self, right: Self) -> TimeSpan {
        TimeSpan(microseconds: left.microseconds.clampedSum(right.microseconds))
    }
    package static func - (left: Self, right: Self) -> TimeSpan {
        TimeSpan(microseconds: left.microseconds.clampedDifference(right.microseconds))
    }
}

extension Int64 {
    fileprivate func clampedSum(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    fileprivate func clampedDifference(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }

    fileprivate func clampedProduct(_ factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? ((self < 0) == (factor < 0) ? .max : .min) : product
    }
}
