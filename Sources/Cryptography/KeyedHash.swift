import CLibCrypto

/// HMAC-SHA-256 (RFC 2104) of many messages under one key.
///
/// The key is taken in once; each message starts from there, which is what makes it fast for short messages.
// @unchecked Sendable: what is pointed at is written by `init` and `deinit` only.
package struct KeyedHash: ~Copyable, @unchecked Sendable {
    private let keyed: UnsafeMutablePointer<sluice_hmac_sha256>

    /// Takes the key, of any length; an empty one is allowed as RFC 5869 needs it.
    package init(key: [UInt8]) {
        keyed = .allocate(capacity: 1)
        let status = key.withUnsafeBufferPointer { sluice_hmac_sha256_init(keyed, $0.baseAddress, $0.count) }
        precondition(status == 1, "libcrypto refused an HMAC key")
    }

    deinit {
        OPENSSL_cleanse(keyed, MemoryLayout<sluice_hmac_sha256>.size)
        keyed.deallocate()
    }

    /// Appends the first bytes of the authentication code of `message`, which has 32.
    package func append(first byteCount: Int, ofCodeOf message: Span<UInt8>, to codes: inout [UInt8]) {
        precondition((0...SHA256.byteCount).contains(byteCount), "an HMAC-SHA-256 has \(SHA256.byteCount) bytes")
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SHA256.byteCount) { buffer in
            digest(message, into: buffer.baseAddress)
            codes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<byteCount]))
        }
    }

    /// The first eight bytes of the authentication code of `message`, as a number, the first byte the highest.
    package func beginning(ofCodeOf message: Span<UInt8>) -> Int64 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SHA256.byteCount) { buffer in
            digest(message, into: buffer.baseAddress)
            return Int64(bitPattern: buffer[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
    }

    /// The authentication code of `message`, 32 bytes long.
    package func authenticate(_ message: Span<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { buffer, count in
            digest(message, into: buffer.baseAddress)
            count = SHA256.byteCount
        }
    }

    private func digest(_ message: Span<UInt8>, into target: UnsafeMutablePointer<UInt8>?) {
        let status = message.withUnsafeBufferPointer { sluice_hmac_sha256(keyed, $0.baseAddress, $0.count, target) }
        precondition(status == 1, "libcrypto could not make an HMAC")
    }

    /// The authentication code of `message`, 32 bytes long.
    package func authenticate(_ message: [UInt8]) -> [UInt8] {
        authenticate(message.span)
    }

    /// The authentication code of `message`, 32 bytes long.
    package func authenticate(_ message: ArraySlice<UInt8>) -> [UInt8] {
        authenticate(message.span)
    }
}
