import CLibCrypto

/// Comparison of secrets whose duration tells nothing about where they differ.
package enum ConstantTime {
    /// Whether `first` and `second` are the same bytes; only their lengths influence the time it takes.
    @inline(never)
    package static func equals(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        guard first.count == second.count else { return false }
        return CRYPTO_memcmp(first, second, first.count) == 0
    }
}
