/// A password as somebody typed it, or as one was drawn for them; it never reaches the database, nor any output of its
/// own accord.
package struct Password: Sendable, Hashable {
    /// Characters that a new one has at least.
    package static let charactersMin = 12
    /// Bytes that one has at most.
    package static let bytesMax = 1_024
    /// Random bytes that a one-time password is drawn from.
    package static let oneTimeByteCount = 15

    /// UTF-8.
    package let bytes: [UInt8]

    /// One that opens something, or does not; nil for an empty one, or one beyond `bytesMax`.
    package init?(typed text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count) else { return nil }
        bytes = Array(text.utf8)
    }

    /// One that somebody chooses for themselves; nil if it is too short, too long, or holds control characters.
    package init?(chosen text: String) {
        guard text.count >= Self.charactersMin, text.utf8.count <= Self.bytesMax,
            text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { return nil }
        bytes = Array(text.utf8)
    }

    /// A one-time password and its text, which is shown once: 24 digits and letters in groups of six.
    ///
    /// Of its 32 digits none looks like another one when it is read aloud or copied by hand.
    package static func oneTime(random: [UInt8]) -> (password: Password, text: String) {
        precondition(random.count == oneTimeByteCount, "a one-time password is drawn from 120 bits")
        let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: random.count, by: 5) {
            var bits = random[start..<start + 5].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            var group: [UInt8] = []
            for _ in 0..<8 {
                group.append(digits[Int(bits & 31)])
                bits >>= 5
            }
            text += group.reversed()
        }
        var grouped: [UInt8] = []
        for (index, digit) in text.enumerated() {
            if index > 0, index.isMultiple(of: 6) { grouped.append(0x2D) }
            grouped.append(digit)
        }
        return (Password(bytes: grouped), String(decoding: grouped, as: UTF8.self))
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }
}

extension Password: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(a password)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
