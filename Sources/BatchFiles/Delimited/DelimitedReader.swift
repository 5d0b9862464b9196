import PaymentCore
import Transcoding

/// Reads a delimited file as it comes, in parts cut anywhere, and hands out its records one by one.
///
/// Bytes only: charsets matter just so far that no second byte of a character is taken for a mark. A record that breaks
/// the form is handed out with its fault; what makes the file as a whole unfit is thrown as `FileDefect`. Memory is
/// bounded by one part and one record. Line ends are LF or CR LF; a mark of UTF-8 or GB 18030 at the beginning, empty
/// lines and comments are passed over, and counted as lines. After a throw the reader is spent.
package struct DelimitedReader: RecordReader, ~Copyable, Sendable {
    /// Large parts are taken in pieces of this size, so that what is copied stays in the processor's cache.
    private static let pieceBytes = 128 * 1_024

    private static let returnMend = "end lines with a line feed, not with a carriage return alone"

    private struct Misfits {
        var count: Int32 = 0
        var line: Int64 = 0
        var byteOffset: Int64 = 0
        /// Whether a carriage return stands inside the first: its lines may end with nothing else.
        var holdsReturn = false
    }

    private let layout: DelimitedLayout
    private let trailerMark: [UInt8]
    private var scanner: RecordScanner
    private var record: RawRecord
    /// The offset in the file of the first byte in `record.storage`.
    private var storageOffset: Int64
    /// How much of `record.storage` belongs to records handed out and lines passed over.
    private var consumed = 0
    private var ordinal: Int32
    private var physicalLine: Int64
    private var isMarkDue: Bool
    private var isHeaderRecordDue: Bool
    private var isHeaderDue: Bool
    private var isFinished = false
    /// The records so far that miss the columns, and the place of the first; nil as soon as one has them.
    private var misfits: Misfits?

    /// What the trailer declares; nil until it was read, and for layouts without one.
    package private(set) var trailer: DeclaredTotals?

    private var header: DeclaredTotals?

    package var declared: [DeclaredTotals] { [header, trailer].compactMap(\.self) }

    /// A reader of a whole file, or of what follows `position` in it.
    ///
    /// A reader that starts in the middle does not judge the layout: the one that began the file has done so.
    package init(layout: DelimitedLayout, startingAt position: ReadPosition = .start) {
        self.layout = layout
        self.scanner = RecordScanner(layout: layout)
        self.record = RawRecord(charset: layout.charset, quote: layout.quote)
        self.trailerMark = Array((layout.trailer?.mark ?? "").utf8)
        self.storageOffset = position.byteOffset
        self.ordinal = position.recordOrdinal
        self.physicalLine = position.physicalLine
        self.isMarkDue = position.byteOffset == 0
        self.isHeaderRecordDue = layout.headerRecord != nil && position.recordOrdinal == 0
        self.isHeaderDue = layout.header == .columnTitles && position.recordOrdinal == 0
        self.misfits = position == .start ? Misfits() : nil
    }

    /// The place after the last record handed out, or after the lines passed over since.
    package var position: ReadPosition {
        ReadPosition(byteOffset: storageOffset + Int64(consumed), recordOrdinal: ordinal, physicalLine: physicalLine)
    }

    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        precondition(!isFinished, "a reader is fed after its last part")
        var rest = bytes
        repeat {
            let piece = rest.prefix(Self.pieceBytes)
            rest = rest.dropFirst(Self.pieceBytes)
            isFinished = isLast && rest.isEmpty
            record.storage.removeSubrange(0..<consumed)
            storageOffset += Int64(consumed)
            consumed = 0
            record.storage.append(contentsOf: piece)
            try readStorage(body)
        } while !rest.isEmpty
        if isFinished { try checkEnd() }
    }

    private mutating func readStorage(_ body: (borrowing RawRecord) throws -> Void) throws {
        if isMarkDue {
            guard record.storage.count >= ByteOrderMark.bytesMax || isFinished else { return }
            isMarkDue = false
            try passMark()
        }
        // The same storage under a name of its own, as the scanner fills the record's fields meanwhile; not a copy, for
        // nothing is added to it before this returns.
        let storage = record.storage
        while true {
            let found = scanner.scan(
                storage.span.extracting(consumed..<storage.count),
                isLast: isFinished,
                fields: &record.fields
            )
            switch found {
            case .nothingYet:
                return
            case .tooLong:
                throw FileDefect.recordTooLong(layout.limits, at: position)
            case .skippedLine:
                passLine()
            case .record:
                try handOut(body)
            }
        }
    }

    private mutating func passLine() {
        consumed += scanner.lineEnd
        physicalLine += scanner.physicalLines
        scanner.startRecord(&record.fields)
    }

    private mutating func handOut(_ body: (borrowing RawRecord) throws -> Void) throws {
        record.start = consumed
        record.count = scanner.contentEnd
        record.fieldCount = scanner.fieldCount
        record.fault = scanner.fault
        if isHeaderRecordDue {
            isHeaderRecordDue = false
            header = try readHeader()
            passLine()
            return
        }
        if isHeaderDue {
            isHeaderDue = false
            try checkHeader()
            passLine()
            return
        }
        guard trailer == nil else { throw FileDefect.trailerNotLast(at: position) }
        if begins(with: trailerMark) {
            trailer = try readTrailer()
            passLine()
            return
        }
        guard ordinal < layout.limits.recordsMax else { throw FileDefect.tooManyRecords(layout.limits, at: position) }
        try probeLayout()
        let before = position
        let lineEnd = scanner.lineEnd
        ordinal += 1
        consumed += lineEnd
        physicalLine += scanner.physicalLines
        record.ordinal = LineNumber(ordinal)
        record.physicalLine = before.physicalLine + 1
        record.byteRange = before.byteOffset..<before.byteOffset + Int64(lineEnd)
        record.next = position
        try body(record)
        scanner.startRecord(&record.fields)
    }

    /// Passes over a mark of the layout's own charset, and refuses that of another.
    private mutating func passMark() throws {
        guard let mark = ByteOrderMark.beginning(record.storage) else { return }
        guard mark.charset == layout.charset else {
            throw FileDefect(
                .charsetMismatch,
                at: position,
                "the file begins with the byte order mark of \(mark.name)",
                "write it in \(layout.charset.rawValue), or declare a layout with its charset"
            )
        }
        consumed = mark.bytes.count
    }

    private func checkHeader() throws {
        let mend = "write the titles of the layout ‘\(layout.name)’, in their order, as the first line"
        guard record.fault == nil, record.fieldCount == layout.columns.count else {
            throw FileDefect(
                .headerMismatch,
                at: position,
                "the header has \(record.fieldCount) columns instead of \(layout.columns.count)",
                record.holdsReturn ? Self.returnMend : mend
            )
        }
        let encoder = TextEncoder(charset: layout.charset)
        for (index, column) in layout.columns.enumerated()
        where record.copyField(at: index) != encoder.encode(column.title) {
            throw FileDefect(.headerMismatch, at: position, "column \(index + 1) is not titled ‘\(column.title)’", mend)
        }
    }

    /// Whether the line begins with a field that is the mark, unquoted; no line does with an empty one.
    private func begins(with mark: [UInt8]) -> Bool {
        guard !mark.isEmpty, let first = record.fields.first, !first.isQuoted else { return false }
        return record.storage[record.bounds(of: first)].elementsEqual(mark)
    }

    private func readHeader() throws -> DeclaredTotals {
        guard let header = layout.headerRecord else {
            preconditionFailure("a header is read only where one is described")
        }
        if let mark = header.mark, !begins(with: Array(mark.utf8)) {
            throw FileDefect.headerWithoutMark(mark, at: position)
        }
        let place = position
        return try totals(
            .header(line: place.physicalLine + 1, byteOffset: place.byteOffset),
            .headerMalformed,
            count: header.count,
            sum: header.sum
        )
    }

    private func readTrailer() throws -> DeclaredTotals {
        let place = position
        return try totals(
            .trailer(line: place.physicalLine + 1, byteOffset: place.byteOffset),
            .trailerMalformed,
            count: layout.trailer?.countPosition,
            sum: layout.trailer?.sumPosition
        )
    }

    private func totals(
        _ origin: DeclaredTotals.Origin,
        _ code: FileDefect.Code,
        count: Int?,
        sum: Int?
    ) throws(FileDefect) -> DeclaredTotals {
        try TotalsText(unit: layout.amountUnit, currency: layout.defaultCurrency).totals(
            origin,
            count: count,
            sum: sum,
            text: { record.copyField(at: $0 - 1) },
            malformed: { FileDefect.malformedTotals(code, $0, "field \($1)", at: position) }
        )
    }

    /// Counts the records at the beginning that miss the columns, and gives the file up when all of them do.
    private mutating func probeLayout() throws {
        guard var misfits else { return }
        if record.fault == nil, record.fieldCount == layout.columns.count {
            self.misfits = nil
            return
        }
        if misfits.count == 0 {
            let place = position
            misfits.line = place.physicalLine + 1
            misfits.byteOffset = place.byteOffset
            misfits.holdsReturn = record.holdsReturn
        }
        misfits.count += 1
        self.misfits = misfits
        if misfits.count >= layout.limits.probeRecords { throw layoutMismatch(misfits) }
    }

    private func layoutMismatch(_ misfits: Misfits) -> FileDefect {
        FileDefect(
            code: .layoutMismatch,
            line: misfits.line,
            byteOffset: misfits.byteOffset,
            what: "none of the first \(misfits.count) records has the \(layout.columns.count) columns of the layout "
                + "‘\(layout.name)’",
            mend: misfits.holdsReturn
                ? Self.returnMend
                : "check the separator and the columns, or declare the file's own layout"
        )
    }

    private func checkEnd() throws {
        if storageOffset == 0, record.storage.isEmpty { throw FileDefect.noByte }
        guard ordinal > 0 else { throw FileDefect.noRecords(at: position) }
        if let misfits, misfits.count > 0 { throw layoutMismatch(misfits) }
        if layout.trailer != nil, trailer == nil { throw FileDefect.trailerMissing(at: position) }
    }
}
