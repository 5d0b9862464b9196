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
    private var trailer: DeclaredTotals?
    /// How many records so far have another length; nil as soon as one has the right one.
    private var misfits: Int32?

    package var declared: [DeclaredTotals] { trailer.map { [$0] } ?? [] }

    /// A reader of a whole file, or of what follows `position` in it.
    package init(layout: FixedWidthLayout, startingAt position: ReadPosition = .start) {
        self.layout = layout
        self.trailerMark = Array((layout.trailer?.mark ?? "").utf8)
        self.record = RawRecord(charset: layout.charset, quote: nil)
        self.storageOffset = position.byteOffset
        self.ordinal = position.recordOrdinal
        self.physicalLine = position.physicalLine
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
        if searched == storage.count {
            guard searched - consumed <= layout.limits.recordBytesMax else {
                throw defect(
                    .recordTooLong,
                    "the record that begins here has more than \(layout.limits.recordBytesMax) bytes",
                    "end each record with a line feed, and check the file for a cut or binary part"
                )
            }
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
        if isEmpty || physicalLine < Int64(layout.headerLines) {
            consumed = line.end
            physicalLine += 1
            return
        }
        guard trailer == nil else {
            throw defect(
                .trailerNotLast,
                "the file goes on after its trailer",
                "send one file with one trailer at its end"
            )
        }
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
        guard ordinal < layout.limits.recordsMax else {
            throw defect(
                .tooManyRecords,
                "the file has more than \(layout.limits.recordsMax) records",
                "split it into several files"
            )
        }
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

    private func readTrailer(_ content: Range<Int>) throws -> DeclaredTotals {
        guard let trailer = layout.trailer else { preconditionFailure("a trailer is read only where one is described") }
        var count: Int64?
        var sums: [Currency: Int128]?
        if let place = trailer.count {
            guard case .value(let number) = number(at: place, content, unit: .minor, as: Int64.self), number >= 0
            else { throw malformedTrailer("count", place) }
            count = number
        }
        if let place = trailer.sum, let currency = layout.defaultCurrency {
            guard case .value(let sum) = number(at: place, content, unit: layout.amountUnit, as: Int128.self)
            else { throw malformedTrailer("sum", place) }
            sums = [currency: sum]
        }
        return DeclaredTotals(
            origin: .trailer(line: physicalLine + 1, byteOffset: storageOffset + Int64(consumed)),
            count: count,
            sums: sums
        )
    }

    private func number<Value: FixedWidthInteger & Sendable>(
        at place: FixedWidthLayout.Place,
        _ content: Range<Int>,
        unit: AmountUnit,
        as type: Value.Type
    ) -> AmountText<Value> {
        guard place.end <= content.count else { return .malformed }
        let field = trimmed(place.range, in: content)
        let bounds = content.lowerBound + Int(field.start)..<content.lowerBound + Int(field.end)
        return AmountText(
            record.storage.span.extracting(bounds),
            unit: unit,
            minorUnits: layout.defaultCurrency?.minorUnits ?? 0
        )
    }

    private func malformedTrailer(_ part: String, _ place: FixedWidthLayout.Place) -> FileDefect {
        defect(
            .trailerMalformed,
            "bytes \(place.start) to \(place.end) of the trailer are no \(part)",
            "write digits only, and the sum in the unit of the amounts"
        )
    }

    /// Counts the records at the beginning that have another length, and gives the file up when all of them do.
    private mutating func probeLayout() throws {
        guard let misfits else { return }
        self.misfits = record.fault == nil ? nil : misfits + 1
        if self.misfits ?? 0 >= layout.limits.probeRecords { throw layoutMismatch(misfits + 1) }
    }

    private func layoutMismatch(_ misfits: Int32) -> FileDefect {
        defect(
            .layoutMismatch,
            "none of the first \(misfits) records has the \(layout.recordBytes) bytes of the layout ‘\(layout.name)’",
            "check the width and the line ends, or declare the file's own layout"
        )
    }

    private func checkEnd() throws {
        let mend = "send the file again with its records"
        if storageOffset == 0, record.storage.isEmpty {
            throw FileDefect(code: .emptyFile, line: 0, byteOffset: 0, what: "the file has no byte", mend: mend)
        }
        guard ordinal > 0 else { throw defect(.noRecords, "the file ends before its first record", mend) }
        if let misfits, misfits > 0 { throw layoutMismatch(misfits) }
        if layout.trailer != nil, trailer == nil {
            throw defect(
                .trailerMissing,
                "the file ends without the trailer of its layout",
                "send the whole file: it may have been cut"
            )
        }
    }

    private func defect(_ code: FileDefect.Code, _ what: String, _ mend: String) -> FileDefect {
        let place = position
        return FileDefect(
            code: code,
            line: place.physicalLine + 1,
            byteOffset: place.byteOffset,
            what: what,
            mend: mend
        )
    }
}
