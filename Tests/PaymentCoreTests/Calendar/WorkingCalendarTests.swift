import PaymentCore
import Testing

struct `A working calendar` {
    private static let weekdays: Set<Weekday> = [.monday, .tuesday, .wednesday, .thursday, .friday]

    private static func calendar(
        _ years: ClosedRange<Int>,
        holidays: [String] = [],
        makeUpDays: [String] = []
    ) throws(WorkingCalendar.Defect) -> WorkingCalendar {
        try WorkingCalendar(
            name: "test",
            years: years,
            weekdays: weekdays,
            holidays: Set(holidays.compactMap { BusinessDate($0) }),
            makeUpDays: Set(makeUpDays.compactMap { BusinessDate($0) })
        )
    }

    @Test(arguments: [
        ("1969-12-28", Weekday.sunday), ("1969-12-31", .wednesday), ("1970-01-01", .thursday),
        ("2000-02-29", .tuesday), ("2026-11-21", .saturday), ("2026-12-31", .thursday), ("2027-01-01", .friday),
        ("2028-02-29", .tuesday),
    ]) func `knows the day of the week`(_ day: String, _ expected: Weekday) throws {
        let date = try #require(BusinessDate(day))
        #expect(Weekday(of: date) == expected)
        #expect(Weekday(of: date.advanced(byDays: 1)) == expected.next)
    }

    @Test(arguments: [
        ("2026-02-13", true), ("2026-02-14", true), ("2026-02-15", false), ("2026-02-17", false),
        ("2026-02-21", false), ("2026-02-24", true), ("2026-12-31", true),
    ]) func `says whether a day is worked on`(_ day: String, _ isWorked: Bool) throws {
        let calendar = try Self.calendar(
            2026...2026,
            holidays: ["2026-02-16", "2026-02-17", "2026-02-18"],
            makeUpDays: ["2026-02-14"]
        )
        #expect(try calendar.isWorkingDay(try #require(BusinessDate(day))) == isWorked)
        #expect("\(calendar.lastDay)" == "2026-12-31")
    }

    @Test(arguments: ["2025-12-31", "2028-01-01"])
    func `never guesses about a year that it does not cover`(_ day: String) throws {
        let calendar = try Self.calendar(2026...2027)
        let date = try #require(BusinessDate(day))
        #expect(!calendar.covers(date))
        let error = #expect(throws: WorkingCalendar.UncoveredDay.self) { try calendar.isWorkingDay(date) }
        #expect(error?.date == date)
        #expect(error?.description.contains("covers 2026 to 2027") == true)
    }

    @Test func `is refused where its lists cannot be meant`() throws {
        let saturday = try #require(BusinessDate("2026-02-14"))
        let monday = try #require(BusinessDate("2026-02-16"))
        let later = try #require(BusinessDate("2027-01-01"))
        #expect(throws: WorkingCalendar.Defect.outsideYears(later)) {
            try Self.calendar(2026...2026, holidays: ["2027-01-01"])
        }
        #expect(throws: WorkingCalendar.Defect.contradiction(saturday)) {
            try Self.calendar(2026...2026, holidays: ["2026-02-14"], makeUpDays: ["2026-02-14"])
        }
        #expect(throws: WorkingCalendar.Defect.idle(monday)) {
            try Self.calendar(2026...2026, makeUpDays: ["2026-02-16"])
        }
    }
}
