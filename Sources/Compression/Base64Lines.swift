/// Decodes Base64 (RFC 4648 §4) that comes in parts and may be broken into lines.
///
/// Strict, so that a changed or lost byte is found: full padding, unused bits zero, no white space but line ends (LF or
/// CR LF), and lines of one length, a multiple of four, of which only the last is shorter.
struct Base64Lines {
    private static let invalid: UInt8 = 0xFF
    private static let padding = UInt8(ascii: "=")
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        for (value, digit) in alphabet.utf8.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    private let values = Self.values
    private var accumulator: UInt32 = 0
    /// Digits and padding of the group of four that is being read.
    private var groupCount = 0
    private var paddingCount = 0
    private var lineCount = 0
    /// The length of the first line, once it has ended.
    private var lineLength: Int?
    private var isLineEndDue = false
    /// Whether nothing but the end may follow.
    private var isAtEnd = false

    /// Appends what `bytes` stand for; answers how many of them were good, all unless one breaks the rules.
    mutating func decode(_ bytes: ArraySlice<UInt8>, into output: inout [UInt8]) -> Int {
        output.reserveCapacity(output.count + bytes.count / 4 * 3 + 3)
        var good = 0
        for byte in bytes {
            guard take(byte, into: &output) else { return good }
            good += 1
        }
        return good
    }

    /// Whether the text may end here.
    var isComplete: Bool { groupCount == 0 && !isLineEndDue }

    private mutating func take(_ byte: UInt8, into output: inout [UInt8]) -> Bool {
        if isLineEndDue || byte == 0x0A { return endLine(byte) }
        if byte == 0x0D {
            isLineEndDue = true
            return true
        }
        guard !isAtEnd, lineLength.map({ lineCount < $0 }) ?? true else { return false }
        lineCount += 1
        groupCount += 1
        if byte == Self.padding {
            paddingCount += 1
            guard groupCount > 2 else { return false }
        } else {
            let value = values[Int(byte)]
            guard value != Self.invalid, paddingCount == 0 else { return false }
            accumulator = accumulator << 6 | UInt32(value)
        }
        return groupCount < 4 || endGroup(into: &output)
    }

    private mutating func endGroup(into output: inout [UInt8]) -> Bool {
        switch paddingCount {
        case 0:
            output.append(UInt8(truncatingIfNeeded: accumulator >> 16))
            output.append(UInt8(truncatingIfNeeded: accumulator >> 8))
            output.append(UInt8(truncatingIfNeeded: accumulator))
        case 1:
            guard accumulator & 0x03 == 0 else { return false }
            output.append(UInt8(truncatingIfNeeded: accumulator >> 10))
            output.append(UInt8(truncatingIfNeeded: accumulator >> 2))
        default:
            guard accumulator & 0x0F == 0 else { return false }
            output.append(UInt8(truncatingIfNeeded: accumulator >> 4))
        }
        isAtEnd = paddingCount > 0
        accumulator = 0
        groupCount = 0
        return true
    }

    private mutating func endLine(_ byte: UInt8) -> Bool {
        guard byte == 0x0A, lineCount > 0, groupCount == 0 else { return false }
        if let lineLength {
            if lineCount < lineLength { isAtEnd = true }
        } else {
            lineLength = lineCount
        }
        lineCount = 0
        isLineEndDue = false
        return true
    }
}
