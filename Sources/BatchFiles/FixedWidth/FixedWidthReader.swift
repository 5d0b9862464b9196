import PaymentCore
import Transcoding

/// Reads a file of fixed width as it comes, in parts cut anywhere.
///
/// A record of another length is handed out with its fault, and costs no other where records have line ends. Spaces
/// around a value are padding. Line ends are LF or CR LF; empty lines are passed over, and counted as lines.
package struct FixedWidthReader: RecordReader, ~Copyable, Sendable {
    private let layout: FixedWidthLayout
    private let trailerMark: [UInt8]
    private var record: RawRecord
    /// The offset in the file of the first byte in `record.storage`.
    private var storageOffset: Int64
    /// How much of `record.storage` belongs to records handed out and lines passed over.
    private var consumed = 0
    /// How much of it was looked at for a line end.
    private var searched = 0
    private var ordinal: Int32
    private var physicalLine: Int64
    private var isFinished = false
    private var isHeaderDue: Bool
    private var header: DeclaredTotals?
    private var trailer: DeclaredTotals?
    /// How many records so far have another length; nil as soon as one has the right one.
    private var misfits: Int32?

    package var declared: [DeclaredTotals] { [header, trailer].compactMap(\.self) }

    /// A reader of a whole file, or of what follows `position` in it.
    package init(layout: FixedWidthLayout, startingAt position: ReadPosition = .start) {
        self.layout = layout
        self.trailerMark = Array((layout.trailer?.mark ?? "").utf8)
        self.record = RawRecord(charset: layout.charset, quote: nil)
        self.storageOffset = position.byteOffset
        self.ordinal = position.recordOrdinal
        self.physicalLine = position.physicalLine
        self.isHeaderDue = layout.headerRecord != nil && position == .start
        self.misfits = position == .start ? 0 : nil
    }

    private var position: ReadPosition {
        ReadPosition(byteOffset: storageOffset + Int64(consumed), recordOrdinal: ordinal, physicalLine: physicalLine)
    }

    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        precondition(!isFinished, "a reader is fed after its last part")
        isFinished = isLast
        record.storage.removeSubrange(0..<consumed)
        storageOffset += Int64(consumed)
        searched -= consumed
        consumed = 0
        record.storage.append(contentsOf: bytes)
        while let line = try nextLine() { try take(line, body) }
        if isFinished { try checkEnd() }
    }

    /// The next line: where its content ends, and where it ends; nil while it is not whole.
    private mutating func nextLine() throws -> (contentEnd: Int, end: Int)? {
        let storage = record.storage
        guard layout.hasLineEnds else {
            let left = storage.count - consumed
            guard left >= layout.recordBytes || (isFinished && left > 0) else { return nil }
            let end = min(consumed + layout.recordBytes, storage.count)
            return (end, end)
        }
        while searched < storage.count, storage[searched] != 0x0A { searched += 1 }
        // A carriage return may belong to the line end.
        guard searched - consumed <= layout.limits.recordBytesMax + 1 else {
            throw FileDefect.recordTooLong(layout.limits, at: position)
        }
        if searched == storage.count {
            return isFinished && consumed < storage.count ? (contentEnd(searched), searched) : nil
        }
        searched += 1
        return (contentEnd(searched - 1), searched)
    }

    /// Without the carriage return before a line end.
    private func contentEnd(_ end: Int) -> Int {
        end > consumed && record.storage[end - 1] == 0x0D && end - consumed > layout.recordBytes ? end - 1 : end
    }

    private mutating func take(
        _ line: (contentEnd: Int, end: Int),
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        let content = consumed..<line.contentEnd
        let isEmpty = layout.hasLineEnds && record.storage[content].allSatisfy { $0 == 0x0D }
        if !isEmpty, isHeaderDue {
            isHeaderDue = false
            header = try readHeader(content)
            consumed = line.end
            physicalLine += 1
            return
        }
        if isEmpty || physicalLine < Int64(layout.linesBeforeRecords) {
            consumed = line.end
            physicalLine += 1
            return
        }
        guard trailer == nil else { throw FileDefect.trailerNotLast(at: position) }
        if layout.trailer != nil, record.storage[content].starts(with: trailerMark) {
            trailer = try readTrailer(content)
            consumed = line.end
            physicalLine += 1
            return
        }
        try handOut(content, end: line.end, body)
    }

    private mutating func handOut(
        _ content: Range<Int>,
        end: Int,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        guard ordinal < layout.limits.recordsMax else { throw FileDefect.tooManyRecords(layout.limits, at: position) }
        record.start = content.lowerBound
        record.count = content.count
        record.fault = content.count == layout.recordBytes ? nil : .wrongLength
        try probeLayout()
        record.fields.removeAll(keepingCapacity: true)
        if record.fault == nil {
            for column in layout.columns { record.fields.append(trimmed(column.place.range, in: content)) }
        }
        record.fieldCount = record.fields.count
        let before = position
        ordinal += 1
        consumed = end
        physicalLine += 1
        record.ordinal = LineNumber(ordinal)
        record.physicalLine = before.physicalLine + 1
        record.byteRange = before.byteOffset..<storageOffset + Int64(end)
        record.next = position
        try body(record)
    }

    /// A field without the spaces around its value.
    private func trimmed(_ place: Range<Int>, in content: Range<Int>) -> FieldRange {
        var start = place.lowerBound
        var end = place.upperBound
        while start < end, record.storage[content.lowerBound + start] == 0x20 { start += 1 }
        while end > start, record.storage[content.lowerBound + end - 1] == 0x20 { end -= 1 }
        return FieldRange(start: Int32(start), end: Int32(end), isQuoted: false, hasDoubledQuotes: false)
    }

    private func readHeader(_ content: Range<Int>) throws -> DeclaredTotals {
        guard let header = layout.headerRecord else {
            preconditionFailure("a header is read only where one is described")
        }
        if let mark = header.mark, !record.storage[content].starts(with: mark.utf8) {
            throw FileDefect.headerWithoutMark(mark, at: position)
        }
        let place = position
        return try totals(
            .header(line: place.physicalLine + 1, byteOffset: place.byteOffset),
            .headerMalformed,
            count: header.count,
            sum: header.sum,
            content
        )
    }

    private func readTrailer(_ content: Range<Int>) throws -> DeclaredTotals {
        let place = position
        return try totals(
            .trailer(line: place.physicalLine + 1, byteOffset: place.byteOffset),
            .trailerMalformed,
            count: layout.trailer?.count,
            sum: layout.trailer?.sum,
            content
        )
    }

    private func totals(
        _ origin: DeclaredTotals.Origin,
        _ code: FileDefect.Code,
        count: FixedWidthLayout.Place?,
        sum: FixedWidthLayout.Place?,
        _ content: Range<Int>
    ) throws(FileDefect) -> DeclaredTotals {
        try TotalsText(unit: layout.amountUnit, currency: layout.defaultCurrency).totals(
            origin,
            count: count,
            sum: sum,
            text: { place in
                guard place.end <= content.count else { return nil }
                let field = trimmed(place.range, in: content)
                return Array(
                    record.storage[content.lowerBound + Int(field.start)..<content.lowerBound + Int(field.end)]
                )
            },
            malformed: { FileDefect.malformedTotals(code, $0, "bytes \($1.start) to \($1.end)", at: position) }
        )
    }

    /// Counts the records at the beginning that have another length, and gives the file up when all of them do.
    private mutating func probeLayout() throws {
        guard let misfits else { return }
        self.misfits = record.fault == nil ? nil : misfits + 1
        if self.misfits ?? 0 >= layout.limits.probeRecords { throw layoutMismatch(misfits + 1) }
    }

    private func layoutMismatch(_ misfits: Int32) -> FileDefect {
        FileDefect(
            .layoutMismatch,
            at: position,
            "none of the first \(misfits) records has the \(layout.recordBytes) bytes of the layout ‘\(layout.name)’",
            "check the width and the line ends, or declare the file's own layout"
        )
    }

    private func checkEnd() throws {
        if storageOffset == 0, record.storage.isEmpty { throw FileDefect.noByte }
        guard ordinal > 0 else { throw FileDefect.noRecords(at: position) }
        if let misfits, misfits > 0 { throw layoutMismatch(misfits) }
        if layout.trailer != nil, trailer == nil { throw FileDefect.trailerMissing(at: position) }
    }
}
