/// The secret that a channel and we share; no description of it shows it.
package struct ChannelSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The secret's UTF-8 bytes, at least one; only signing reads them.
    let bytes: [UInt8]

    package init(_ text: String) {
        precondition(!text.isEmpty, "an empty secret signs nothing")
        bytes = Array(text.utf8)
    }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
