import PaymentCore
import Testing

struct BusinessDateTests {
    @Test func `every day from 1600 to 2400 makes the round trip and follows the one before`() throws {
        var expected = try #require(BusinessDate(year: 1600, month: 1, day: 1)).daysSince1970
        var mistakes: [String] = []
        for year in 1600...2400 {
            for month in 1...12 {
                let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
                let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
                if BusinessDate(year: year, month: month, day: days + 1) != nil {
                    mistakes.append("\(year)-\(month): long")
                }
                for day in 1...days {
                    guard let date = BusinessDate(year: year, month: month, day: day) else {
                        mistakes.append("\(year)-\(month)-\(day): missing")
                        continue
                    }
                    let civil = date.civil
                    if date.daysSince1970 != expected || civil != (year, month, day)
                        || BusinessDate(date.description) != date || BusinessDate(date.compact) != date
                    {
                        mistakes.append("\(year)-\(month)-\(day): \(date)")
                    }
                    expected += 1
                }
            }
        }
        #expect(mistakes.isEmpty, "\(mistakes.prefix(5))")
    }

    @Test(
        arguments: [
            ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11_016), ("2000-03-01", 11_017),
            ("1600-01-01", -135_140),
            ("2026-11-21", 20_778), ("0001-01-01", -719_162), ("9999-12-31", 2_932_896),
        ] as [(String, Int32)]
    )
    func `known days have their numbers`(text: String, days: Int32) {
        #expect(BusinessDate(text)?.daysSince1970 == days)
        #expect(BusinessDate(daysSince1970: days).description == text)
        #expect(BusinessDate(daysSince1970: days).compact == text.filter { $0 != "-" })
    }

    @Test(arguments: [
        "", "2026", "20261301", "20260001", "20260100", "20260132", "20260230", "19000229", "2026-1-01", "2026/01/01",
        "2026-01/01", "202601011", "2026-01-01 ", "+2026010", "00000101", "２０２６0101", "2026-0a-01", "-2026-1-1",
    ])
    func `what is no date is not read as one`(text: String) {
        #expect(BusinessDate(text) == nil)
    }

    @Test func `days are counted across month, leap day and year`() throws {
        let eve = try #require(BusinessDate("2027-12-31"))
        #expect(eve.advanced(byDays: 1).description == "2028-01-01")
        #expect(eve.advanced(byDays: 60).description == "2028-02-29")
        #expect(eve.advanced(byDays: 366).advanced(byDays: -366) == eve)
        #expect(eve < eve.advanced(byDays: 1))
    }

    @Test func `the ends of the range have a civil date`() {
        #expect(BusinessDate(daysSince1970: .max).civil.year == 5_881_580)
        #expect(BusinessDate(daysSince1970: .min).civil.year == -5_877_641)
    }
}
