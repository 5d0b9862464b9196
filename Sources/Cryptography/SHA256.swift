/// SHA-256 (FIPS 180-4) in one call.
package enum SHA256 {
    /// Bytes in a digest.
    package static let byteCount = 32

    /// The digest of `bytes`, 32 bytes long.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        hash(bytes.span)
    }

    /// The digest of `bytes`, 32 bytes long.
    package static func hash(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        hash(bytes.span)
    }

    /// The digest of `bytes`, 32 bytes long.
    package static func hash(_ bytes: Span<UInt8>) -> [UInt8] {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }
}
