/// How the text of a scalar is judged; what YAML 1.1 tools would make of it is not always what its writer meant.
enum ScalarText {
    /// Whether some YAML reader takes the plain word as a truth value or as nothing (`no` for Norway).
    static func isAmbiguous(_ text: String) -> Bool {
        switch text.lowercased() {
        case "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n": true
        default: false
        }
    }

    /// The same for a key, where single letters are let through: they are common as coordinates and codes.
    static func isAmbiguousKey(_ text: String) -> Bool {
        isAmbiguous(text) && !["y", "n"].contains(text.lowercased())
    }

    /// Whether the plain text stands for no value at all.
    static func isNothing(_ text: String) -> Bool {
        switch text {
        case "", "~", "null", "Null", "NULL": true
        default: false
        }
    }

    /// A decimal integer without sign `+`, leading zeros (octal to some readers) or separators.
    static func integer(_ text: String) -> Int? {
        let digits = text.hasPrefix("-") ? text.dropFirst() : text[...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        guard digits == "0" || digits.first != "0", text != "-0" else { return nil }
        return Int(text)
    }

    /// An unsigned integer followed by its unit: `500ms`, `10s`, `5m`, `2h`, `1d` (24 hours).
    static func duration(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = integer(String(digits)) else { return nil }
        let secondsEach: Int
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(count)
        case "s": secondsEach = 1
        case "m": secondsEach = 60
        case "h": secondsEach = 3_600
        case "d": secondsEach = 86_400
        default: return nil
        }
        let (seconds, overflow) = count.multipliedReportingOverflow(by: secondsEach)
        return overflow ? nil : .seconds(seconds)
    }

    /// The duration in the largest unit that divides it, as it would be written in a file.
    static func text(of duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)ms" }
        for (unit, each) in [("d", Int64(86_400)), ("h", 3_600), ("m", 60)] where seconds != 0 && seconds % each == 0 {
            return "\(seconds / each)\(unit)"
        }
        return "\(seconds)s"
    }

    /// The value as an error may show it: at most 40 characters.
    static func shown(_ text: String) -> String {
        text.count <= 40 ? "`\(text)`" : "`\(text.prefix(40))…`"
    }
}
