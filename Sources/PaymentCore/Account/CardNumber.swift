/// Numbers of payment cards (ISO/IEC 7812).
package enum CardNumber {
    /// How many digits a card number has; shorter and longer numbers are accounts without a check digit of this kind.
    package static let lengths = 13...19

    /// Whether the last digit is the check digit of the others (Luhn).
    ///
    /// False for anything but digits. Some old domestic cards do not pass, so a failure is a warning unless the
    /// merchant's rules say more.
    package static func passesLuhn(_ digits: Span<UInt8>) -> Bool {
        guard digits.count > 1 else { return false }
        var sum = 0
        var isDoubled = false
        var index = digits.count - 1
        while index >= 0 {
            let value = Int(digits[index]) - 0x30
            guard value >= 0, value <= 9 else { return false }
            let weighted = isDoubled ? value * 2 : value
            sum += weighted > 9 ? weighted - 9 : weighted
            isDoubled.toggle()
            index -= 1
        }
        return sum % 10 == 0
    }
}
