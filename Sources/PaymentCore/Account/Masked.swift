/// Forms of personal and foreign values that may be shown (R15): on a terminal, in a report, beside a review item.
package enum Masked {
    /// The most characters of a value that are ever shown.
    package static let shownMax = 80

    /// The first six and the last four characters of an account number, the rest starred: `622202*********3445`.
    ///
    /// Numbers of fewer than 14 characters, where ten would be too many, and values with anything but ASCII letters,
    /// digits, spaces and hyphens are starred as a whole: they may be a name in the wrong column.
    package static func account(_ number: String) -> String {
        let bytes = Array(number.utf8)
        guard bytes.count >= 14, bytes.count <= shownMax, bytes.allSatisfy(isPartOfAccount) else {
            return hidden(number)
        }
        return String(decoding: bytes.prefix(6), as: UTF8.self)
            + String(repeating: "*", count: bytes.count - 10)
            + String(decoding: bytes.suffix(4), as: UTF8.self)
    }

    /// The first character of a name and one star, whatever the name's length: `张*`.
    package static func name(_ name: String) -> String {
        let scalars = name.unicodeScalars
        guard let first = scalars.first else { return "" }
        guard scalars.index(after: scalars.startIndex) != scalars.endIndex else { return "*" }
        var shown = ""
        append(first, to: &shown)
        return shown + "*"
    }

    /// As many stars as the value has characters, at most 32.
    package static func hidden(_ value: String) -> String {
        String(repeating: "*", count: min(value.unicodeScalars.prefix(32).count, 32))
    }

    /// A value that is not personal, made safe for a terminal and cut at `scalarsMax` characters with an ellipsis.
    ///
    /// Control and format characters (escape sequences, direction overrides, zero-width marks), line and paragraph
    /// separators and what Unicode leaves undefined are written as `\u{…}`.
    package static func visible(_ value: String, scalarsMax: Int = shownMax) -> String {
        var shown = ""
        var count = 0
        for scalar in value.unicodeScalars {
            guard count < scalarsMax else { return shown + "…" }
            append(scalar, to: &shown)
            count += 1
        }
        return shown
    }

    private static func append(_ scalar: Unicode.Scalar, to shown: inout String) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
            shown += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        default:
            shown.unicodeScalars.append(scalar)
        }
    }

    private static func isPartOfAccount(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || byte == 0x20 || byte == 0x2D
    }
}
