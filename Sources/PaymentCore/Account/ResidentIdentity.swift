/// Numbers of resident identity cards (GB 11643).
package enum ResidentIdentity {
    /// What is wrong with a number that is none.
    package enum Defect: String, Sendable, Hashable {
        /// Not 18 characters; numbers of the old form had 15.
        case length
        /// A character other than a digit; the last may be a capital `X`.
        case character
        /// The date of birth does not exist, lies before 1800 or is still to come.
        case date
        /// The last character is not the check digit of the others.
        case checkDigit
    }

    /// The defect of `number`; nil when its characters, date of birth and check digit are right.
    ///
    /// Codes of regions are not looked at: their list changes, and old codes stay valid. Nobody was born after `today`,
    /// where it is known.
    package static func defect(of number: Span<UInt8>, today: BusinessDate? = nil) -> Defect? {
        guard number.count == 18 else { return .length }
        // The digits weigh 2 to the power of their distance from the end; both sums fit easily.
        var sum = 0
        for index in 0..<17 {
            guard number[index].isASCIIDigit else { return .character }
            sum = sum * 2 + Int(number[index] - 0x30)
        }
        guard number[17].isASCIIDigit || number[17] == 0x58 else { return .character }
        guard let birth = date(number), today.map({ birth <= $0 }) ?? true else { return .date }
        let check = number[17] == 0x58 ? 10 : Int(number[17] - 0x30)
        return (sum * 2 + check) % 11 == 1 ? nil : .checkDigit
    }

    private static func date(_ number: Span<UInt8>) -> BusinessDate? {
        func value(_ range: Range<Int>) -> Int {
            var value = 0
            for index in range { value = value * 10 + Int(number[index] - 0x30) }
            return value
        }
        let year = value(6..<10)
        return year >= 1_800 ? BusinessDate(year: year, month: value(10..<12), day: value(12..<14)) : nil
    }
}
