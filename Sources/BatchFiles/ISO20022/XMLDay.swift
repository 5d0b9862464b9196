/// The day of an xs:date or an xs:dateTime: `2026-03-09` of `2026-03-09T10:00:00+08:00`.
///
/// The day as it is written, in whatever zone that is: who asks for a day means the one that it wrote.
enum XMLDay {
    private static let length = 10

    /// The day; the whole text where it does not begin like one, and nothing of a blank text.
    static func digits(_ text: Span<UInt8>) -> [UInt8] {
        let value = trimmed(text)
        guard value.count > length else { return value }
        // A time or a zone follows.
        switch value[length] {
        case UInt8(ascii: "T"), UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"):
            return Array(value.prefix(length))
        default: return value
        }
    }

    /// The text without the white space of XML around it.
    static func trimmed(_ text: Span<UInt8>) -> [UInt8] {
        var start = 0
        var end = text.count
        while start < end, isBlank(text[start]) { start += 1 }
        while end > start, isBlank(text[end - 1]) { end -= 1 }
        return text.extracting(start..<end).withUnsafeBufferPointer { Array($0) }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}
