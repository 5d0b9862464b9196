/// Reads a batch file as it comes, in parts cut anywhere, and hands out its records one by one, bad ones too.
///
/// Memory is bounded by one part and one record. Nothing but the bytes given is looked at.
package protocol RecordReader: ~Copyable {
    /// What the file itself says that it holds; complete after the last part.
    var declared: [DeclaredTotals] { get }

    /// Takes the next bytes of the file and calls `body` for each record that they complete.
    ///
    /// The last call, and only it, says `isLast`; it may be empty. Throws `FileDefect` for what makes the file as a
    /// whole unfit, and what `body` throws; after a throw the reader is spent.
    mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws
}

extension RecordReader where Self: ~Copyable {
    /// Takes the next bytes of the file and calls `body` for each record that they complete.
    package mutating func read(
        _ bytes: [UInt8],
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        try read(bytes[...], isLast: isLast, body)
    }
}
