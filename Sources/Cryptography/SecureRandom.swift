import CLibCrypto

/// Random bytes for keys, nonces and tokens.
package enum SecureRandom {
    /// `count` bytes from libcrypto's generator, which the operating system seeds; traps if it has no entropy.
    package static func bytes(_ count: Int) -> [UInt8] {
        precondition(count >= 0 && count <= Int(Int32.max), "ask for 0 through 2³¹ - 1 random bytes")
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialisedCount in
            precondition(RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "libcrypto has no entropy")
            initialisedCount = count
        }
    }
}
