/// What stands out in the characters of a value.
struct TextFindings {
    /// Unicode scalars.
    private(set) var length = 0
    /// Control characters: NUL, line ends, tabs, escape and the like.
    private(set) var hasControl = false
    /// Format characters and separators that no eye sees: zero-width and direction marks, U+2028.
    private(set) var hasInvisible = false
    /// U+FFFD, or a private-use character: what an earlier conversion lost.
    private(set) var hasReplacement = false
    /// A space of any width at the beginning or the end.
    private(set) var hasSurroundingSpace = false
    /// Nothing but spaces and invisible characters.
    private(set) var isBlank = false

    /// `text` is what `bytes` say.
    init(_ bytes: Span<UInt8>, _ text: String) {
        var union: UInt8 = 0
        for index in 0..<bytes.count {
            let byte = bytes[index]
            union |= byte
            if byte < 0x20 || byte == 0x7F { hasControl = true }
        }
        guard union >= 0x80 else {
            length = bytes.count
            hasSurroundingSpace = length > 0 && (bytes[0] == 0x20 || bytes[length - 1] == 0x20)
            isBlank = hasSurroundingSpace && text.utf8.allSatisfy { $0 == 0x20 }
            return
        }
        for scalar in text.unicodeScalars {
            length += 1
            // Han characters, nearly all of a name, need no look at their properties.
            if scalar.value >= 0x3400, scalar.value <= 0x9FFF { continue }
            switch scalar.properties.generalCategory {
            case .control: hasControl = true
            case .format, .lineSeparator, .paragraphSeparator: hasInvisible = true
            case .privateUse: hasReplacement = true
            default: hasReplacement = hasReplacement || scalar == "\u{FFFD}"
            }
        }
        let scalars = text.unicodeScalars
        hasSurroundingSpace = scalars.first.map(Self.isSpace) == true || scalars.last.map(Self.isSpace) == true
        isBlank =
            (hasSurroundingSpace || hasInvisible)
            && scalars.allSatisfy { Self.isSpace($0) || $0.properties.generalCategory == .format }
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value >= 0x3400, scalar.value <= 0x9FFF { return false }
        return scalar.properties.generalCategory == .spaceSeparator
    }
}
