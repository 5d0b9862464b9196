/// The message of a submission, fixed and hashed before the first send; what is made anew at each send (timestamp,
/// nonce, signature) is no part of it (R6).
package struct Envelope: Hashable, Sendable {
    package let kind: MessageKind
    package let method: String
    package let path: String
    /// Business headers in order; volatile ones are not among them.
    package let headers: [Header]
    package let body: [UInt8]

    package struct Header: Hashable, Sendable {
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package init(kind: MessageKind, method: String, path: String, headers: [Header], body: [UInt8]) {
        self.kind = kind
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }

    /// The envelope as one sequence of bytes, to be hashed, encrypted and stored: kind, method, path, headers and body,
    /// each behind its length (big-endian, 4 bytes).
    package var serialized: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 256)
        func append(_ part: some Collection<UInt8>) {
            let count = UInt32(part.count)
            for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
            bytes.append(contentsOf: part)
        }
        append(kind.rawValue.utf8)
        append(method.utf8)
        append(path.utf8)
        append(String(headers.count).utf8)
        for header in headers {
            append(header.name.utf8)
            append(header.value.utf8)
        }
        append(body)
        return bytes
    }

    /// Reads an envelope back; nil if the bytes are not exactly one envelope.
    package init?(serialized bytes: [UInt8]) {
        var position = 0
        func part() -> ArraySlice<UInt8>? {
            guard bytes.count - position >= 4 else { return nil }
            let count = bytes[position..<position + 4].reduce(0) { $0 << 8 | Int($1) }
            position += 4
            guard bytes.count - position >= count else { return nil }
            defer { position += count }
            return bytes[position..<position + count]
        }
        func text() -> String? { part().map { String(decoding: $0, as: UTF8.self) } }
        guard let kind = text().flatMap(MessageKind.init(rawValue:)), let method = text(), let path = text(),
            let headerCount = text().flatMap(Int.init), (0...64).contains(headerCount)
        else { return nil }
        var headers: [Header] = []
        for _ in 0..<headerCount {
            guard let name = text(), let value = text() else { return nil }
            headers.append(Header(name: name, value: value))
        }
        guard let body = part(), position == bytes.count else { return nil }
        self.init(kind: kind, method: method, path: path, headers: headers, body: Array(body))
    }
}
