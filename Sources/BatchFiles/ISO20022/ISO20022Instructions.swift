import PaymentCore

/// The identifications of instructions that a message has had so far, each beside its ordering account; bounded as
/// `FingerprintTable` is.
struct ISO20022Instructions: Sendable {
    private var table = FingerprintTable(keepsLines: true)

    /// The line of an earlier instruction of the account with this identification, if there is one.
    mutating func line(of identification: [UInt8], account: [UInt8], in line: LineNumber) -> LineNumber? {
        guard !identification.isEmpty, !ISO20022Transaction.isNotProvided(identification.span) else { return nil }
        var hasher = Hasher()
        for text in [account, identification] {
            hasher.combine(text.count)
            text.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return table.insert(UInt64(bitPattern: Int64(hasher.finalize())), of: line)
    }
}
