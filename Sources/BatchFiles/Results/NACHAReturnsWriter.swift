package import PaymentCore

/// Writes the file of returns for a NACHA request: an entry with an addenda 99 for each order or record that failed or
/// came back.
///
/// A return repeats the entry that it is about, so the request is read again beside the lines; memory is bounded by one
/// piece of it. Returns stand in batches like those of the request. What succeeded or is open is in no file of returns;
/// nothing that failed is left out: what cannot be read of an entry is filled with zeros or question marks.
package struct NACHAReturnsWriter: ResultWriter, ~Copyable {
    private static let modifiers = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
    /// A batch control counts entries and addenda with six digits.
    private static let batchCountMax: Int64 = 999_999
    /// A file control counts blocks of ten lines with six digits; some are left for controls and a batch header.
    private static let entryLinesMax: Int64 = 9_999_980
    /// The totals of a file control have twelve digits.
    private static let sumMax: Int64 = 999_999_999_999

    private let direction: Direction
    private let requestHeader: NACHALine
    private var request: NACHARequestLines
    private var requestBatch = NACHALine()
    private var requestOrdinal: Int32 = 0
    /// The line whose entry stands in a part of the request that was not given yet.
    private var waiting: ResultLine?
    private var lastLine: Int32 = 0
    private var buffer: [UInt8] = []
    private var lines: Int64 = 0
    /// Of all amounts, whichever way they go.
    private var sum: Int64 = 0
    private var batch: (header: NACHALine, number: Int64, totals: NACHATotals)?
    private var batches: Int64 = 0
    private var totals = NACHATotals()
    private var isFinished = false

    /// A writer of one version of a result, whose file header is in the buffer at once.
    ///
    /// The version becomes the file identification modifier, so that versions of one day are told apart.
    package init(
        header: NACHAReturnsSurvey.Header,
        layout: NACHALayout,
        wrapping: Wrapping = .none,
        edition: ResultEdition
    ) {
        precondition(edition.version > 0, "versions of a result count from 1")
        direction = layout.direction
        requestHeader = header.line
        request = NACHARequestLines(layout: layout, wrapping: wrapping)
        let modifier = Self.modifiers[Int(edition.version - 1) % Self.modifiers.count]
        appendFileHeader(created: BusinessDate(at: edition.madeAt), modifier: modifier)
    }

    package var needsRequest: Bool { waiting != nil }

    package mutating func drain() -> [UInt8] {
        let drained = buffer
        buffer.removeAll(keepingCapacity: true)
        return drained
    }

    package mutating func append(_ line: ResultLine) throws {
        precondition(!isFinished, "a result file is written to after its end")
        precondition(waiting == nil, "the next line comes before the entry of this one was given")
        precondition(line.line.value > lastLine, "the lines of a result do not ascend")
        lastLine = line.line.value
        guard line.status == .failed || line.status == .returned else { return }
        waiting = line
        try write()
    }

    package mutating func read(request bytes: ArraySlice<UInt8>, isLast: Bool) throws {
        try request.read(bytes, isLast: isLast)
        try write()
    }

    package mutating func finish() throws {
        precondition(!isFinished, "a result file is ended twice")
        precondition(waiting == nil, "a result file is ended before the entry of its last line was given")
        isFinished = true
        endBatch()
        // This line too is one of those that fill blocks of ten.
        let blocks = (lines + 1 + 9) / 10
        appendLine(
            "9" + Self.padded(batches, 6) + Self.padded(blocks, 6) + Self.padded(totals.entriesAndAddenda, 8)
                + Self.controlText(of: totals)
        )
        while lines % 10 != 0 { appendLine(String(repeating: "9", count: NACHALine.width)) }
    }

    // MARK: The request

    /// Writes the return that waits, if its entry can be read.
    private mutating func write() throws {
        while let returned = waiting, let line = try request.next() {
            switch line.kind {
            case UInt8(ascii: "5"): requestBatch = line
            case UInt8(ascii: "6"):
                requestOrdinal += 1
                guard requestOrdinal == returned.line.value else { continue }
                waiting = nil
                try write(returned, of: line)
            default: break
            }
        }
    }

    private mutating func write(_ returned: ResultLine, of entry: NACHALine) throws(ResultFileDefect) {
        let amount: Money?
        switch returned.content {
        case .order(let fields):
            var number: [UInt8] = []
            NACHAOrderNumber.append(to: &number, requestHeader, requestBatch, entry)
            guard fields.merchantOrderNumber.utf8.elementsEqual(number) else { throw Self.foreign(returned) }
            amount = fields.amount
        case .record(_, _, let readable): amount = readable
        }
        if let amount {
            guard entry.digits(30...39) == amount.minor, amount.currency == NACHALayout.currency else {
                throw Self.foreign(returned)
            }
        }
        let cents = amount?.minor ?? 0
        sum += cents
        guard lines < Self.entryLinesMax, sum <= Self.sumMax else {
            throw ResultFileDefect(
                line: Int64(returned.line.value),
                what:
                    "with this return they are more than a NACHA file can count: the merchant needs results: delimited"
            )
        }
        beginBatch()
        append(returned, entry, cents)
    }

    private static func foreign(_ returned: ResultLine) -> ResultFileDefect {
        ResultFileDefect(line: Int64(returned.line.value), what: "the request's entry is not that of the order")
    }

    // MARK: Lines

    private mutating func appendFileHeader(created: BusinessDate, modifier: UInt8) {
        // The way back: the request's origin is the destination.
        var line = requestHeader.bytes
        line.replaceSubrange(3..<13, with: requestHeader[14...23])
        line.replaceSubrange(13..<23, with: requestHeader[4...13])
        line.replaceSubrange(23..<34, with: Array((created.nacha + "    ").utf8) + [modifier])
        line.replaceSubrange(40..<63, with: requestHeader[64...86])
        line.replaceSubrange(63..<86, with: requestHeader[41...63])
        appendLine(line)
    }

    private mutating func beginBatch() {
        if let batch, batch.header.byteRange == requestBatch.byteRange,
            batch.totals.entriesAndAddenda + 2 <= Self.batchCountMax
        {
            return
        }
        endBatch()
        batches += 1
        // Class 200: what was set aside because of its transaction code may go the other way.
        var line = requestBatch.bytes
        line.replaceSubrange(1..<4, with: "200".utf8)
        line.replaceSubrange(75..<79, with: "   1".utf8)
        line.replaceSubrange(87..<94, with: Self.padded(batches, 7).utf8)
        appendLine(line)
        batch = (requestBatch, batches, NACHATotals())
    }

    private mutating func endBatch() {
        guard let batch else { return }
        appendLine(
            Array(("8200" + Self.padded(batch.totals.entriesAndAddenda, 6) + Self.controlText(of: batch.totals)).utf8)
                + batch.header[41...50] + [UInt8](repeating: 0x20, count: 25) + batch.header[80...87]
                + Array(Self.padded(batch.number, 7).utf8)
        )
        totals.add(batch.totals)
        self.batch = nil
    }

    private mutating func append(_ returned: ResultLine, _ entry: NACHALine, _ cents: Int64) {
        let origin = requestBatch[80...87]
        // The entry's place in the request: the same in every version, and ascending.
        let trace = Array(origin) + Array(Self.padded(Int64(returned.line.value), 7).utf8)
        var line = entry.bytes.map { Self.isPrintable($0) ? $0 : UInt8(ascii: "?") }
        let code = NACHATransactionCode(entry)?.returning ?? NACHATransactionCode.returning(direction)
        line.replaceSubrange(1..<3, with: code)
        line.replaceSubrange(3..<12, with: Array(origin) + [NACHARouting.checkDigit(origin)])
        line.replaceSubrange(29..<39, with: Self.padded(cents, 10).utf8)
        line[78] = UInt8(ascii: "1")
        line.replaceSubrange(79..<94, with: trace)
        appendLine(line)
        var written = NACHALine()
        written.fill(line.span, number: lines, byteRange: 0..<0)
        batch?.totals.addEntry(written)
        batch?.totals.addAddenda()
        // What the code was before it became one of the rulebook's, as far as the field can carry it.
        let words = returned.code.utf8.map { Self.isPrintable($0) ? $0 : UInt8(ascii: "?") }.prefix(44)
        let isCorporate = requestBatch[51...53].elementsEqual(NACHALayout.EntryClass.ccd.rawValue.utf8)
        let reasonCode = NACHAReturnReason.code(for: returned.code, isCorporate: isCorporate)
        appendLine(
            Array("799\(reasonCode)".utf8) + Self.digits(80...94, of: entry)
                + [UInt8](repeating: 0x20, count: 6) + Self.digits(4...11, of: entry) + words
                + [UInt8](repeating: 0x20, count: 44 - words.count) + trace
        )
    }

    /// A number of the entry, or zeros where there is none.
    private static func digits(_ columns: ClosedRange<Int>, of entry: NACHALine) -> [UInt8] {
        entry.digits(columns) == nil ? [UInt8](repeating: 0x30, count: columns.count) : Array(entry[columns])
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) }

    /// Appends a line, filled with blanks.
    private mutating func appendLine(_ bytes: [UInt8]) {
        precondition(bytes.count <= NACHALine.width, "a line of a NACHA file has more than its 94 characters")
        buffer.append(contentsOf: bytes)
        buffer.append(contentsOf: repeatElement(0x20, count: NACHALine.width - bytes.count))
        buffer.append(0x0A)
        lines += 1
    }

    private mutating func appendLine(_ text: String) { appendLine(Array(text.utf8)) }

    /// Hash, debits and credits, as every control record has them.
    private static func controlText(of totals: NACHATotals) -> String {
        padded(totals.entryHash, 10) + padded(totals.debits, 12) + padded(totals.credits, 12)
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
