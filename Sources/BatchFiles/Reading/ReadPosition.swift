/// A place between two records from which a reader can go on.
///
/// Saved with each chunk of a load; a reader started there and fed the bytes from `byteOffset` on yields exactly the
/// records that were still to come.
package struct ReadPosition: Sendable, Hashable {
    /// Bytes of the file before this place.
    package let byteOffset: Int64
    /// The ordinal of the last record before this place; 0 before the first.
    package let recordOrdinal: Int32
    /// Physical lines that ended before this place.
    package let physicalLine: Int64

    package init(byteOffset: Int64, recordOrdinal: Int32, physicalLine: Int64) {
        self.byteOffset = byteOffset
        self.recordOrdinal = recordOrdinal
        self.physicalLine = physicalLine
    }

    /// The beginning of a file.
    package static let start = ReadPosition(byteOffset: 0, recordOrdinal: 0, physicalLine: 0)
}
