import PaymentCore

/// A point of time as xs:dateTime writes it: `2026-03-09T10:00:00.5+08:00`.
enum XMLTime {
    /// Whether a text is one, in the forms that every validator takes: a day that exists, seconds with at most nine
    /// decimals, and a zone or none.
    static func isDateTime(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count >= 19, bytes[10] == UInt8(ascii: "T"),
            BusinessDate(String(decoding: bytes[..<10], as: UTF8.self)) != nil,
            isClock(bytes[11..<19])
        else { return false }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            let decimals = rest.dropFirst().prefix { isDigit($0) }
            guard (1...9).contains(decimals.count) else { return false }
            rest = rest.dropFirst(decimals.count + 1)
        }
        return rest.isEmpty || rest.elementsEqual("Z".utf8) || isOffset(rest)
    }

    /// `hh:mm:ss`.
    private static func isClock(_ bytes: ArraySlice<UInt8>) -> Bool {
        let parts = bytes.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        return parts.count == 3 && zip(parts, [23, 59, 59]).allSatisfy { isNumber($0, max: $1) }
    }

    /// `+hh:mm` or `-hh:mm`.
    private static func isOffset(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-") else { return false }
        let parts = bytes.dropFirst().split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        return parts.count == 2 && zip(parts, [13, 59]).allSatisfy { isNumber($0, max: $1) }
    }

    /// Two digits of at most this value.
    private static func isNumber(_ bytes: ArraySlice<UInt8>, max: Int) -> Bool {
        bytes.count == 2 && bytes.allSatisfy(isDigit) && bytes.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= max
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
