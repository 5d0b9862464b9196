/// Forms of personal and foreign values that may be shown (R15): on a terminal, in a report, beside a review item.
package enum Masked {
    /// The most characters of a value that are ever shown.
    package static let shownMax = 80

    /// The first six and the last four characters of an account number, the rest starred: `622202*********3445`.
    ///
    /// Numbers of fewer than 14 characters, where ten would be too many, and values that may be a name in the wrong
    /// column are starred as a whole: those with anything but ASCII letters, digits, spaces and hyphens, with fewer
    /// digits than other characters, or with letters and spaces both.
    package static func account(_ number: String) -> String {
        let bytes = Array(number.utf8)
        let digits = bytes.count(where: \.isASCIIDigit)
        guard bytes.count >= 14, bytes.count <= shownMax, digits * 2 >= bytes.count,
            bytes.allSatisfy(isPartOfAccount),
            !bytes.contains(0x20) || bytes.allSatisfy({ $0.isASCIIDigit || !$0.isASCIILetterOrDigit })
        else { return hidden(number) }
        return String(decoding: bytes.prefix(6), as: UTF8.self)
            + String(repeating: "*", count: bytes.count - 10)
            + String(decoding: bytes.suffix(4), as: UTF8.self)
    }

    /// A merchant's number for an order: as it is, unless it looks like something personal.
    ///
    /// A card, an IBAN or an identity number is shown as an account number is; a name or a mobile number is starred.
    package static func orderNumber(_ number: String) -> String {
        switch PersonalLook(number) {
        case .accountNumber: account(number)
        case .nameOrContact: hidden(number)
        case nil: visible(number)
        }
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

    /// Words that a person gives as a reason, which the audit keeps: whatever may be an account number is masked.
    package static func reason(_ words: String) -> String { prose(words, account: "", name: "") }

    /// Words that a person wrote about an order, its account and name masked.
    ///
    /// So is whatever else may be an account number: 12 digits or more, also in groups. The words are not made safe for
    /// a terminal.
    package static func prose(_ words: String, account: String, name: String) -> String {
        var words = words
        if !account.isEmpty { words = words.replacing(account, with: Self.account(account)) }
        if name.count > 1 { words = words.replacing(name, with: Self.name(name)) }
        var scalars = Array(words.unicodeScalars)
        var digits: [Int] = []
        for index in scalars.indices {
            if scalars[index].properties.numericType == .decimal {
                // One mark between two digits keeps them together: numbers are written in groups.
                if let last = digits.last, index - last > 2 || (index - last == 2 && !isGroupMark(scalars[last + 1])) {
                    star(digits, in: &scalars)
                    digits = []
                }
                digits.append(index)
            }
        }
        star(digits, in: &scalars)
        var shown = String.UnicodeScalarView()
        shown.append(contentsOf: scalars)
        return String(shown)
    }

    private static func star(_ digits: [Int], in scalars: inout [Unicode.Scalar]) {
        guard digits.count >= 12 else { return }
        let hidden = digits.count >= 14 ? digits.dropFirst(6).dropLast(4) : digits[...]
        for index in hidden { scalars[index] = "*" }
    }

    private static func isGroupMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .spaceSeparator, .dashPunctuation, .format: true
        default: scalar == "." || scalar == "/"
        }
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
