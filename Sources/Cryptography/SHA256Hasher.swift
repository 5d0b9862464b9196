import CLibCrypto

/// SHA-256 over bytes that arrive in pieces.
///
/// `finalize()` returns the digest and starts a new one, so that one hasher serves many messages.
// @unchecked Sendable: every use of the context is `mutating`, so the compiler's exclusivity rule guards it; nothing
// in libcrypto ties a context to the thread that made it.
package struct SHA256Hasher: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// A hasher that has seen nothing.
    package init() {
        guard let context = EVP_MD_CTX_new() else { preconditionFailure("libcrypto is out of memory") }
        self.context = context
        start()
    }

    deinit {
        EVP_MD_CTX_free(context)
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: Span<UInt8>) {
        let status = bytes.withUnsafeBufferPointer { EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(status == 1, "libcrypto refused bytes of a SHA-256 message")
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: [UInt8]) {
        update(bytes.span)
    }

    /// Adds `bytes` to the message.
    package mutating func update(_ bytes: ArraySlice<UInt8>) {
        update(bytes.span)
    }

    /// Returns the digest of all that was added since the start or the last `finalize()`, and starts anew.
    package mutating func finalize() -> [UInt8] {
        let digest = [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { buffer, count in
            let status = EVP_DigestFinal_ex(context, buffer.baseAddress, nil)
            precondition(status == 1, "libcrypto could not finish a SHA-256 digest")
            count = SHA256.byteCount
        }
        start()
        return digest
    }

    private func start() {
        let status = EVP_DigestInit_ex2(context, Algorithms.sha256, nil)
        precondition(status == 1, "libcrypto could not start a SHA-256 digest")
    }
}
