/// Unified social credit codes of organisations (统一社会信用代码, GB 32100).
package enum SocialCreditCode {
    /// What is wrong with a code that is none.
    package enum Defect: String, Sendable, Hashable {
        /// Not 18 characters.
        case length
        /// A character outside digits and capitals without I, O, S, V and Z, or a letter in the region.
        case character
        /// The last character is not the check character of the others.
        case checkDigit
    }

    private static let count = 18
    private static let modulus = 31

    /// The defect of `code`; nil when its characters and check character are right.
    package static func defect(of code: Span<UInt8>) -> Defect? {
        guard code.count == count else { return .length }
        var sum = 0
        var weight = 1
        for index in 0..<count {
            guard let value = value(of: code[index]) else { return .character }
            // The region, behind authority and category, is written in digits.
            if (2..<8).contains(index), value > 9 { return .character }
            // The check character makes the weighted sum a multiple of 31.
            sum += value * (index == count - 1 ? 1 : weight)
            weight = weight * 3 % modulus
        }
        return sum % modulus == 0 ? nil : .checkDigit
    }

    /// The place of a character in the alphabet of the standard.
    private static func value(of byte: UInt8) -> Int? {
        if byte.isASCIIDigit { return Int(byte - 0x30) }
        guard byte.isASCIICapital else { return nil }
        var value = Int(byte - 0x41) + 10
        for skipped in skippedLetters {
            if byte == skipped { return nil }
            if byte > skipped { value -= 1 }
        }
        return value
    }

    /// I, O, S, V and Z are never used.
    private static let skippedLetters: [UInt8] = [0x49, 0x4F, 0x53, 0x56, 0x5A]
}
