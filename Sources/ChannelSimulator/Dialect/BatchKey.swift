/// What names a batch at the company: the merchant's number together with the trade date (page section 3).
package struct BatchKey: Hashable, Sendable, Comparable {
    package let number: String
    package let tradeDate: String

    package init(number: String, tradeDate: String) {
        self.number = number
        self.tradeDate = tradeDate
    }

    /// Takes both from a message, if they have the page's form.
    init?(in message: JSONValue) {
        guard
            let number = message["batch_no"]?.text, Self.isIdentifier(number, lengthMax: 32),
            let tradeDate = message["trade_date"]?.text, Self.isDate(tradeDate)
        else { return nil }
        self.init(number: number, tradeDate: tradeDate)
    }

    package static func < (first: BatchKey, second: BatchKey) -> Bool {
        (first.tradeDate, first.number) < (second.tradeDate, second.number)
    }

    /// Whether `text` is 1 through `lengthMax` of `[A-Za-z0-9-]`.
    static func isIdentifier(_ text: String, lengthMax: Int) -> Bool {
        (1...lengthMax).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// Whether `text` is a day of the Gregorian calendar as `YYYYMMDD`.
    private static func isDate(_ text: String) -> Bool {
        let digits = Array(text.utf8)
        guard
            digits.count == 8,
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { return false }
        let number = digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
        let (year, month, day) = (number / 10_000, number / 100 % 100, number % 100)
        guard year >= 1970, (1...12).contains(month) else { return false }
        let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }
}
