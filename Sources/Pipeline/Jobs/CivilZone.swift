import ChannelKit
package import PaymentCore

/// A named time zone in which windows open and close: days and wall-clock times to instants, and back.
///
/// Days are civil days of the Gregorian calendar; only the offset from UTC is looked up.
package struct CivilZone: Hashable, Sendable {
    private static let secondsPerDay: Int64 = 86_400

    private let zone: TradeZone

    /// `identifier`: an IANA name, as `Asia/Shanghai`, or `UTC`; nil for any other.
    package init?(identifier: String) {
        guard let zone = TradeZone(identifier: identifier) else { return nil }
        self.zone = zone
    }

    package var identifier: String { zone.identifier }

    /// The zone's day at an instant.
    package func date(at instant: Timestamp) -> BusinessDate { zone.date(at: instant) }

    /// The first instant at which the zone's clocks show this time of this day.
    ///
    /// A time inside a daylight gap is the gap's end; one that is passed twice is its first passing.
    ///
    /// `minute`: after midnight; 1440 and more are times of following days.
    package func instant(of date: BusinessDate, minute: Int) -> Timestamp {
        let wall = Int64(date.daysSince1970) * Self.secondsPerDay + Int64(minute) * 60
        // Offsets lie within a day of UTC, and no zone changes its own twice in two days.
        let offsets = Set([-36, -24, -12, 0, 12, 24, 36].map { zone.offset(atSecond: wall + Int64($0) * 3_600) })
        for offset in offsets.sorted(by: >) where zone.offset(atSecond: wall - offset) == offset {
            return Timestamp(unixMicroseconds: (wall - offset) * 1_000_000)
        }
        guard let greatest = offsets.max(), let least = offsets.min() else {
            preconditionFailure("a zone has an offset at every instant")
        }
        // The clocks jump over this time: the jump is the first instant at which they show more.
        var (before, after) = (wall - greatest, wall - least)
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if middle + zone.offset(atSecond: middle) >= wall { after = middle } else { before = middle }
        }
        return Timestamp(unixMicroseconds: after * 1_000_000)
    }

    /// Whether the zone has this day; one that moves across the date line leaves a day out.
    package func has(_ date: BusinessDate) -> Bool { self.date(at: instant(of: date, minute: 0)) == date }

    /// Whether clocks are put forward or back here, in these years.
    package func changesClocks(in years: ClosedRange<Int>) -> Bool {
        let offsets = years.flatMap { year in
            (1...12).compactMap { month in
                BusinessDate(year: year, month: month, day: 1).map {
                    zone.offset(atSecond: Int64($0.daysSince1970) * Self.secondsPerDay)
                }
            }
        }
        return Set(offsets).count > 1
    }
}
