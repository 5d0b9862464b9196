/// Which days are working days: a rule by weekday, with listed holidays and listed make-up working days (调休).
///
/// It knows the years that somebody has looked up, and no others: holidays are announced year by year, and a guess
/// would move money on a day on which banks are closed.
package struct WorkingCalendar: Sendable, Hashable {
    /// Why a calendar cannot be used.
    package enum Defect: Error, Sendable, Hashable {
        case noYear
        case noWeekday
        /// A listed day lies outside the years.
        case outsideYears(BusinessDate)
        /// A day is a holiday and a make-up working day.
        case contradiction(BusinessDate)
        /// A make-up working day would be a working day without being listed.
        case idle(BusinessDate)
    }

    /// A day of which nobody has told whether it is a working day.
    package struct UncoveredDay: Error, Sendable, Hashable, CustomStringConvertible {
        package let calendar: String
        package let date: BusinessDate
        package let years: ClosedRange<Int>

        package var description: String {
            let known = years.count == 1 ? "\(years.lowerBound)" : "\(years.lowerBound) to \(years.upperBound)"
            return "calendar \(calendar) covers \(known), and nobody has said whether \(date) is a working day; list "
                + "the holidays and make-up working days of that year in its file, and widen `years`"
        }
    }

    package let name: String
    package let years: ClosedRange<Int>
    private let weekdays: Set<Weekday>
    private let holidays: Set<BusinessDate>
    private let makeUpDays: Set<BusinessDate>

    /// `weekdays`: which days of the week are worked on when nothing is listed.
    package init(
        name: String,
        years: ClosedRange<Int>,
        weekdays: Set<Weekday>,
        holidays: Set<BusinessDate>,
        makeUpDays: Set<BusinessDate>
    ) throws(Defect) {
        guard years.lowerBound >= 1_970, years.upperBound <= 2_199 else { throw .noYear }
        guard !weekdays.isEmpty else { throw .noWeekday }
        for day in holidays.union(makeUpDays).sorted() {
            guard years.contains(day.civil.year) else { throw .outsideYears(day) }
            let isListedTwice = holidays.contains(day) && makeUpDays.contains(day)
            guard !isListedTwice else { throw .contradiction(day) }
            // A typing error in a date shows here; holidays are announced as ranges, days off included.
            guard !makeUpDays.contains(day) || !weekdays.contains(Weekday(of: day)) else { throw .idle(day) }
        }
        self.name = name
        self.years = years
        self.weekdays = weekdays
        self.holidays = holidays
        self.makeUpDays = makeUpDays
    }

    /// Whether work is done on this day.
    package func isWorkingDay(_ date: BusinessDate) throws(UncoveredDay) -> Bool {
        guard covers(date) else { throw UncoveredDay(calendar: name, date: date, years: years) }
        if holidays.contains(date) { return false }
        return makeUpDays.contains(date) || weekdays.contains(Weekday(of: date))
    }

    /// Whether somebody has told about this day.
    package func covers(_ date: BusinessDate) -> Bool { years.contains(date.civil.year) }

    /// The last day that somebody has told about.
    package var lastDay: BusinessDate {
        guard let day = BusinessDate(year: years.upperBound, month: 12, day: 31) else {
            preconditionFailure("every year ends on 31 December")
        }
        return day
    }
}
