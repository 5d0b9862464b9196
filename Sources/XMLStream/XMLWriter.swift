/// Writes an XML document in UTF-8 into a buffer that its owner drains, one element a line.
///
/// Whatever the text, what is written is well-formed: marks are escaped, and a character that XML cannot carry, such as
/// NUL, becomes U+FFFD. Memory is bounded by what was not drained and the names of the open elements.
package struct XMLWriter: Sendable {
    private var buffer: [UInt8] = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>".utf8)
    private var open: [StaticString] = []
    /// Whether the last start tag lacks its end still, so that attributes may follow.
    private var isInTag = false
    /// Whether the last thing written was an end tag, so that the next one goes on a line of its own.
    private var isAfterElement = false
    private var hasRoot = false

    /// A document of which only the declaration is written.
    package init() {}

    /// Whether the root element has ended.
    package var isComplete: Bool { hasRoot && open.isEmpty }

    /// The bytes written since the last call.
    package mutating func drain() -> [UInt8] {
        closeTag()
        let drained = buffer
        buffer.removeAll(keepingCapacity: true)
        return drained
    }

    /// Begins an element; to be ended by `end()`.
    package mutating func start(_ name: StaticString) {
        precondition(!isComplete, "a document has one root")
        closeTag()
        buffer.append(0x0A)
        buffer.append(0x3C)
        name.withUTF8Buffer { buffer.append(contentsOf: $0) }
        open.append(name)
        isInTag = true
        isAfterElement = false
        hasRoot = true
    }

    /// Adds an attribute to the element that was begun just now.
    package mutating func attribute(_ name: StaticString, _ value: String) {
        precondition(isInTag, "an attribute follows the start of its element")
        buffer.append(0x20)
        name.withUTF8Buffer { buffer.append(contentsOf: $0) }
        buffer.append(0x3D)
        buffer.append(0x22)
        append(value.utf8Span.span, isAttribute: true)
        buffer.append(0x22)
    }

    /// Appends character data to the open element.
    package mutating func text(_ value: String) { text(utf8: value.utf8Span.span) }

    /// Appends character data in UTF-8 to the open element; bytes that are none become U+FFFD.
    package mutating func text(utf8 value: Span<UInt8>) {
        precondition(!open.isEmpty, "text stands in an element")
        closeTag()
        append(value, isAttribute: false)
    }

    /// Appends a number with so many decimals to the open element, as in `-12.30`.
    package mutating func text(_ units: some BinaryInteger, decimals: Int = 0) {
        precondition(!open.isEmpty, "text stands in an element")
        closeTag()
        if units < 0 { buffer.append(0x2D) }
        let start = buffer.count
        var rest = units.magnitude
        var written = 0
        // From the last digit on, then turned around.
        while rest > 0 || written <= decimals {
            if written == decimals, decimals > 0 { buffer.append(0x2E) }
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            buffer.append(0x30 + UInt8(digit))
            rest = quotient
            written += 1
        }
        buffer[start...].reverse()
    }

    /// Ends the element that was begun last and is open still.
    package mutating func end() {
        guard let name = open.popLast() else { preconditionFailure("more elements are ended than were begun") }
        closeTag()
        if isAfterElement { buffer.append(0x0A) }
        buffer.append(0x3C)
        buffer.append(0x2F)
        name.withUTF8Buffer { buffer.append(contentsOf: $0) }
        buffer.append(0x3E)
        isAfterElement = true
        if open.isEmpty { buffer.append(0x0A) }
    }

    /// Writes an element that holds text alone.
    package mutating func element(_ name: StaticString, _ value: String) {
        element(name, utf8: value.utf8Span.span)
    }

    /// Writes an element that holds text in UTF-8 alone.
    package mutating func element(_ name: StaticString, utf8 value: Span<UInt8>) {
        start(name)
        text(utf8: value)
        end()
    }

    private mutating func closeTag() {
        guard isInTag else { return }
        buffer.append(0x3E)
        isInTag = false
    }

    private mutating func append(_ value: Span<UInt8>, isAttribute: Bool) {
        for index in value.indices where !Self.isPlain(value[index]) {
            return appendEscaped(value, isAttribute: isAttribute)
        }
        value.withUnsafeBufferPointer { buffer.append(contentsOf: $0) }
    }

    /// Whether a byte stands for itself wherever it is.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x22, 0x26, 0x3C, 0x3E: false
        default: byte >= 0x20 && byte < 0x80
        }
    }

    private mutating func appendEscaped(_ value: Span<UInt8>, isAttribute: Bool) {
        // Decoding mends what is not UTF-8.
        let text = value.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x26: buffer.append(contentsOf: "&amp;".utf8)
            case 0x3C: buffer.append(contentsOf: "&lt;".utf8)
            case 0x3E: buffer.append(contentsOf: "&gt;".utf8)
            case 0x22 where isAttribute: buffer.append(contentsOf: "&quot;".utf8)
            // A reader would turn it into a line feed, and in an attribute both and tabs into blanks.
            case 0x0D: buffer.append(contentsOf: "&#13;".utf8)
            case 0x0A where isAttribute: buffer.append(contentsOf: "&#10;".utf8)
            case 0x09 where isAttribute: buffer.append(contentsOf: "&#9;".utf8)
            case 0x09, 0x0A: buffer.append(UInt8(scalar.value))
            case 0..<0x20, 0xFFFE, 0xFFFF: buffer.append(contentsOf: UTF8.encodedReplacementCharacter)
            default: buffer.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }
}
