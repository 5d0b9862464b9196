/// HKDF with SHA-256 (RFC 5869): keys for several purposes out of one secret.
package enum HKDFSHA256 {
    /// Most bytes that one derivation may give (RFC 5869 §2.3: 255 hashes).
    package static let byteCountMax = 255 * SHA256.byteCount

    /// Derives `length` bytes, 1 through `byteCountMax`, from the secret `key`; `info` names the purpose.
    ///
    /// The secret must have entropy of its own: this is not for passwords.
    package static func derive(key: [UInt8], salt: [UInt8], info: [UInt8], length: Int) -> [UInt8] {
        precondition(length > 0 && length <= byteCountMax, "HKDF derives 1 through \(byteCountMax) bytes")
        let expander = KeyedHash(key: HMACSHA256.authenticate(key: salt, key))
        var derived: [UInt8] = []
        derived.reserveCapacity(length + SHA256.byteCount)
        var block: [UInt8] = []
        var counter: UInt8 = 1
        while true {
            block = expander.authenticate(block + info + [counter])
            derived += block
            if derived.count >= length { break }
            counter += 1
        }
        derived.removeLast(derived.count - length)
        return derived
    }
}
