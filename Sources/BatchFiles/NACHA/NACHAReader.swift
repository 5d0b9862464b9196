import PaymentCore

/// Reads a NACHA file of credits or debits as it comes, in parts cut anywhere.
///
/// A record is an entry with its addenda. What is wrong with one is handed out with it; what is wrong with the order
/// of the lines, or with what batch and file control records state, is thrown. The count and the sum of the file
/// control are `declared`, so that the merchant's tolerance decides about them.
package struct NACHAReader: RecordReader, ~Copyable, Sendable {
    private let layout: NACHALayout
    private var scanner = NACHALineScanner()
    private var frame: NACHAFrame
    private var record: RawRecord
    private var entry: NACHAEntry?
    /// The lines of the entry in work with their line ends.
    private var raw: [UInt8] = []
    /// How much of `raw` is left without the last line end.
    private var rawCount = 0
    private var start = ReadPosition.start
    private var next = ReadPosition.start
    private var previousTrace: Int64?
    private var ordinal: Int32 = 0
    private var number: [UInt8] = []

    package var declared: [DeclaredTotals] { frame.declared(in: layout.direction).map { [$0] } ?? [] }

    package init(layout: NACHALayout) {
        self.layout = layout
        self.frame = NACHAFrame(layout: layout)
        self.record = RawRecord(charsetName: "US-ASCII")
    }

    package mutating func read(
        _ bytes: ArraySlice<UInt8>,
        isLast: Bool,
        _ body: (borrowing RawRecord) throws -> Void
    ) throws {
        scanner.append(bytes, isLast: isLast)
        while try scanner.next() { try take(body) }
        guard isLast else { return }
        try handOut(body)
        try frame.finish(linesEnded: scanner.linesEnded, byteOffset: scanner.byteOffset)
        guard ordinal > 0 else {
            throw frame.header.defect(
                .noRecords,
                "the file has no entry",
                "send the file again with its records"
            )
        }
    }

    private mutating func take(_ body: (borrowing RawRecord) throws -> Void) throws {
        if scanner.line.kind != UInt8(ascii: "7") { try handOut(body) }
        switch try frame.accept(scanner.line) {
        case .frame: previousTrace = nil
        case .entry: try begin()
        case .addenda: try addAddenda()
        }
    }

    private mutating func begin() throws {
        guard ordinal < layout.limits.recordsMax else {
            throw scanner.line.defect(
                .tooManyRecords,
                "the file has more than \(layout.limits.recordsMax) entries",
                "split it into several files"
            )
        }
        ordinal += 1
        entry = NACHAEntry(scanner.line)
        start = ReadPosition(
            byteOffset: scanner.line.byteRange.lowerBound,
            recordOrdinal: ordinal - 1,
            physicalLine: scanner.line.number - 1
        )
        raw.removeAll(keepingCapacity: true)
        keepLine()
    }

    private mutating func addAddenda() throws {
        entry?.addAddenda(scanner.line)
        // Empty lines inside of the record are bytes of it.
        let isKept = scanner.appendPassedOver(to: &raw)
        keepLine()
        guard isKept, raw.count <= layout.limits.recordBytesMax else {
            throw scanner.line.defect(
                .recordTooLong,
                "the entry has addenda of more than \(layout.limits.recordBytesMax) bytes, or after many empty lines",
                "write one addenda record an entry, on the line after it"
            )
        }
    }

    private mutating func keepLine() {
        scanner.appendRaw(to: &raw)
        rawCount = raw.count
        while rawCount > 0, raw[rawCount - 1] == 0x0A || raw[rawCount - 1] == 0x0D { rawCount -= 1 }
        next = ReadPosition(
            byteOffset: scanner.byteOffset,
            recordOrdinal: ordinal,
            physicalLine: scanner.linesEnded
        )
    }

    /// Hands out the entry in work, once a line shows that it has no more addenda.
    private mutating func handOut(_ body: (borrowing RawRecord) throws -> Void) throws {
        guard let entry, let batch = frame.batch else { return }
        self.entry = nil
        // Under a name of its own, as the record is changed meanwhile; not a copy.
        let raw = self.raw
        record.begin(raw: raw.span.extracting(0..<rawCount))
        record.ordinal = LineNumber(ordinal)
        record.physicalLine = start.physicalLine + 1
        record.byteRange = start.byteOffset..<next.byteOffset
        record.next = next
        for finding in entry.findings(direction: layout.direction, header: batch.header, after: previousTrace) {
            record.add(finding)
        }
        if entry.isWhole {
            previousTrace = entry.traceNumber ?? previousTrace
            appendValues(of: entry, batch)
        } else {
            record.fault = .wrongLength
        }
        try body(record)
    }

    /// Appends the values in the order of the layout's columns.
    private mutating func appendValues(of entry: NACHAEntry, _ batch: NACHABatch) {
        let line = entry.line
        let batchHeader = batch.header
        // Numbers are filled with zeros: one with blanks is no number.
        let amount = line.trimmed(30...39).isEmpty ? [] : line[30...39]
        number.removeAll(keepingCapacity: true)
        if entry.traceNumber != nil { NACHAOrderNumber.append(to: &number, frame.header, batchHeader, line) }
        append(number[...])
        append(line.trimmed(13...29))
        append(line.trimmed(55...76))
        append(line.trimmed(4...12))
        append(amount)
        append(entry.addendaText.isEmpty ? batchHeader.trimmed(54...63) : entry.addendaText[...])
        append(batch.effectiveDate[...])
    }

    private mutating func append(_ value: ArraySlice<UInt8>) { record.appendValue(value.span) }
}
