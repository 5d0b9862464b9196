/// The banks that a merchant's orders can reach, by the beginnings of their codes.
///
/// Three digits name a bank in a CNAPS code, four letters in a BIC; a whole code names a branch.
package struct KnownBanks: Sendable {
    private let prefixes: Set<UInt128>
    private let lengths: [Int]

    /// Nil when a prefix is empty or longer than 15 bytes.
    package init?(prefixes texts: some Sequence<String>) {
        var prefixes: Set<UInt128> = []
        var lengths: Set<Int> = []
        for text in texts {
            guard (1...15).contains(text.utf8.count) else { return nil }
            lengths.insert(text.utf8.count)
            prefixes.insert(Self.key(of: text.utf8.span, length: text.utf8.count))
        }
        self.prefixes = prefixes
        self.lengths = lengths.sorted()
    }

    /// Whether the code begins with one of the prefixes.
    package func contains(_ code: Span<UInt8>) -> Bool {
        for length in lengths {
            guard length <= code.count else { return false }
            if prefixes.contains(Self.key(of: code, length: length)) { return true }
        }
        return false
    }

    /// The first bytes of a code with their number, in one integer.
    private static func key(of code: Span<UInt8>, length: Int) -> UInt128 {
        var key = UInt128(length)
        for index in 0..<length { key = key << 8 | UInt128(code[index]) }
        return key
    }
}
