import Foundation
package import PaymentCore

/// When a job may work: one window a day in a named time zone, or the whole day.
package struct JobWindow: Sendable, Hashable {
    /// Minutes after local midnight.
    package let opensAtMinute: Int
    package let lengthMinutes: Int
    private let zone: TimeZone

    /// `zone`: an IANA name; nil is returned for an unknown one.
    package init?(opensAtMinute: Int, lengthMinutes: Int, zone: String) {
        guard (0..<1_440).contains(opensAtMinute), (1...1_440).contains(lengthMinutes),
            let zone = TimeZone(identifier: zone)
        else { return nil }
        self.opensAtMinute = opensAtMinute
        self.lengthMinutes = lengthMinutes
        self.zone = zone
    }

    /// The start of the window that is open at this instant, nil if none is.
    ///
    /// A start inside a daylight gap moves to the gap's end; an hour that is repeated opens once, at its first passing.
    package func start(at now: Timestamp) -> Timestamp? {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let instant = Date(timeIntervalSince1970: TimeInterval(now.unixMicroseconds / 1_000_000))
        let today = calendar.startOfDay(for: instant)
        // A window may have opened yesterday and reach over midnight.
        for daysBack in 0...1 {
            guard let day = calendar.date(byAdding: .day, value: -daysBack, to: today),
                let opens = calendar.date(
                    bySettingHour: opensAtMinute / 60,
                    minute: opensAtMinute % 60,
                    second: 0,
                    of: day,
                    matchingPolicy: .nextTime,
                    repeatedTimePolicy: .first
                )
            else { continue }
            let start = Timestamp(unixMicroseconds: Int64(opens.timeIntervalSince1970) * 1_000_000)
            if start <= now, now < start.advanced(by: .minutes(Int64(lengthMinutes))) { return start }
        }
        return nil
    }
}
