/// Gathers an answer as libcurl hands it over, within its limits.
struct ResponseReader {
    /// How the answer says where its body ends.
    enum Framing: Equatable {
        /// Only by the end of the connection, which proves nothing.
        case none
        case length(Int)
        case chunked
        /// Two lengths that differ, one that is no number, or a coding without an end.
        case contradictory
    }

    private(set) var headers: [(String, String)] = []
    private(set) var body: [UInt8] = []
    private(set) var framing = Framing.none

    private var headerBytesLeft: Int
    private let bodyBytesMax: Int
    private var isHeadComplete = false

    init(bodyBytesMax: Int, headerBytesMax: Int) {
        self.bodyBytesMax = bodyBytesMax
        headerBytesLeft = headerBytesMax
    }

    /// Takes a line of the head or a trailer; `false` when the limit is passed.
    mutating func takeHeaderLine(_ bytes: UnsafeRawBufferPointer) -> Bool {
        headerBytesLeft -= bytes.count
        guard headerBytesLeft >= 0 else { return false }
        var line = bytes[...]
        while let last = line.last, last == 0x0D || last == 0x0A { line.removeLast() }
        if line.starts(with: Array("HTTP/".utf8)) {
            // Also after an interim answer (1xx), whose headers do not count.
            headers = []
            framing = .none
            isHeadComplete = false
        } else if line.isEmpty {
            isHeadComplete = true
        } else if !isHeadComplete {
            take(line)
        }
        return true
    }

    /// Takes a piece of the body; `false` when the limit is passed.
    mutating func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= bodyBytesMax - body.count else { return false }
        body.append(contentsOf: bytes)
        return true
    }

    private mutating func take(_ line: Slice<UnsafeRawBufferPointer>) {
        if line.first == 0x20 || line.first == 0x09, let (name, value) = headers.popLast() {
            // A folded line goes on with the value before it (RFC 9112 §5.2).
            headers.append((name, value + " " + Self.text(Self.trimmed(line))))
            return
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return }
        let name = Self.text(line[..<colon]).lowercased()
        let value = Self.text(Self.trimmed(line[(colon + 1)...]))
        headers.append((name, value))
        switch name {
        case "transfer-encoding":
            // RFC 9112 §6.3: without "chunked" as the last coding only the end of the connection ends the body.
            framing = framing != .contradictory && value.lowercased().hasSuffix("chunked") ? .chunked : .contradictory
        case "content-length": takeLength(value)
        default: break
        }
    }

    private mutating func takeLength(_ value: String) {
        let length = value.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(value) : nil
        switch (framing, length) {
        case (.chunked, _): break
        case (.none, let length?): framing = .length(length)
        case (.length(let earlier), let length?) where earlier == length: break
        default: framing = .contradictory
        }
    }

    private static func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        var bytes = bytes
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return bytes
    }

    private static func text(_ bytes: Slice<UnsafeRawBufferPointer>) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        var text = String.UnicodeScalarView()
        for byte in bytes { text.append(Unicode.Scalar(byte)) }
        return String(text)
    }
}
