/// Reads a batch file of any format.
package struct BatchFileReader: RecordReader, ~Copyable, Sendable {
    private var delimited: DelimitedReader?
    private var fixedWidth: FixedWidthReader?

    /// Where in the file the bytes begin that are to be given first.
    package let byteOffset: Int64

    package private(set) var declared: [DeclaredTotals] = []

    /// A reader of a whole file, or of the records that follow `position` in it.
    package init(format: FileFormat, startingAt position: ReadPosition = .start) {
        switch format {
        case .delimited(let layout): delimited = DelimitedReader(layout: layout, startingAt: position)
        case .fixedWidth(let layout): fixedWidth = FixedWidthReader(layout: layout, startingAt: position)
        }
        byteOffset = position.byteOffset
    }

    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        // Exactly one of them is there.
        try delimited?.read(bytes, isLast: isLast, body)
        try fixedWidth?.read(bytes, isLast: isLast, body)
        if isLast { declared = (delimited?.declared ?? []) + (fixedWidth?.declared ?? []) }
    }
}
