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

    /// `text` is valid UTF-8.
    init(_ text: Span<UInt8>) {
        var union: UInt8 = 0
        for index in 0..<text.count {
            let byte = text[index]
            union |= byte
            if byte < 0x20 || byte == 0x7F { hasControl = true }
        }
        guard union >= 0x80 else {
            length = text.count
            hasSurroundingSpace = length > 0 && (text[0] == 0x20 || text[length - 1] == 0x20)
            isBlank = hasSurroundingSpace && !Self.holdsOther(than: 0x20, text)
            return
        }
        var isFirst = true
        var isLastSpace = false
        isBlank = true
        var scalars = UTF8Span(unchecked: text).makeUnicodeScalarIterator()
        while let scalar = scalars.next() {
            length += 1
            defer { isFirst = false }
            // Han characters, nearly all of a name, need no look at their properties.
            if scalar.value >= 0x3400, scalar.value <= 0x9FFF {
                isLastSpace = false
                isBlank = false
                continue
            }
            let category = scalar.properties.generalCategory
            isLastSpace = category == .spaceSeparator
            if isFirst, isLastSpace { hasSurroundingSpace = true }
            if !isLastSpace, category != .format { isBlank = false }
            switch category {
            case .control: hasControl = true
            case .format, .lineSeparator, .paragraphSeparator: hasInvisible = true
            case .privateUse: hasReplacement = true
            default: hasReplacement = hasReplacement || scalar == "\u{FFFD}"
            }
        }
        hasSurroundingSpace = hasSurroundingSpace || isLastSpace
    }

    /// `isBlank` alone, without a look at what follows the first character that is none.
    static func isBlank(_ text: Span<UInt8>) -> Bool {
        guard text.count > 0 else { return false }
        for index in 0..<text.count where text[index] != 0x20 {
            // ASCII has no other blank, and the characters of three bytes from U+4000 to U+9FFF have none.
            let mayBeBlank = text[index] >= 0x80 && !(0xE4...0xE9).contains(text[index])
            return mayBeBlank && TextFindings(text).isBlank
        }
        return true
    }

    private static func holdsOther(than byte: UInt8, _ text: Span<UInt8>) -> Bool {
        for index in 0..<text.count where text[index] != byte { return true }
        return false
    }
}
