/// A shared secret; describes itself as `***`.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The key's bytes, at least one.
    let bytes: [UInt8]

    /// Takes the text that both sides share; its UTF-8 bytes are the key.
    ///
    /// Empty text traps.
    package init(_ text: String) {
        precondition(!text.isEmpty, "a secret has at least one byte")
        bytes = Array(text.utf8)
    }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// Takes the secret that a reference names: `env:NAME` or `file:PATH` (one line end at its end is left out).
    static func resolve(_ reference: String, environment: [String: String]) -> Secret? {
        var text: String?
        if reference.hasPrefix("env:") {
            text = environment[String(reference.dropFirst(4))]
        } else if reference.hasPrefix("file:") {
            text = try? WholeFile.text(String(reference.dropFirst(5)), bytesMax: 4_096)
            if text?.utf8.last == 0x0A { text?.unicodeScalars.removeLast() }
        }
        guard let text, !text.isEmpty else { return nil }
        return Secret(text)
    }
}
