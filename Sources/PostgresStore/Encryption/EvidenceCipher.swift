import Cryptography

/// Seals the evidence files that decisions rest on (R15): AES-256-GCM under a subkey of each file's own salt.
struct EvidenceCipher: ~Copyable {
    private var key: AESGCMKey

    init(keyIdentifier: Int32, salt: [UInt8], keys: KeyRing) throws {
        key = AESGCMKey(
            HKDFSHA256.derive(
                key: try keys.key(keyIdentifier),
                salt: salt,
                info: Array("sluice/evidence".utf8),
                length: AESGCMKey.byteCount
            )
        )
    }

    /// The nonce, which is random, and the sealed bytes; tied to their hash, which names the file.
    mutating func seal(_ content: [UInt8], sha256: [UInt8]) -> [UInt8] {
        let nonce = SecureRandom.bytes(AESGCMKey.nonceByteCount)
        return nonce + key.seal(plaintext: content, nonce: nonce, associatedData: sha256)
    }

    mutating func open(_ sealed: [UInt8], sha256: [UInt8]) throws -> [UInt8] {
        guard sealed.count >= AESGCMKey.nonceByteCount + AESGCMKey.tagByteCount else {
            throw KeyRing.Defect(description: "a kept evidence file is too short to be whole")
        }
        return try key.open(
            ciphertext: Array(sealed[AESGCMKey.nonceByteCount...]),
            nonce: Array(sealed[..<AESGCMKey.nonceByteCount]),
            associatedData: sha256
        )
    }
}
