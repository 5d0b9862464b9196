import Cryptography

/// Seals the account numbers of a batch for the truth file (R15), under a key made from the channel's secret.
struct AccountSeal: Sendable {
    private let key: [UInt8]

    init(_ secret: Secret) {
        key = HKDFSHA256.derive(
            key: secret.bytes,
            salt: [],
            info: Array("channel simulator, truth file".utf8),
            length: AESGCMKey.byteCount
        )
    }

    /// A random nonce, then the sealed numbers.
    ///
    /// Numbers hold no line feed: the dialect refuses control characters.
    func seal(_ accountNumbers: [String], of batch: SimulatedBatch) -> [UInt8] {
        let nonce = SecureRandom.bytes(AESGCMKey.nonceByteCount)
        var cipher = AESGCMKey(key)
        return nonce
            + cipher.seal(
                plaintext: Array(accountNumbers.joined(separator: "\n").utf8),
                nonce: nonce,
                associatedData: associatedData(batch.key, batch.ordinal)
            )
    }

    /// The numbers, if they are of this batch and the secret is the one that sealed them.
    func open(_ sealed: [UInt8], of batch: BatchKey, ordinal: Int) -> [String]? {
        guard sealed.count >= AESGCMKey.nonceByteCount else { return nil }
        var cipher = AESGCMKey(key)
        let opened = try? cipher.open(
            ciphertext: Array(sealed.dropFirst(AESGCMKey.nonceByteCount)),
            nonce: Array(sealed.prefix(AESGCMKey.nonceByteCount)),
            associatedData: associatedData(batch, ordinal)
        )
        guard let opened, let text = String(validating: opened, as: UTF8.self) else { return nil }
        return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    private func associatedData(_ key: BatchKey, _ ordinal: Int) -> [UInt8] {
        Array("\(key.number) \(key.tradeDate) \(ordinal)".utf8)
    }
}
