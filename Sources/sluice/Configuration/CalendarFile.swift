import PaymentCore
import StrictYAML

/// Reads `Config/calendars/NAME.yaml`: which days are working days.
enum CalendarFile {
    private static let daysMax = 10_000

    /// The calendars of a folder, by name.
    static func all(folder: String) throws -> [String: WorkingCalendar] {
        var calendars: [String: WorkingCalendar] = [:]
        for path in try ConfigurationFolder(path: folder).files() {
            let calendar = try calendar(try YAMLMapping.load(file: path))
            calendars[calendar.name] = calendar
        }
        return calendars
    }

    static func calendar(_ root: YAMLMapping) throws(YAMLError) -> WorkingCalendar {
        let name = try ConfigurationFolder.name("calendar", of: root)
        _ = try root.string("title")
        let years = try years(try root.mapping("years"))
        let weekdays = try JobFile.weekdays(try root.node("working_days"))
        let holidays = try days("holidays", of: root)
        let makeUpDays = try days("make_up_days", of: root)
        try root.finish()
        do throws(WorkingCalendar.Defect) {
            return try WorkingCalendar(
                name: name,
                years: years,
                weekdays: weekdays,
                holidays: holidays,
                makeUpDays: makeUpDays
            )
        } catch {
            throw refusal(error, of: root)
        }
    }

    private static func years(_ mapping: YAMLMapping) throws(YAMLError) -> ClosedRange<Int> {
        let first = try mapping.int("from", in: 1_970...2_199)
        return first...(try mapping.int("to", in: first...2_199))
    }

    /// Days and ranges of days, as `2026-10-01` or `2026-10-01..2026-10-07`; none if the key is left out.
    private static func days(_ key: String, of root: YAMLMapping) throws(YAMLError) -> Set<BusinessDate> {
        var days: Set<BusinessDate> = []
        for element in try root.optionalNode(key)?.elements() ?? [] {
            let text = try element.string()
            let ends = text.split(separator: "..", omittingEmptySubsequences: false).map { BusinessDate(String($0)) }
            guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last,
                last.daysSince1970 - first.daysSince1970 < 366
            else {
                throw element.error(
                    what: "not a day, nor a range of days",
                    mend: "write it as in 2026-10-01, or 2026-10-01..2026-10-07"
                )
            }
            for offset in 0...(last.daysSince1970 - first.daysSince1970) {
                guard days.insert(first.advanced(byDays: offset)).inserted else {
                    throw element.error(what: "a day is listed twice", mend: "keep it once")
                }
            }
            guard days.count <= daysMax else {
                throw element.error(what: "more than \(daysMax) days", mend: "check the ranges")
            }
        }
        return days
    }

    private static func refusal(_ defect: WorkingCalendar.Defect, of root: YAMLMapping) -> YAMLError {
        switch defect {
        case .noYear: root.error(at: "years", what: "no year is covered", mend: "write {from: 2026, to: 2026}")
        case .noWeekday:
            root.error(at: "working_days", what: "no day is listed", mend: "write [mon, tue, wed, thu, fri]")
        case .outsideYears(let day):
            root.error(at: "years", what: "\(day) is listed and lies outside of them", mend: "widen them, or drop it")
        case .contradiction(let day):
            root.error(at: "make_up_days", what: "\(day) is a holiday too", mend: "keep it in one of the lists")
        case .idle(let day):
            root.error(
                at: "make_up_days",
                what: "\(day) is a working day by its weekday (\(Weekday(of: day).rawValue)); a date may be mistyped",
                mend: "make-up days fall on days off: correct the date, or drop it"
            )
        }
    }
}
