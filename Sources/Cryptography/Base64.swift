/// Base64 with the standard alphabet and padding (RFC 4648 §4).
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let padding = UInt8(ascii: "=")
    private static let invalid: UInt8 = 0xFF

    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// Four digits for every three bytes begun, padded, without line breaks.
    package static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = alphabet
        let digitCount = (bytes.count + 2) / 3 * 4
        return String(unsafeUninitializedCapacity: digitCount) { digits in
            var output = 0
            for start in stride(from: 0, to: bytes.count, by: 3) {
                let remaining = bytes.count - start
                let second = remaining > 1 ? bytes[start + 1] : 0
                let third = remaining > 2 ? bytes[start + 2] : 0
                digits[output] = alphabet[Int(bytes[start] >> 2)]
                digits[output + 1] = alphabet[Int((bytes[start] & 0x03) << 4 | second >> 4)]
                digits[output + 2] = remaining > 1 ? alphabet[Int((second & 0x0F) << 2 | third >> 6)] : padding
                digits[output + 3] = remaining > 2 ? alphabet[Int(third & 0x3F)] : padding
                output += 4
            }
            return digitCount
        }
    }

    /// The bytes of `text`, or `nil` unless it is exactly what `encode` gives for them.
    ///
    /// Strict, so that two texts never mean the same bytes: no white space, full padding, unused bits zero.
    package static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 4) else { return nil }
        guard !digits.isEmpty else { return [] }
        let paddingCount = digits.suffix(2).reversed().prefix { $0 == padding }.count
        let values = values
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        var accumulator: UInt32 = 0
        var bitCount: UInt32 = 0
        for digit in digits.dropLast(paddingCount) {
            let value = values[Int(digit)]
            guard value != invalid else { return nil }
            accumulator = accumulator << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: accumulator >> bitCount))
                accumulator &= (1 << bitCount) - 1
            }
        }
        return accumulator == 0 ? bytes : nil
    }
}
