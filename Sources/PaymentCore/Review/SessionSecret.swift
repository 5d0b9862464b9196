/// What proves to the database who acts: given once, when a session is opened.
///
/// Nothing that prints or mirrors it shows it; only `bytes` has it.
package struct SessionSecret: Sendable, Hashable {
    /// Bytes in a secret.
    package static let byteCount = 32

    /// The secret itself: for a parameter of a statement, for nothing that is shown.
    package let bytes: [UInt8]

    /// Nil for anything but `byteCount` bytes.
    package init?(bytes: [UInt8]) {
        guard bytes.count == Self.byteCount else { return nil }
        self.bytes = bytes
    }
}

extension SessionSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "(a session's secret)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
