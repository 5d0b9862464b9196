/// Unpacks bytes that come in parts cut anywhere.
package protocol Unpacking: ~Copyable {
    /// Takes the next packed bytes and calls `body` with the contents they complete.
    ///
    /// The last call, and only it, says `isLast`; it may be empty. Throws `UnpackError`, and what `body` throws; after
    /// a throw the value is spent. Contents handed out before a throw were not vouched for by any checksum.
    mutating func unpack(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws
}
