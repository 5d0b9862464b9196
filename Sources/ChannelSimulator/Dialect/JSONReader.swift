/// A strict reader of one JSON text (RFC 8259).
///
/// Refuses what a payment company would refuse: duplicate names, a byte-order mark, anything after the value, control
/// characters in strings, half surrogate pairs, bytes that are not UTF-8, and nesting deeper than `depthMax`.
struct JSONReader {
    static let depthMax = 16

    /// Where and why a text is not JSON; names no content.
    struct Failure: Error, Equatable, CustomStringConvertible {
        let offset: Int
        let reason: String

        var description: String { "not JSON at byte \(offset): \(reason)" }
    }

    private let bytes: ArraySlice<UInt8>
    private var position: Int

    private init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    static func read(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        try read(bytes[...])
    }

    static func read(_ bytes: ArraySlice<UInt8>) throws(Failure) -> JSONValue {
        var reader = JSONReader(bytes)
        reader.skipBlanks()
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == bytes.endIndex else { throw reader.failure("bytes after the value") }
        return value
    }

    private func failure(_ reason: String) -> Failure {
        Failure(offset: position - bytes.startIndex, reason: reason)
    }

    private var current: UInt8? {
        position < bytes.endIndex ? bytes[position] : nil
    }

    private mutating func skipBlanks() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws(Failure) -> JSONValue {
        guard depth <= Self.depthMax else { throw failure("nested too deep") }
        guard let byte = current else { throw failure("no value") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("no value")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Failure) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard current == word.utf8Start[index] else { throw failure("no value") }
            position += 1
        }
        return value
    }

    private mutating func object(depth: Int) throws(Failure) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        skipBlanks()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        members.reserveCapacity(8)
        while true {
            skipBlanks()
            guard current == UInt8(ascii: "\"") else { throw failure("no member name") }
            let name = try string()
            guard !members.contains(where: { $0.name == name }) else { throw failure("duplicate member name") }
            // The look-up above is linear: an object of the dialect has few members.
            guard members.count < 64 else { throw failure("too many members") }
            skipBlanks()
            guard current == UInt8(ascii: ":") else { throw failure("no colon") }
            position += 1
            skipBlanks()
            members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
            skipBlanks()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return .object(members)
            default: throw failure("object not closed")
            }
        }
    }

    private mutating func array(depth: Int) throws(Failure) -> JSONValue {
        position += 1
        var elements: [JSONValue] = []
        skipBlanks()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array(elements)
        }
        while true {
            skipBlanks()
            elements.append(try value(depth: depth + 1))
            skipBlanks()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return .array(elements)
            default: throw failure("array not closed")
            }
        }
    }

    private mutating func number() throws(Failure) -> JSONValue {
        let isNegative = current == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let first = position
        var magnitude: UInt64 = 0
        var overflows = false
        while let digit = digit() {
            let (product, productOverflows) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflows) = product.addingReportingOverflow(UInt64(digit))
            overflows = overflows || productOverflows || sumOverflows
            magnitude = sum
        }
        guard position > first else { throw failure("no digit") }
        guard position == first + 1 || bytes[first] != UInt8(ascii: "0") else { throw failure("leading zero") }
        var isInteger = true
        if current == UInt8(ascii: ".") {
            position += 1
            isInteger = false
            try digits()
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            position += 1
            isInteger = false
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        guard isInteger, !overflows, !(isNegative && magnitude == 0), let value = Int64(exactly: magnitude) else {
            return .otherNumber
        }
        return .integer(isNegative ? -value : value)
    }

    private mutating func digit() -> UInt8? {
        guard let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        position += 1
        return byte - UInt8(ascii: "0")
    }

    private mutating func digits() throws(Failure) {
        guard digit() != nil else { throw failure("no digit") }
        while digit() != nil {}
    }

    private mutating func string() throws(Failure) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        guard let end = current else { throw failure("string not closed") }
        if end == UInt8(ascii: "\"") {
            guard let text = String(validating: bytes[start..<position], as: UTF8.self) else {
                throw failure("not UTF-8")
            }
            position += 1
            return text
        }
        return try escapedString(Array(bytes[start..<position]))
    }

    private mutating func escapedString(_ prefix: [UInt8]) throws(Failure) -> String {
        var content = prefix
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: content, as: UTF8.self) else { throw failure("not UTF-8") }
                return text
            case UInt8(ascii: "\\"): try escape(into: &content)
            case 0..<0x20: throw failure("control character in a string")
            default: content.append(byte)
            }
        }
        throw failure("string not closed")
    }

    private mutating func escape(into content: inout [UInt8]) throws(Failure) {
        guard let byte = current else { throw failure("string not closed") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try fourHexadecimalDigits()
            var code = UInt32(unit)
            if 0xD800...0xDBFF ~= unit {
                guard current == UInt8(ascii: "\\") else { throw failure("half a surrogate pair") }
                position += 1
                guard current == UInt8(ascii: "u") else { throw failure("half a surrogate pair") }
                position += 1
                let low = try fourHexadecimalDigits()
                guard 0xDC00...0xDFFF ~= low else { throw failure("half a surrogate pair") }
                code = 0x10000 + (UInt32(unit) - 0xD800) << 10 + (UInt32(low) - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw failure("half a surrogate pair") }
            content.append(contentsOf: String(Character(scalar)).utf8)
        default: throw failure("unknown escape")
        }
    }

    private mutating func fourHexadecimalDigits() throws(Failure) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("unknown escape")
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}
