package import PaymentCore

/// All windows of a job.
package struct JobSchedule: Sendable, Hashable {
    /// How far back missed windows are looked for.
    package static let lookBack = TimeSpan.hours(7 * 24)

    package let windows: [JobWindow]

    package init(_ windows: [JobWindow]) {
        precondition(!windows.isEmpty, "a job has a window")
        self.windows = windows
    }

    /// The opening at this instant, nil if no window is open.
    ///
    /// Where several are, the one that began last: the others have had their start.
    package func opening(at now: Timestamp) throws(WorkingCalendar.UncoveredDay) -> JobWindow.Opening? {
        var open: [JobWindow.Opening] = []
        for window in windows {
            if let opening = try window.opening(at: now) { open.append(opening) }
        }
        return open.max { ($0.start, $0.end) < ($1.start, $1.end) }
    }

    /// The openings since an instant, at most seven days back, that are over now: oldest first, each start once.
    package func openings(since: Timestamp, overBy now: Timestamp) -> [JobWindow.Opening] {
        let earliest = max(since, now.advanced(by: TimeSpan(microseconds: -Self.lookBack.microseconds)))
        var byStart: [Timestamp: JobWindow.Opening] = [:]
        for opening in windows.flatMap({ $0.openings(from: earliest, overBy: now) }) {
            let known = byStart[opening.start]
            byStart[opening.start] = known.map { $0.end < opening.end ? opening : $0 } ?? opening
        }
        return byStart.values.sorted { $0.start < $1.start }
    }

    /// The calendars in use, by name.
    package var calendars: [WorkingCalendar] {
        let all = windows.compactMap(\.calendar)
        return Dictionary(all.map { ($0.name, $0) }) { first, _ in first }.values.sorted { $0.name < $1.name }
    }

    /// What the windows are, in one line that changes when they do.
    ///
    /// Calendars stand in it by name: a year that is added to one changes no past window.
    package var text: String {
        windows.map { window in
            let days = window.days.sorted().map(\.rawValue).joined(separator: ",")
            return "\(window.opensAtMinute)+\(window.lengthMinutes) \(window.zone.identifier) \(days)"
                + (window.calendar.map { " \($0.name)" } ?? "")
        }.sorted().joined(separator: "; ")
    }
}
