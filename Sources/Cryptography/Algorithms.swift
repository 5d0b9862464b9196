import CLibCrypto

/// The algorithms of libcrypto that this target uses, fetched once.
///
/// A fetch searches the providers and costs more than hashing a short message, so no operation may fetch for itself.
// nonisolated(unsafe): written once by the runtime's one-time initialisation, and libcrypto's algorithm objects are
// immutable and reference-counted with atomics.
enum Algorithms {
    // Written once by the runtime's one-time initialisation; the objects are immutable.
    nonisolated(unsafe) static let sha256 = fetched(EVP_MD_fetch(nil, "SHA256", nil), "SHA-256")
    nonisolated(unsafe) static let aes256GCM = fetched(EVP_CIPHER_fetch(nil, "AES-256-GCM", nil), "AES-256-GCM")

    private static func fetched(_ algorithm: OpaquePointer?, _ name: StaticString) -> OpaquePointer {
        guard let algorithm else {
            preconditionFailure("libcrypto has no \(name): check OpenSSL's configuration and its default provider")
        }
        return algorithm
    }
}
