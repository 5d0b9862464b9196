import Foundation
import PaymentCore
import Pipeline
import Testing

struct `A job's window` {
    /// One day of one window: when it opens and closes in UTC, as `2026-11-21 01:30`; nil if it does not.
    struct Case: Sendable, CustomTestStringConvertible {
        let zone: String
        let day: String
        let opens: String
        let minutes: Int
        let expected: [String]?

        init(_ zone: String, _ day: String, _ opens: String, _ minutes: Int, _ expected: [String]?) {
            (self.zone, self.day, self.opens, self.minutes) = (zone, day, opens, minutes)
            self.expected = expected
        }

        var testDescription: String { "\(zone) \(day) \(opens) +\(minutes)" }
    }

    private static let cases = [
        Case("Asia/Shanghai", "2026-11-21", "09:30", 180, ["2026-11-21 01:30", "2026-11-21 04:30"]),
        Case("Asia/Shanghai", "2026-11-21", "00:00", 1_440, ["2026-11-20 16:00", "2026-11-21 16:00"]),
        // Over midnight, over the end of the year, on a leap day.
        Case("Asia/Shanghai", "2026-12-31", "23:00", 120, ["2026-12-31 15:00", "2026-12-31 17:00"]),
        Case("UTC", "2026-12-31", "23:30", 60, ["2026-12-31 23:30", "2027-01-01 00:30"]),
        Case("UTC", "2028-02-29", "00:00", 1_440, ["2028-02-29 00:00", "2028-03-01 00:00"]),
        Case("UTC", "2026-02-28", "23:00", 120, ["2026-02-28 23:00", "2026-03-01 01:00"]),
        // Starts inside a gap move to its end, and last as long.
        Case("Europe/Berlin", "2026-03-29", "02:30", 60, ["2026-03-29 01:00", "2026-03-29 02:00"]),
        Case("Europe/Berlin", "2026-03-29", "01:30", 60, ["2026-03-29 00:30", "2026-03-29 01:30"]),
        Case("America/New_York", "2026-03-08", "02:00", 30, ["2026-03-08 07:00", "2026-03-08 07:30"]),
        Case("Australia/Lord_Howe", "2026-10-04", "02:15", 30, ["2026-10-03 15:30", "2026-10-03 16:00"]),
        // An hour, or half of one, that comes twice opens once, at its first passing.
        Case("Europe/Berlin", "2026-10-25", "02:30", 60, ["2026-10-25 00:30", "2026-10-25 01:30"]),
        Case("America/New_York", "2026-11-01", "01:30", 30, ["2026-11-01 05:30", "2026-11-01 06:00"]),
        Case("Australia/Lord_Howe", "2026-04-05", "01:45", 30, ["2026-04-04 14:45", "2026-04-04 15:15"]),
        // A whole day is as long as it is.
        Case("Europe/Berlin", "2026-03-29", "00:00", 1_440, ["2026-03-28 23:00", "2026-03-29 22:00"]),
        Case("Europe/Berlin", "2026-10-25", "00:00", 1_440, ["2026-10-24 22:00", "2026-10-25 23:00"]),
        Case("Europe/Berlin", "2026-03-28", "02:30", 1_440, ["2026-03-28 01:30", "2026-03-29 01:00"]),
        // Samoa left 2011-12-30 out.
        Case("Pacific/Apia", "2011-12-30", "09:00", 60, nil),
        Case("Pacific/Apia", "2011-12-29", "22:00", 240, ["2011-12-30 08:00", "2011-12-30 12:00"]),
        Case("Pacific/Apia", "2011-12-31", "00:00", 60, ["2011-12-30 10:00", "2011-12-30 11:00"]),
    ]

    @Test(arguments: cases) func `opens and closes when the zone's clocks say so`(_ given: Case) throws {
        let window = try #require(Self.window(given.zone, given.opens, given.minutes))
        let date = try #require(BusinessDate(given.day))
        let opening = try window.opening(on: date)
        let expected = try given.expected.map { try $0.map { try Self.instant($0) } }
        #expect(opening.map { [$0.start, $0.end] } == expected)
        guard let opening else { return }
        // What is open is found from any instant within, and from none outside.
        #expect(try window.opening(at: opening.start) == opening)
        #expect(try window.opening(at: opening.end.advanced(by: TimeSpan(microseconds: -1))) == opening)
        #expect(try window.opening(at: opening.start.advanced(by: TimeSpan(microseconds: -1))) != opening)
        #expect(try window.opening(at: opening.end) != opening)
    }

