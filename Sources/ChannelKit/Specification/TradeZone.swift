import Foundation
package import PaymentCore

/// The time zone in which a channel's trade dates are days.
package struct TradeZone: Hashable, Sendable {
    private let zone: TimeZone

    /// `identifier`: an IANA name, as `Asia/Shanghai`, or `UTC`; nil for any other, abbreviations included, for those
    /// name several zones.
    package init?(identifier: String) {
        guard identifier == "UTC" || identifier.contains("/"), let zone = TimeZone(identifier: identifier) else {
            return nil
        }
        self.zone = zone
    }

    package var identifier: String { zone.identifier }

    /// The day of the zone at an instant.
    package func date(at instant: Timestamp) -> BusinessDate {
        let second = instant.unixMicroseconds.quotientFloored(by: 1_000_000)
        let local = second + offset(atSecond: second)
        return BusinessDate(daysSince1970: Int32(local.quotientFloored(by: Self.secondsPerDay)))
    }

    /// The first instant after a day of the zone: also where clocks are put forward or back at midnight.
    package func end(of date: BusinessDate) -> Timestamp {
        let midnight = (Int64(date.daysSince1970) + 1) * Self.secondsPerDay
        // The offset in force at that midnight is the one of the day before or of the day after; the earlier candidate
        // that lies in the next day is its beginning.
        let offsets = Set([-Self.secondsPerDay, Self.secondsPerDay].map { offset(atSecond: midnight + $0) })
        let candidates = offsets.sorted(by: >).map { Timestamp(unixMicroseconds: (midnight - $0) * 1_000_000) }
        let first = candidates.first { self.date(at: $0) > date }
        guard let first else { preconditionFailure("one of the two offsets begins the next day") }
        return first
    }

    private static let secondsPerDay: Int64 = 86_400

    /// Seconds that the zone's clocks are ahead of UTC at an instant; negative west of Greenwich.
    ///
    /// The one place in which the machine's database of time zones is asked.
    package func offset(atSecond second: Int64) -> Int64 {
        Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: TimeInterval(second))))
    }
}

extension Int64 {
    /// The quotient rounded towards minus infinity, so that instants before 1970 fall on their own day.
    fileprivate func quotientFloored(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
