import CLibCrypto

/// scrypt (RFC 7914): a key from a password, at a cost in time and memory that makes guessing dear.
package enum Scrypt {
    /// What one derivation costs.
    package struct Cost: Sendable, Hashable {
        /// The binary logarithm of the number of blocks that are mixed: N of the RFC is two to this power.
        package let log2BlockCount: Int
        /// r of the RFC: a block has 128 times as many bytes.
        package let blockSize: Int
        /// p of the RFC: how often it is done, one after the other.
        package let parallelism: Int

        /// Nil for a cost beyond `memoryMax`, or one that the algorithm does not know.
        package init?(log2BlockCount: Int, blockSize: Int, parallelism: Int) {
            guard (1...30).contains(log2BlockCount), (1...1_024).contains(blockSize),
                (1...256).contains(parallelism),
                blockSize * 128 * ((1 << log2BlockCount) + parallelism + 2) <= Scrypt.memoryMax
            else { return nil }
            self.log2BlockCount = log2BlockCount
            self.blockSize = blockSize
            self.parallelism = parallelism
        }

        private init() { (log2BlockCount, blockSize, parallelism) = (15, 8, 1) }

        /// N = 2¹⁵, r = 8, p = 1: 32 MiB, some tenth of a second.
        package static let standard = Cost()

        /// Whether guessing is at least as dear at this cost as at the other one.
        package func reaches(_ other: Cost) -> Bool {
            log2BlockCount >= other.log2BlockCount && blockSize >= other.blockSize
                && parallelism >= other.parallelism
        }
    }

    /// Bytes that one derivation may use, so that no stored cost takes a process's memory.
    package static let memoryMax = 256 << 20

    /// Derives `length` bytes, 1 through 1,024; takes as long as `cost` says.
    package static func derive(password: [UInt8], salt: [UInt8], cost: Cost, length: Int = 32) -> [UInt8] {
        precondition((1...1_024).contains(length), "scrypt derives 1 through 1,024 bytes here")
        return [UInt8](unsafeUninitializedCapacity: length) { buffer, initialisedCount in
            let isDerived = password.withUnsafeBytes { password in
                EVP_PBE_scrypt(
                    password.baseAddress?.assumingMemoryBound(to: CChar.self),
                    password.count,
                    salt,
                    salt.count,
                    UInt64(1) << UInt64(cost.log2BlockCount),
                    UInt64(cost.blockSize),
                    UInt64(cost.parallelism),
                    UInt64(memoryMax),
                    buffer.baseAddress,
                    length
                )
            }
            precondition(isDerived == 1, "libcrypto derives at any cost within the limit")
            initialisedCount = length
        }
    }
}
