/// One line of a NACHA file: 94 characters, the blanks that its sender cut off filled in.
///
/// Columns count from 1, as the rulebook's tables do.
struct NACHALine: Sendable {
    static let width = 94

    /// Always 94 bytes; what a longer line has beyond them is left out.
    private(set) var bytes = [UInt8](repeating: 0x20, count: width)
    /// The bytes that the file has of it, without its line end and blanks beyond the width.
    private(set) var length = 0
    /// Whether every byte in the file, also beyond the width, is printable ASCII.
    private(set) var isPrintable = true
    /// The physical line, from 1.
    private(set) var number: Int64 = 0
    /// Its bytes in the file, the line end included.
    private(set) var byteRange: Range<Int64> = 0..<0

    /// Takes the bytes of the next line, without its line end.
    mutating func fill(_ content: Span<UInt8>, number: Int64, byteRange: Range<Int64>) {
        self.number = number
        self.byteRange = byteRange
        // Looked at all at once: a branch a byte would cost more than the copy.
        var foreign: UInt8 = 0
        for index in 0..<content.count { foreign |= content[index] &- 0x20 > 0x5E ? 1 : 0 }
        isPrintable = foreign == 0
        let kept = min(content.count, Self.width)
        var target = bytes.mutableSpan
        for index in 0..<kept { target[index] = content[index] }
        for index in kept..<Self.width { target[index] = 0x20 }
        length = kept
        for index in kept..<content.count where content[index] != 0x20 { length = content.count }
    }

    /// The first character, which says what kind of line it is.
    var kind: UInt8 { bytes[0] }

    /// Whether it only fills a block: nines, as many as there are of it.
    var isPadding: Bool { length > 0 && length <= Self.width && bytes.prefix(length).allSatisfy { $0 == 0x39 } }

    subscript(columns: ClosedRange<Int>) -> ArraySlice<UInt8> {
        bytes[columns.lowerBound - 1...columns.upperBound - 1]
    }

    subscript(column: Int) -> UInt8 { bytes[column - 1] }

    /// The number in these columns, at most 18 of them; nil unless each holds a digit.
    func digits(_ columns: ClosedRange<Int>) -> Int64? {
        let line = bytes.span
        var value: Int64 = 0
        for index in columns.lowerBound &- 1..<columns.upperBound {
            let digit = line[index] &- 0x30
            guard digit <= 9 else { return nil }
            // So many digits fit.
            value = value &* 10 &+ Int64(digit)
        }
        return value
    }

    /// What stands in these columns without the blanks around it.
    func trimmed(_ columns: ClosedRange<Int>) -> ArraySlice<UInt8> {
        var start = columns.lowerBound - 1
        var end = columns.upperBound
        while start < end, bytes[start] == 0x20 { start += 1 }
        while end > start, bytes[end - 1] == 0x20 { end -= 1 }
        return bytes[start..<end]
    }

    /// Whether a text that must be filled is: it holds something other than blanks and zeros.
    func isFilled(_ columns: ClosedRange<Int>) -> Bool { self[columns].contains { $0 != 0x20 && $0 != 0x30 } }

    /// What makes the file unfit, at this line.
    func defect(_ code: FileDefect.Code, _ what: String, _ mend: String) -> FileDefect {
        FileDefect(code: code, line: number, byteOffset: byteRange.lowerBound, what: what, mend: mend)
    }
}
