package import PaymentCore

/// The records of a file that pass 1 judged to make orders: one bit a record, so that pass 2 need not judge them again.
///
/// Worth something only for the same bytes, judged by the same rules.
package struct PassedRecords: Sendable {
    private var words: [UInt64] = []

    /// Notes that the record passed.
    mutating func insert(_ ordinal: LineNumber) {
        let (word, bit) = Self.place(of: ordinal)
        while words.count <= word { words.append(0) }
        words[word] |= bit
    }

    /// Whether the record passed.
    package func contains(_ ordinal: LineNumber) -> Bool {
        let (word, bit) = Self.place(of: ordinal)
        return word < words.count && words[word] & bit != 0
    }

    private static func place(of ordinal: LineNumber) -> (word: Int, bit: UInt64) {
        precondition(ordinal.value > 0, "records are counted from 1")
        let index = Int(ordinal.value) - 1
        return (index / 64, 1 << UInt64(index % 64))
    }
}
