package import PaymentCore

/// Writes the file of returns for a NACHA request: an entry with an addenda 99 for each order that failed or came back.
///
/// Streaming, from two sides: `append` says what became of each line, `readRequest` gives the request's bytes again, as
/// a return repeats the entry that it is about. Feed the request while `needsRequest`; memory then is bounded by one
/// page of lines and one part. Returns stand in batches like those of the request. What succeeded or is open is in no
/// file of returns: the delimited result says everything.
package struct NACHAReturnsWriter: ~Copyable {
    private static let modifiers = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".utf8)
    /// A batch control counts entries and addenda with six digits.
    private static let batchCountMax: Int64 = 999_999
    /// A file control counts blocks of ten lines with six digits; some are left for controls and a batch header.
    private static let entryLinesMax: Int64 = 9_999_980

    private struct Returned {
        let line: Int32
        let resultCode: String
        /// The order's number; nil for a record that made none.
        let number: String?
        /// What intake read; nil where it could not.
        let amount: Money?
    }

    private let created: BusinessDate
    private let modifier: UInt8
    private var scanner = NACHALineScanner()
    private var requestHeader: NACHALine?
    private var requestBatch = NACHALine()
    private var requestOrdinal: Int32 = 0
    private var waiting: [Returned] = []
    /// How many of `waiting` are written.
    private var written = 0
    private var lastLine: Int32 = 0
    private var buffer: [UInt8] = []
    private var lines: Int64 = 0
    private var batch: (header: NACHALine, number: Int64, totals: NACHATotals)?
    private var batches: Int64 = 0
    private var totals = NACHATotals()
    private var isFinished = false

    /// The lines that failed or came back and are not in the file, as their entries cannot be repeated: quarantined
    /// records whose columns are unreadable, and what is more than a file can count.
    package private(set) var leftOut = AmountTotals()
    /// The entries written.
    package private(set) var returns: Int64 = 0

    /// A writer of the given version of a result, made on a day.
    ///
    /// The version becomes the file identification modifier, so that versions of one day are told apart.
    package init(created: BusinessDate, version: Int32) {
        precondition(version > 0, "versions of a result count from 1")
        self.created = created
        self.modifier = Self.modifiers[Int(version - 1) % Self.modifiers.count]
    }

    /// Whether lines were appended whose entries stand in a part of the request that was not given yet.
    package var needsRequest: Bool { written < waiting.count }

    /// Bytes written and not yet drained.
    package var pendingBytes: Int { buffer.count }

    /// The bytes written since the last call.
    package mutating func drain() -> [UInt8] {
        let drained = buffer
        buffer.removeAll(keepingCapacity: true)
        return drained
    }

    /// Takes what became of the next line of the request; lines ascend.
    package mutating func append(_ line: ResultLine) throws {
        precondition(!isFinished, "a result file is written to after its end")
        precondition(line.line.value > lastLine, "the lines of a result do not ascend")
        lastLine = line.line.value
        guard line.status == .failed || line.status == .returned else { return }
        let (number, amount): (String?, Money?) =
            switch line.content {
            case .order(let fields): (fields.merchantOrderNumber, fields.amount)
            case .record(_, _, let amount): (nil, amount)
            }
        waiting.append(
            Returned(line: line.line.value, resultCode: line.code, number: number, amount: amount)
        )
        try write()
    }

    /// Takes the next bytes of the request, from its beginning.
    package mutating func readRequest(_ bytes: [UInt8], isLast: Bool) throws {
        scanner.append(bytes[...], isLast: isLast)
        try write()
    }

    /// Ends the file; afterwards only `drain` may be called.
    ///
    /// Without a return there is no file: nothing was written.
    package mutating func finish() throws(ResultFileDefect) {
        precondition(!isFinished, "a result file is ended twice")
        isFinished = true
        guard !needsRequest else {
            throw ResultFileDefect(line: Int64(waiting[written].line), what: "the request ends before this entry")
        }
        guard returns > 0 else { return }
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

    /// Writes the returns whose entries can be read.
    private mutating func write() throws {
        while needsRequest {
            guard try scanner.next() else { return }
            let line = scanner.line
            switch line.kind {
            case UInt8(ascii: "1") where requestHeader == nil: requestHeader = line
            case UInt8(ascii: "5"): requestBatch = line
            case UInt8(ascii: "6"):
                requestOrdinal += 1
                if requestOrdinal == waiting[written].line {
                    try write(waiting[written], of: line)
                    written += 1
                }
            default: break
            }
        }
        waiting.removeAll(keepingCapacity: true)
        written = 0
    }

    private mutating func write(_ returned: Returned, of entry: NACHALine) throws(ResultFileDefect) {
        guard let requestHeader else {
            throw ResultFileDefect(line: 1, what: "the request does not begin with a file header")
        }
        if let expected = returned.number {
            var number: [UInt8] = []
            NACHAOrderNumber.append(to: &number, requestHeader, requestBatch, entry)
            guard expected.utf8.elementsEqual(number) else { throw Self.foreign(returned) }
        }
        guard let amount = returned.amount, entry.length == NACHALine.width, entry.isPrintable,
            let code = NACHATransactionCode(entry), entry.digits(4...11) != nil, entry.digits(80...94) != nil,
            lines < Self.entryLinesMax
        else {
            leftOut.add(returned.amount)
            return
        }
        guard entry.digits(30...39) == amount.minor, amount.currency == NACHALayout.currency else {
            throw Self.foreign(returned)
        }
        beginFile(requestHeader)
        beginBatch()
        append(entry, code, returned.resultCode)
    }

    private static func foreign(_ returned: Returned) -> ResultFileDefect {
        ResultFileDefect(line: Int64(returned.line), what: "the request's entry is not that of the order")
    }

    // MARK: Lines

    private mutating func beginFile(_ request: NACHALine) {
        guard lines == 0 else { return }
        // The way back: the request's origin is the destination.
        var line = request.bytes
        line.replaceSubrange(3..<13, with: request[14...23])
        line.replaceSubrange(13..<23, with: request[4...13])
        line.replaceSubrange(23..<34, with: Array((created.nacha + "    ").utf8) + [modifier])
        line.replaceSubrange(40..<63, with: request[64...86])
        line.replaceSubrange(63..<86, with: request[41...63])
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

    private mutating func append(_ entry: NACHALine, _ code: NACHATransactionCode, _ resultCode: String) {
        returns += 1
        let origin = requestBatch[80...87]
        let trace = Array(origin) + Array(Self.padded(returns, 7).utf8)
        var line = entry.bytes
        line.replaceSubrange(1..<3, with: code.returning)
        line.replaceSubrange(3..<12, with: Array(origin) + [NACHARouting.checkDigit(origin)])
        line[78] = UInt8(ascii: "1")
        line.replaceSubrange(79..<94, with: trace)
        appendLine(line)
        var written = NACHALine()
        written.fill(line.span, number: lines, byteRange: 0..<0)
        batch?.totals.addEntry(written)
        batch?.totals.addAddenda()
        // What the code was before it became one of the rulebook's, as far as the field can carry it.
        let words = resultCode.utf8.map { $0 >= 0x20 && $0 < 0x7F ? $0 : UInt8(ascii: "?") }.prefix(44)
        let isCorporate = requestBatch[51...53].elementsEqual(NACHALayout.EntryClass.ccd.rawValue.utf8)
        let reasonCode = NACHAReturnReason.code(for: resultCode, isCorporate: isCorporate)
        appendLine(
            Array("799\(reasonCode)".utf8) + entry[80...94]
                + [UInt8](repeating: 0x20, count: 6) + entry[4...11] + words
                + [UInt8](repeating: 0x20, count: 44 - words.count) + trace
        )
    }

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
