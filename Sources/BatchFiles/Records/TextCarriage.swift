package import PaymentCore
package import Transcoding

/// Says what keeps a channel from carrying a text.
///
/// Nothing is ever replaced, transliterated or cut: a text is carried as it is, or not at all.
package struct TextCarriage: ~Copyable {
    /// What a channel cannot do with a text.
    package enum Obstacle: Sendable, Hashable {
        /// Its repertoire lacks a character.
        case repertoire
        /// The text is longer than the field may be.
        case length(found: Int, max: Int, unit: TextProfile.LengthUnit)
    }

    /// The Han characters that GBK has without a gap, each in two bytes: nearly all of a name.
    private static let commonHan: ClosedRange<UInt32> = 0x4E00...0x9FA5

    private let gbk: TextEncoder?
    private let gb18030: TextEncoder?

    /// A carriage for these profiles, whose charsets must be available (`TextProfile.charsets`).
    package init(_ profiles: some Sequence<TextProfile>) {
        let charsets = profiles.reduce(into: Set<Charset>()) { $0.formUnion($1.charsets) }
        gbk = charsets.contains(.gbk) ? TextEncoder(charset: .gbk) : nil
        gb18030 = charsets.contains(.gb18030) ? TextEncoder(charset: .gb18030) : nil
    }

    /// What keeps a channel of this profile from carrying the text in this field; empty if nothing does.
    ///
    /// Control characters are not looked at: no order has them.
    package func obstacles(
        to text: String,
        in field: TextProfile.Field,
        of profile: TextProfile
    ) -> [Obstacle] { obstacles(to: text.utf8.span, in: field, of: profile) }

    /// The same for a text in valid UTF-8.
    package func obstacles(
        to text: Span<UInt8>,
        in field: TextProfile.Field,
        of profile: TextProfile
    ) -> [Obstacle] {
        let lengthMax = profile.lengthMax[field]
        // Most channels take any text, and most texts are short.
        if profile.repertoire == .utf8, lengthMax == nil, text.count <= field.messageBytesMax { return [] }
        let measure = TextMeasure(text)
        var obstacles: [Obstacle] = []
        if !holds(text, measure, profile.repertoire) { obstacles.append(.repertoire) }
        if let max = lengthMax {
            let found = length(of: text, measure, in: profile.lengthUnit)
            if found > max { obstacles.append(.length(found: found, max: max, unit: profile.lengthUnit)) }
        }
        if obstacles.isEmpty, measure.bytes > field.messageBytesMax {
            obstacles.append(.length(found: measure.bytes, max: field.messageBytesMax, unit: .utf8Bytes))
        }
        return obstacles
    }

    private func holds(_ text: Span<UInt8>, _ measure: TextMeasure, _ repertoire: TextProfile.Repertoire) -> Bool {
        switch repertoire {
        case .utf8: return true
        case .ascii, .sepa:
            return measure.scalars == measure.bytes
                && Self.holdsOnly(text) { $0 < 0x20 || $0 == 0x7F || repertoire.holds(ascii: $0) }
        case .gbk:
            // glibc writes the euro sign as CP936 does, which other readers of GBK do not know.
            return !measure.hasOthers || (!measure.hasEuro && encodes(text, with: .gbk) != nil)
        case .gb18030: return !measure.hasOthers || encodes(text, with: .gb18030) != nil
        }
    }

    private func length(
        of text: Span<UInt8>,
        _ measure: TextMeasure,
        in unit: TextProfile.LengthUnit
    ) -> Int {
        switch unit {
        case .characters: measure.scalars
        case .utf8Bytes: measure.bytes
        case .gbkBytes:
            // What not even GB 18030 writes is counted as its longest form.
            measure.hasOthers
                ? encodes(text, with: .gb18030) ?? measure.scalars * 4 : measure.ascii + 2 * measure.commonHan
        }
    }

    private static func holdsOnly(_ text: Span<UInt8>, _ isAdmitted: (UInt8) -> Bool) -> Bool {
        for index in 0..<text.count where !isAdmitted(text[index]) { return false }
        return true
    }

    /// How many bytes the text has in the charset; nil if it cannot be written, or only in codes for private use.
    private func encodes(_ text: Span<UInt8>, with charset: Charset) -> Int? {
        let text = String(copying: UTF8Span(unchecked: text))
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .privateUse }) else { return nil }
        return charset == .gbk ? gbk?.encode(text)?.count : gb18030?.encode(text)?.count
    }

    /// The characters of a text, counted.
    private struct TextMeasure {
        private(set) var scalars = 0
        private(set) var ascii = 0
        private(set) var commonHan = 0
        private(set) var hasEuro = false
        let bytes: Int

        init(_ text: Span<UInt8>) {
            bytes = text.count
            var scalars = UTF8Span(unchecked: text).makeUnicodeScalarIterator()
            while let scalar = scalars.next() {
                self.scalars += 1
                if scalar.value < 0x80 {
                    ascii += 1
                } else if TextCarriage.commonHan.contains(scalar.value) {
                    commonHan += 1
                } else if scalar == "€" {
                    hasEuro = true
                }
            }
        }

        /// Whether there are characters that only a converter knows.
        var hasOthers: Bool { ascii + commonHan < scalars }
    }
}

extension TextProfile {
    /// The charsets whose converters this machine must have for the profile.
    package var charsets: Set<Charset> {
        var charsets: Set<Charset> = []
        if repertoire == .gbk { charsets.insert(.gbk) }
        if repertoire == .gb18030 || (!lengthMax.isEmpty && lengthUnit == .gbkBytes) { charsets.insert(.gb18030) }
        return charsets
    }
}
