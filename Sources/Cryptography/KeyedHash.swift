import CLibCrypto

/// HMAC-SHA-256 (RFC 2104) of many messages under one key.
///
/// The key is set once; each message only starts the context again, which is what makes it fast for short messages.
// @unchecked Sendable: every use of the context is `mutating`, so the compiler's exclusivity rule guards it; nothing
// in libcrypto ties a context to the thread that made it.
package struct KeyedHash: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// Takes the key, of any length; an empty one is allowed as RFC 5869 needs it.
    package init(key: [UInt8]) {
        guard let context = EVP_MAC_CTX_new(Algorithms.hmac) else { preconditionFailure("libcrypto is out of memory") }
        self.context = context
        // A null pointer would mean "keep the old key", so an empty key points at a byte that is not read.
        let status =
            key.isEmpty
            ? withUnsafePointer(to: UInt8(0)) { sluice_mac_init_sha256(context, $0, 0) }
            : key.withUnsafeBufferPointer { sluice_mac_init_sha256(context, $0.baseAddress, $0.count) }
        precondition(status == 1, "libcrypto refused an HMAC key")
    }

    deinit {
        EVP_MAC_CTX_free(context)
    }

    /// Appends the first bytes of the authentication code of `message`, which has 32.
    package mutating func append(first byteCount: Int, ofCodeOf message: Span<UInt8>, to codes: inout [UInt8]) {
        precondition((0...SHA256.byteCount).contains(byteCount), "an HMAC-SHA-256 has \(SHA256.byteCount) bytes")
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SHA256.byteCount) { buffer in
            digest(message, into: buffer.baseAddress)
            codes.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[..<byteCount]))
        }
    }

    /// The first eight bytes of the authentication code of `message`, as a number, the first byte the highest.
    package mutating func beginning(ofCodeOf message: Span<UInt8>) -> Int64 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: SHA256.byteCount) { buffer in
            digest(message, into: buffer.baseAddress)
            return Int64(bitPattern: buffer[..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
    }

    /// The authentication code of `message`, 32 bytes long.
    package mutating func authenticate(_ message: Span<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: SHA256.byteCount) { buffer, count in
            digest(message, into: buffer.baseAddress)
            count = SHA256.byteCount
        }
    }

    private mutating func digest(_ message: Span<UInt8>, into target: UnsafeMutablePointer<UInt8>?) {
        // Null key: libcrypto goes back to the state just after the key.
        var status = EVP_MAC_init(context, nil, 0, nil)
        precondition(status == 1, "libcrypto could not start an HMAC")
        status = message.withUnsafeBufferPointer { EVP_MAC_update(context, $0.baseAddress, $0.count) }
        precondition(status == 1, "libcrypto refused bytes of an HMAC message")
        var count = 0
        status = EVP_MAC_final(context, target, &count, SHA256.byteCount)
        precondition(status == 1 && count == SHA256.byteCount, "libcrypto could not finish an HMAC")
    }

    /// The authentication code of `message`, 32 bytes long.
    package mutating func authenticate(_ message: [UInt8]) -> [UInt8] {
        authenticate(message.span)
    }

    /// The authentication code of `message`, 32 bytes long.
    package mutating func authenticate(_ message: ArraySlice<UInt8>) -> [UInt8] {
        authenticate(message.span)
    }
}
