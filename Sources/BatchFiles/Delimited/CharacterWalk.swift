package import Transcoding

/// Steps over the characters of a charset, so that a second byte is never taken for a separator or a quote.
///
/// Second bytes of GBK and GB 18030 are 40 to 7E and 80 to FE, which holds `|`, `^`, `\` and letters, but neither a
/// line
/// feed nor a carriage return nor the double quote. So whatever is damaged, reading is right again at the next line.
package struct CharacterWalk: Sendable {
    private let isMultiByte: Bool
    private let hasFourBytes: Bool

    package init(charset: Charset) {
        switch charset {
        case .utf8, .latin1: (isMultiByte, hasFourBytes) = (false, false)
        case .gbk: (isMultiByte, hasFourBytes) = (true, false)
        case .gb18030: (isMultiByte, hasFourBytes) = (true, true)
        }
    }

    /// Whether a character of more than one byte may begin with `byte` and end with an ASCII byte.
    package func isLead(_ byte: UInt8) -> Bool { isMultiByte && byte >= 0x81 && byte <= 0xFE }

    /// The bytes of the character that begins with the lead byte at `index`; 1 when the pair is damaged, so that the
    /// byte after it keeps its meaning; nil when more bytes must be seen first.
    package func width(at index: Int, in bytes: Span<UInt8>, isLast: Bool) -> Int? {
        let available = bytes.count - index
        guard available >= 2 else { return isLast ? 1 : nil }
        let second = bytes[index + 1]
        if second >= 0x40, second <= 0xFE, second != 0x7F { return 2 }
        guard hasFourBytes, second >= 0x30, second <= 0x39 else { return 1 }
        guard available >= 4 else { return isLast ? 1 : nil }
        let third = bytes[index + 2]
        let fourth = bytes[index + 3]
        return third >= 0x81 && third <= 0xFE && fourth >= 0x30 && fourth <= 0x39 ? 4 : 1
    }
}
