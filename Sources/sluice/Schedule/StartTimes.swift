package import PaymentCore
package import Pipeline

/// When cron or systemd starts a job, so that each of its windows is met: every few minutes while one may be open.
///
/// A start outside the window, beside a living run or after a done one changes nothing; so calendars, which neither
/// cron nor systemd knows, are left to the start itself.
package struct StartTimes: Sendable, Hashable {
    /// Minutes of hours, on days of the week, in a zone: what one line of a crontab says.
    package struct Line: Sendable, Hashable {
        package let zone: String
        package let days: Set<Weekday>
        package let hours: ClosedRange<Int>
        /// Of an hour, ascending, evenly apart.
        package let minutes: [Int]
        package let stepMinutes: Int
    }

    /// Years over which a zone is asked whether it changes its clocks: fixed, so that the answer stays the same.
    private static let years = 2_020...2_037

    package let lines: [Line]

    package init(_ job: JobDefinition) {
        lines = job.schedule.windows.flatMap(Self.lines)
    }

    /// Minutes between two starts; each divides an hour.
    ///
    /// Often in a short window, so that a failed start costs little of it.
    package static func interval(lengthMinutes: Int) -> Int {
        switch lengthMinutes {
        case ..<30: 1
        case ..<120: 2
        default: 5
        }
    }

    private static func lines(_ window: JobWindow) -> [Line] {
        let step = interval(lengthMinutes: window.lengthMinutes)
        var last = window.opensAtMinute + window.lengthMinutes - 1
        // A daylight gap moves a short window behind the hour in which it would have been over.
        let mayMove = window.opensAtMinute < 4 * 60 && window.lengthMinutes <= 60 + step
        if mayMove, window.zone.changesClocks(in: years) { last += 60 }
        last = min(last, window.opensAtMinute + JobWindow.minutesPerDay - 1)
        var hours: [(hour: Int, minutes: [Int])] = []
        for minute in stride(from: window.opensAtMinute, through: last, by: step) {
            if hours.last?.hour != minute / 60 { hours.append((minute / 60, [])) }
            hours[hours.count - 1].minutes.append(minute % 60)
        }
        var lines: [Line] = []
        for (hour, minutes) in hours {
            // Past midnight it is the next day.
            let lineDays = hour < 24 ? window.days : Set(window.days.map(\.next))
            if let before = lines.last, before.minutes == minutes, before.days == lineDays,
                before.hours.upperBound == hour % 24 - 1
            {
                lines.removeLast()
                lines.append(line(window, lineDays, before.hours.lowerBound...(hour % 24), minutes, step))
            } else {
                lines.append(line(window, lineDays, (hour % 24)...(hour % 24), minutes, step))
            }
        }
        return lines
    }

    private static func line(
        _ window: JobWindow,
        _ days: Set<Weekday>,
        _ hours: ClosedRange<Int>,
        _ minutes: [Int],
        _ step: Int
    ) -> Line {
        Line(zone: window.zone.identifier, days: days, hours: hours, minutes: minutes, stepMinutes: step)
    }
}
