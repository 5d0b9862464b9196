import CLibCrypto

/// An AES-256-GCM key (NIST SP 800-38D) that seals and opens many short messages.
///
/// The key schedule is made once; each message only sets its nonce. A nonce must never be used twice with one key: the
/// caller chooses it (a counter, or `SecureRandom` for at most 2³² messages under one key).
// @unchecked Sendable: every use of the contexts is `mutating`, so the compiler's exclusivity rule guards them; nothing
// in libcrypto ties a context to the thread that made it.
package struct AESGCMKey: ~Copyable, @unchecked Sendable {
    /// Bytes in a key.
    package static let byteCount = 32
    /// Bytes in a nonce.
    package static let nonceByteCount = 12
    /// Bytes in the tag that ends sealed bytes.
    package static let tagByteCount = 16

    /// libcrypto counts in `int`.
    private static let messageByteCountMax = Int(Int32.max) - tagByteCount

    private let sealing: OpaquePointer
    private let opening: OpaquePointer

    /// Takes a key of exactly 32 bytes; any other length is a bug of the caller and traps.
    package init(_ key: [UInt8]) {
        precondition(key.count == Self.byteCount, "an AES-256 key has \(Self.byteCount) bytes")
        guard let sealing = EVP_CIPHER_CTX_new(), let opening = EVP_CIPHER_CTX_new() else {
            preconditionFailure("libcrypto is out of memory")
        }
        precondition(
            EVP_EncryptInit_ex2(sealing, Algorithms.aes256GCM, key, nil, nil) == 1
                && EVP_DecryptInit_ex2(opening, Algorithms.aes256GCM, key, nil, nil) == 1,
            "libcrypto refused an AES-256-GCM key"
        )
        self.sealing = sealing
        self.opening = opening
    }

    deinit {
        EVP_CIPHER_CTX_free(sealing)
        EVP_CIPHER_CTX_free(opening)
    }

    /// Encrypts `plaintext`, authenticates it together with `associatedData`, and appends the result to `sealed`.
    ///
    /// `nonce`: 12 bytes, never used before with this key; another length traps.
    ///
    /// Appends the ciphertext, as long as the plaintext, followed by the 16-byte tag.
    package mutating func seal(
        plaintext: Span<UInt8>,
        nonce: [UInt8],
        associatedData: [UInt8],
        appendingTo sealed: inout [UInt8]
    ) {
        precondition(nonce.count == Self.nonceByteCount, "an AES-GCM nonce has \(Self.nonceByteCount) bytes")
        precondition(
            plaintext.count <= Self.messageByteCountMax && associatedData.count <= Self.messageByteCountMax,
            "one AES-GCM message is limited to 2 GiB"
        )
        let start = sealed.count
        sealed.append(contentsOf: repeatElement(0, count: plaintext.count + Self.tagByteCount))
        plaintext.withUnsafeBufferPointer { plaintext in
            sealed.withUnsafeMutableBufferPointer { buffer in
                let target = buffer.baseAddress.map { $0 + start }
                var written: Int32 = 0
                var isSealed = EVP_EncryptInit_ex2(sealing, nil, nil, nonce, nil) == 1
                if isSealed, !associatedData.isEmpty {
                    isSealed =
                        EVP_EncryptUpdate(sealing, nil, &written, associatedData, Int32(associatedData.count)) == 1
                }
                if isSealed, !plaintext.isEmpty {
                    isSealed =
                        EVP_EncryptUpdate(sealing, target, &written, plaintext.baseAddress, Int32(plaintext.count))
                        == 1 && Int(written) == plaintext.count
                }
                let tag = target.map { $0 + plaintext.count }
                isSealed =
                    isSealed && EVP_EncryptFinal_ex(sealing, tag, &written) == 1
                    && EVP_CIPHER_CTX_ctrl(sealing, EVP_CTRL_AEAD_GET_TAG, Int32(Self.tagByteCount), tag) == 1
                // Going on would hand out bytes that are not encrypted.
                precondition(isSealed, "libcrypto could not seal a message")
            }
        }
    }

    /// Encrypts `plaintext` and authenticates it together with `associatedData`.
    ///
    /// As above; returns the ciphertext and its tag.
    package mutating func seal(plaintext: Span<UInt8>, nonce: [UInt8], associatedData: [UInt8]) -> [UInt8] {
        var sealed: [UInt8] = []
        sealed.reserveCapacity(plaintext.count + Self.tagByteCount)
        seal(plaintext: plaintext, nonce: nonce, associatedData: associatedData, appendingTo: &sealed)
        return sealed
    }

    /// Encrypts `plaintext` and authenticates it together with `associatedData`.
    ///
    /// As above; returns the ciphertext and its tag.
    package mutating func seal(plaintext: [UInt8], nonce: [UInt8], associatedData: [UInt8]) -> [UInt8] {
        seal(plaintext: plaintext.span, nonce: nonce, associatedData: associatedData)
    }

    /// Opens what `seal` made: gives the plaintext, or an error and no byte of it.
    ///
    /// `ciphertext`: the ciphertext followed by its 16-byte tag.
    package mutating func open(
        ciphertext: Span<UInt8>,
        nonce: [UInt8],
        associatedData: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        guard nonce.count == Self.nonceByteCount else { throw .nonceLength(byteCount: nonce.count) }
        let byteCount = ciphertext.count - Self.tagByteCount
        guard byteCount >= 0 else { throw .ciphertextTooShort(byteCount: ciphertext.count) }
        precondition(
            byteCount <= Self.messageByteCountMax && associatedData.count <= Self.messageByteCountMax,
            "one AES-GCM message is limited to 2 GiB"
        )
        var isAuthentic = false
        let plaintext = ciphertext.withUnsafeBufferPointer { sealed in
            [UInt8](unsafeUninitializedCapacity: byteCount) { plaintext, count in
                // libcrypto only reads the tag, though its parameter is not const.
                let tag = UnsafeMutableRawPointer(mutating: sealed.baseAddress.map { $0 + byteCount })
                var written: Int32 = 0
                var isSound =
                    EVP_DecryptInit_ex2(opening, nil, nil, nonce, nil) == 1
                    && EVP_CIPHER_CTX_ctrl(opening, EVP_CTRL_AEAD_SET_TAG, Int32(Self.tagByteCount), tag) == 1
                if isSound, !associatedData.isEmpty {
                    isSound =
                        EVP_DecryptUpdate(opening, nil, &written, associatedData, Int32(associatedData.count)) == 1
                }
                if isSound, byteCount > 0 {
                    isSound =
                        EVP_DecryptUpdate(
                            opening,
                            plaintext.baseAddress,
                            &written,
                            sealed.baseAddress,
                            Int32(byteCount)
                        ) == 1 && Int(written) == byteCount
                }
                var nothing: UInt8 = 0
                isAuthentic = isSound && EVP_DecryptFinal_ex(opening, &nothing, &written) == 1
                if isAuthentic {
                    count = byteCount
                } else if byteCount > 0 {
                    OPENSSL_cleanse(plaintext.baseAddress, byteCount)
                }
            }
        }
        guard isAuthentic else { throw .authenticationFailed }
        return plaintext
    }

    /// Opens what `seal` made: gives the plaintext, or an error and no byte of it.
    ///
    /// `ciphertext`: the ciphertext followed by its 16-byte tag.
    package mutating func open(
        ciphertext: [UInt8],
        nonce: [UInt8],
        associatedData: [UInt8]
    ) throws(CryptographyError) -> [UInt8] {
        try open(ciphertext: ciphertext.span, nonce: nonce, associatedData: associatedData)
    }
}
