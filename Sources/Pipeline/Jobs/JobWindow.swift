package import PaymentCore

/// When a job may work: a time of the day in a named time zone, on some days.
package struct JobWindow: Sendable, Hashable {
    /// One opening of a window; its start is the key of the run.
    package struct Opening: Sendable, Hashable {
        package let start: Timestamp
        /// The first instant after it.
        package let end: Timestamp

        package init(start: Timestamp, end: Timestamp) {
            precondition(start < end, "a window lasts")
            (self.start, self.end) = (start, end)
        }
    }

    package static let minutesPerDay = 1_440

    /// Minutes after local midnight.
    package let opensAtMinute: Int
    package let lengthMinutes: Int
    package let zone: CivilZone
    /// On which days of the week it opens.
    package let days: Set<Weekday>
    /// Its working days only, if there is one.
    package let calendar: WorkingCalendar?

    /// `zone`: an IANA name; nil is returned for an unknown one.
    package init?(
        opensAtMinute: Int,
        lengthMinutes: Int,
        zone: String,
        days: Set<Weekday> = Set(Weekday.allCases),
        calendar: WorkingCalendar? = nil
    ) {
        guard (0..<Self.minutesPerDay).contains(opensAtMinute), (1...Self.minutesPerDay).contains(lengthMinutes),
            !days.isEmpty, let zone = CivilZone(identifier: zone)
        else { return nil }
        self.opensAtMinute = opensAtMinute
        self.lengthMinutes = lengthMinutes
        self.zone = zone
        self.days = days
        self.calendar = calendar
    }

    /// The opening that belongs to a day of the zone; nil if it does not open on that day.
    ///
    /// A start inside a daylight gap moves to the gap's end; an hour that is repeated opens once, at its first passing.
    /// The length is time that passes; a window of 24 hours lasts until it opens again, however long that day is. A day
    /// that the zone leaves out has no window.
    package func opening(on date: BusinessDate) throws(WorkingCalendar.UncoveredDay) -> Opening? {
        guard days.contains(Weekday(of: date)), zone.has(date) else { return nil }
        if let calendar, try !calendar.isWorkingDay(date) { return nil }
        return times(of: date)
    }

    /// The opening at this instant, nil if there is none.
    ///
    /// It may have begun on the day before, and reach over midnight.
    package func opening(at now: Timestamp) throws(WorkingCalendar.UncoveredDay) -> Opening? {
        let today = zone.date(at: now)
        // A start that a gap moves may fall on the next day, so that of yesterday may still be open tomorrow.
        for daysBack: Int32 in 0...2 {
            let date = today.advanced(byDays: -daysBack)
            // Only a day that could be open now is asked of the calendar, which may not know yesterday's year.
            let times = times(of: date)
            guard times.start <= now, now < times.end else { continue }
            if let opening = try opening(on: date) { return opening }
        }
        return nil
    }

    /// The openings that began at or after one instant and were over at another, oldest first.
    ///
    /// Days that the calendar does not cover are left out: their windows were refused aloud at the time.
    package func openings(from earliest: Timestamp, overBy now: Timestamp) -> [Opening] {
        guard earliest < now else { return [] }
        var openings: [Opening] = []
        var date = zone.date(at: earliest).advanced(byDays: -1)
        let last = zone.date(at: now)
        while date <= last {
            if let opening = try? opening(on: date), opening.start >= earliest, opening.end <= now {
                openings.append(opening)
            }
            date = date.advanced(byDays: 1)
        }
        return openings
    }

    private func times(of date: BusinessDate) -> Opening {
        let start = zone.instant(of: date, minute: opensAtMinute)
        let end = start.advanced(by: .minutes(Int64(lengthMinutes)))
        guard lengthMinutes == Self.minutesPerDay else { return Opening(start: start, end: end) }
        let again = zone.instant(of: date, minute: opensAtMinute + Self.minutesPerDay)
        return Opening(start: start, end: again > start ? again : end)
    }
}