    @Test(arguments: [
        ("Europe/Berlin", "2026-03-29"), ("Europe/Berlin", "2026-10-25"), ("America/New_York", "2026-03-08"),
        ("America/New_York", "2026-11-01"), ("Australia/Lord_Howe", "2026-04-05"), ("Asia/Shanghai", "2026-02-28"),
        ("Australia/Lord_Howe", "2026-10-04"), ("Pacific/Apia", "2011-12-30"),
    ]) func `begins at the first instant at which the clocks have reached its time`(
        _ zone: String,
        _ day: String
    ) throws {
        let civil = try #require(CivilZone(identifier: zone))
        let clocks = try #require(TimeZone(identifier: zone))
        let middle = try #require(BusinessDate(day))
        for date in [-1, 0, 1].map({ middle.advanced(byDays: $0) }) {
            let midnight = Int64(date.daysSince1970) * 86_400
            // The clocks, minute by minute, from well before.
            let shown = stride(from: midnight - 40 * 3_600, to: midnight + 64 * 3_600, by: 60).map { second in
                (second, second + Int64(clocks.secondsFromGMT(for: Date(timeIntervalSince1970: Double(second)))))
            }
            for minute in stride(from: 0, to: 1_440, by: 15) {
                let wall = midnight + Int64(minute) * 60
                let first = try #require(shown.first { $0.1 >= wall }).0
                #expect(
                    civil.instant(of: date, minute: minute).unixMicroseconds == first * 1_000_000,
                    "\(date) \(minute / 60):\(minute % 60)"
                )
            }
        }
    }

    @Test(arguments: ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"])
    func `of a whole day leaves no gap to the next and overlaps none`(_ zone: String) throws {
        for (opens, days) in [("00:00", "2026-01-01"), ("02:15", "2026-01-01"), ("00:00", "2011-07-01")] {
            let window = try #require(Self.window(zone, opens, 1_440))
            let first = try #require(BusinessDate(days))
            var end: Timestamp?
            for offset: Int32 in 0..<370 {
                guard let opening = try window.opening(on: first.advanced(byDays: offset)) else { continue }
                if let end { #expect(opening.start == end, "\(zone) \(first.advanced(byDays: offset))") }
                end = opening.end
            }
        }
    }

    @Test func `knows no zone that does not exist, and no abbreviation`() {
        for zone in ["Mars/Olympus", "CST", "", "GMT+8"] {
            #expect(JobWindow(opensAtMinute: 0, lengthMinutes: 60, zone: zone) == nil, "\(zone)")
        }
    }

    // MARK: Calendars

    private static func october(_ years: ClosedRange<Int> = 2026...2026) throws -> WorkingCalendar {
        try WorkingCalendar(
            name: "october",
            years: years,
            weekdays: [.monday, .tuesday, .wednesday, .thursday, .friday],
            holidays: Set(["2026-10-01", "2026-10-02", "2026-10-05"].compactMap { BusinessDate($0) }),
            makeUpDays: Set(["2026-10-10"].compactMap { BusinessDate($0) })
        )
    }

    @Test func `opens on working days only, make-up days included`() throws {
        let window = try #require(Self.window("Asia/Shanghai", "09:00", 60, calendar: try Self.october()))
        let open = try (1...12).filter { day in
            try window.opening(on: try #require(BusinessDate(year: 2026, month: 10, day: day))) != nil
        }
        // The 3rd, 4th and 11th are days off, the 10th is a Saturday that is worked on.
        #expect(open == [6, 7, 8, 9, 10, 12])
        let weekdays = try #require(
            Self.window("Asia/Shanghai", "09:00", 60, days: [.saturday], calendar: .some(try Self.october()))
        )
        #expect(try weekdays.opening(on: try #require(BusinessDate("2026-10-10"))) != nil)
        #expect(try weekdays.opening(on: try #require(BusinessDate("2026-10-17"))) == nil)
    }

    @Test func `is refused aloud on a day that its calendar does not cover`() throws {
        let window = try #require(Self.window("Asia/Shanghai", "09:00", 60, calendar: try Self.october()))
        let error = #expect(throws: WorkingCalendar.UncoveredDay.self) {
            try window.opening(at: try Self.instant("2027-01-04 01:30"))
        }
        #expect(error?.description.contains("calendar october covers 2026") == true)
        #expect(error?.description.contains("2027-01-04") == true)
        // Outside of the window's hours nobody asks.
        #expect(try window.opening(at: try Self.instant("2027-01-04 03:00")) == nil)
        // A year that begins asks nothing of the year before, unless a window reaches over midnight.
        let next = try #require(Self.window("Asia/Shanghai", "09:00", 60, calendar: try Self.calendar(2027...2027)))
        #expect(try next.opening(at: try Self.instant("2027-01-01 01:30")) != nil)
        let night = try #require(Self.window("Asia/Shanghai", "23:00", 120, calendar: try Self.calendar(2027...2027)))
        #expect(throws: WorkingCalendar.UncoveredDay.self) {
            try night.opening(at: try Self.instant("2026-12-31 16:30"))
        }
    }

    // MARK: Several windows

    @Test func `is one of several, and the one that began last is meant`() throws {
        let schedule = JobSchedule([
            try #require(Self.window("UTC", "09:00", 180)), try #require(Self.window("UTC", "11:00", 180)),
            try #require(Self.window("Asia/Shanghai", "06:00", 60)),
        ])
        let found = try ["08:59", "09:00", "11:30", "12:30", "14:00", "22:30"].map { time in
            try schedule.opening(at: try Self.instant("2026-11-20 \(time)"))?.start
        }
        let expected = try [nil, "09:00", "11:00", "11:00", nil, "22:00"].map { time in
            try time.map { try Self.instant("2026-11-20 \($0)") }
        }
        #expect(found == expected)
    }

    @Test func `that is over is found for seven days, from when the job is known`() throws {
        let schedule = JobSchedule([
            try #require(Self.window("UTC", "09:00", 60, days: [.monday, .wednesday, .friday])),
            try #require(Self.window("UTC", "22:00", 240, days: [.friday])),
        ])
        // A Friday.
        let now = try Self.instant("2026-11-20 23:00")
        func starts(since: String) throws -> [Timestamp] {
            schedule.openings(since: try Self.instant(since), overBy: now).map(\.start)
        }
        let week = try ["2026-11-16 09:00", "2026-11-18 09:00", "2026-11-20 09:00"].map { try Self.instant($0) }
        // That of last Friday night began 7 days and an hour ago; tonight's is not over.
        #expect(try starts(since: "2026-01-01 00:00") == week)
        #expect(try starts(since: "2026-11-16 09:00") == week)
        #expect(try starts(since: "2026-11-16 09:01") == Array(week.dropFirst()))
        #expect(try starts(since: "2026-11-20 23:00") == [])
        let covered = JobSchedule([
            try #require(Self.window("UTC", "09:00", 60, calendar: try Self.calendar(2027...2027)))
        ])
        let past = covered.openings(
            since: try Self.instant("2026-12-01 00:00"),
            overBy: try Self.instant("2027-01-05 12:00")
        )
        #expect(past.map(\.start).first == (try Self.instant("2027-01-01 09:00")))
    }

    // MARK: Making

    private static func calendar(_ years: ClosedRange<Int>) throws -> WorkingCalendar {
        try WorkingCalendar(
            name: "all",
            years: years,
            weekdays: Set(Weekday.allCases),
            holidays: [],
            makeUpDays: []
        )
    }

    private static func window(
        _ zone: String,
        _ opens: String,
        _ minutes: Int,
        days: Set<Weekday> = Set(Weekday.allCases),
        calendar: WorkingCalendar? = nil
    ) -> JobWindow? {
        let parts = opens.split(separator: ":").compactMap { Int($0) }
        return JobWindow(
            opensAtMinute: parts[0] * 60 + parts[1],
            lengthMinutes: minutes,
            zone: zone,
            days: days,
            calendar: calendar
        )
    }

    /// `2026-11-21 01:30`, in UTC.
    private static func instant(_ text: String) throws -> Timestamp {
        let parts = text.split { $0 == " " || $0 == ":" }.map(String.init)
        let day = try #require(BusinessDate(parts[0]))
        let minutes = try #require(Int(parts[1])) * 60 + (try #require(Int(parts[2])))
        return Timestamp(unixMicroseconds: (Int64(day.daysSince1970) * 86_400 + Int64(minutes) * 60) * 1_000_000)
    }
}
