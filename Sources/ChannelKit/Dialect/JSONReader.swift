/// Reads JSON (RFC 8259) from a channel, strictly and within bounds.
///
/// Refused beyond the grammar: duplicate keys (two readers would take two different ones), a byte-order mark, NUL and
/// lone surrogates in strings (no text column holds them), nesting deeper than `depthMax`, more than `bytesMax` bytes.
struct JSONReader {
    /// The dialects nest four deep.
    static let depthMax = 16

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads exactly one value, with nothing but white space around it.
    static func read(_ bytes: [UInt8], bytesMax: Int) throws(JSONDefect) -> JSONValue {
        guard bytes.count <= bytesMax else { throw JSONDefect(what: "more bytes than allowed", offset: bytesMax) }
        var reader = JSONReader(bytes)
        reader.skipWhiteSpace()
        let value = try reader.value()
        reader.skipWhiteSpace()
        guard reader.position == bytes.count else { throw reader.defect("more than one value") }
        return value
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func defect(_ what: String) -> JSONDefect { JSONDefect(what: what, offset: position) }

    private mutating func skipWhiteSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONDefect) -> JSONValue {
        guard let next else { throw defect("it ends where a value is due") }
        switch next {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw defect("no value begins so")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONDefect) -> JSONValue {
        let end = position + word.utf8CodeUnitCount
        let isThere = word.withUTF8Buffer { end <= bytes.count && bytes[position..<end].elementsEqual($0) }
        guard isThere else { throw defect("no value begins so") }
        position = end
        return value
    }

    private mutating func descend() throws(JSONDefect) {
        depth += 1
        guard depth <= Self.depthMax else { throw defect("nested too deep") }
        position += 1
        skipWhiteSpace()
    }

    private mutating func object() throws(JSONDefect) -> JSONValue {
        try descend()
        defer { depth -= 1 }
        var members: [String: JSONValue] = [:]
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            guard next == UInt8(ascii: "\"") else { throw defect("a key is due") }
            let keyPosition = position
            let key = try string()
            skipWhiteSpace()
            guard take(UInt8(ascii: ":")) else { throw defect("a colon is due") }
            skipWhiteSpace()
            let value = try value()
            guard members.updateValue(value, forKey: key) == nil else {
                throw JSONDefect(what: "a key appears twice", offset: keyPosition)
            }
            skipWhiteSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw defect("a comma or a closing brace is due") }
            skipWhiteSpace()
        }
    }

    private mutating func array() throws(JSONDefect) -> JSONValue {
        try descend()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(elements) }
        while true {
            elements.append(try value())
            skipWhiteSpace()
            if take(UInt8(ascii: "]")) { return .array(elements) }
            guard take(UInt8(ascii: ",")) else { throw defect("a comma or a closing bracket is due") }
            skipWhiteSpace()
        }
    }

    // MARK: Numbers

    private mutating func number() throws(JSONDefect) -> JSONValue {
        let isNegative = take(UInt8(ascii: "-"))
        let start = position
        var magnitude: UInt64 = 0
        var fits = true
        while let digit = nextDigit {
            position += 1
            let (tens, tooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = tens.addingReportingOverflow(UInt64(digit))
            fits = fits && !tooLarge && !overflow
            magnitude = sum
        }
        guard position > start else { throw defect("a digit is due") }
        guard position - start == 1 || bytes[start] != UInt8(ascii: "0") else { throw defect("a leading zero") }
        var isInteger = true
        if take(UInt8(ascii: ".")) {
            isInteger = false
            try skipDigits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        guard isInteger, fits else { return .inexact }
        if isNegative {
            return magnitude <= Int64.min.magnitude ? .integer(Int64(truncatingIfNeeded: 0 &- magnitude)) : .inexact
        }
        return Int64(exactly: magnitude).map { .integer($0) } ?? .inexact
    }

    private var nextDigit: UInt8? {
        guard let byte = next, (0x30...0x39).contains(byte) else { return nil }
        return byte - 0x30
    }

    private mutating func skipDigits() throws(JSONDefect) {
        guard nextDigit != nil else { throw defect("a digit is due") }
        while nextDigit != nil { position += 1 }
    }

    // MARK: Strings

    private mutating func string() throws(JSONDefect) -> String {
        position += 1
        let start = position
        while let byte = next {
            if byte == UInt8(ascii: "\"") {
                defer { position += 1 }
                return try text(bytes[start..<position], at: start)
            }
            if byte == UInt8(ascii: "\\") { return try stringWithEscapes(from: start) }
            guard byte >= 0x20 else { throw defect("a control character in a string") }
            position += 1
        }
        throw defect("a string does not end")
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONDefect) -> String {
        var unescaped = Array(bytes[start..<position])
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return try text(unescaped[...], at: start)
            case UInt8(ascii: "\\"): try unescape(into: &unescaped)
            case 0x00..<0x20: throw defect("a control character in a string")
            default: unescaped.append(byte)
            }
        }
        throw defect("a string does not end")
    }

    private func text(_ slice: ArraySlice<UInt8>, at start: Int) throws(JSONDefect) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw JSONDefect(what: "a string is not UTF-8", offset: start)
        }
        return text
    }

    private mutating func unescape(into unescaped: inout [UInt8]) throws(JSONDefect) {
        guard let byte = next else { throw defect("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(byte)
        case UInt8(ascii: "b"): unescaped.append(0x08)
        case UInt8(ascii: "f"): unescaped.append(0x0C)
        case UInt8(ascii: "n"): unescaped.append(0x0A)
        case UInt8(ascii: "r"): unescaped.append(0x0D)
        case UInt8(ascii: "t"): unescaped.append(0x09)
        case UInt8(ascii: "u"): unescaped.append(contentsOf: String(try escapedScalar()).utf8)
        default: throw defect("an unknown escape")
        }
    }

    private mutating func escapedScalar() throws(JSONDefect) -> Unicode.Scalar {
        var code = try fourHexadecimalDigits()
        if (0xD800...0xDBFF).contains(code) {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw defect("half a surrogate pair") }
            let low = try fourHexadecimalDigits()
            guard (0xDC00...0xDFFF).contains(low) else { throw defect("half a surrogate pair") }
            code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
        }
        guard code != 0 else { throw defect("NUL in a string") }
        guard let scalar = Unicode.Scalar(code) else { throw defect("half a surrogate pair") }
        return scalar
    }

    private mutating func fourHexadecimalDigits() throws(JSONDefect) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next else { throw defect("a string does not end") }
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw defect("four hexadecimal digits are due")
            }
            position += 1
        }
        return code
    }
}
