/// Why sealed bytes could not be opened.
///
/// The description names neither keys nor contents, so it may be logged.
package enum CryptographyError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The tag does not fit: the bytes, the nonce or the associated data were changed, or the key is another one.
    case authenticationFailed
    /// The sealed bytes are shorter than their tag.
    case ciphertextTooShort(byteCount: Int)
    /// The nonce does not have `AESGCMKey.nonceByteCount` bytes.
    case nonceLength(byteCount: Int)

    package var description: String {
        switch self {
        case .authenticationFailed:
            "Sealed bytes failed authentication: they were changed, belong to another row, or need another key. "
                + "Check the key's id and treat the bytes as tampered with."
        case .ciphertextTooShort(let byteCount):
            "Sealed bytes have \(byteCount) bytes, fewer than their tag needs: they were cut. Restore them."
        case .nonceLength(let byteCount):
            "A nonce has \(byteCount) bytes instead of \(AESGCMKey.nonceByteCount): it was cut. Restore it."
        }
    }
}
