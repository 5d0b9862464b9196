import PaymentCore

/// Reads a file of NACHA returns again as it was written and compares it with what it should say, before it is stored.
///
/// Counts, hashes, totals, batches and blocks are checked by what reads requests; the expected totals come from the
/// orders.
package struct NACHAResultCheck: ~Copyable {
    private var scanner = NACHALineScanner()
    private var frame = NACHAFrame(layout: nil)
    private var entry: NACHALine?
    private var previousTrace: Int64?
    private var hasBytes = false
    /// What was read.
    package private(set) var totals = AmountTotals()

    package init() {}

    /// Takes the next bytes of the file; throws `FileDefect` or `ResultFileDefect` when they are no file of returns.
    ///
    /// No byte at all is right when nothing comes back.
    package mutating func read(_ bytes: [UInt8], isLast: Bool) throws {
        hasBytes = hasBytes || !bytes.isEmpty
        scanner.append(bytes[...], isLast: isLast)
        while try scanner.next() { try take(scanner.line) }
        guard isLast, hasBytes else { return }
        try frame.finish(linesEnded: scanner.linesEnded, byteOffset: scanner.byteOffset)
        try frame.checkTotals()
    }

    /// Compares what was read with what the orders and records that failed or came back add up to, some of which the
    /// writer left out.
    ///
    /// To be called after the last part.
    package func compare(with expected: AmountTotals, leftOut: AmountTotals) throws(ResultFileDefect) {
        let told = totals + leftOut
        guard told == expected else {
            throw ResultFileDefect(
                line: 0,
                what: "the returns are \(ResultFileDefect.words(told)) instead of \(ResultFileDefect.words(expected))"
            )
        }
    }

    private mutating func take(_ line: NACHALine) throws {
        let part = try frame.accept(line)
        guard (part == .addenda) == (entry != nil) else {
            throw ResultFileDefect(line: line.number, what: "an entry does not have one addenda record")
        }
        switch part {
        case .frame: previousTrace = nil
        case .entry:
            try check(entry: line)
            entry = line
        case .addenda:
            guard let entry else { return }
            try check(addenda: line, of: entry)
            self.entry = nil
        }
    }

    private mutating func check(entry line: NACHALine) throws(ResultFileDefect) {
        guard line.length == NACHALine.width, line.isPrintable, NACHATransactionCode(line)?.purpose == .returned,
            line[79] == UInt8(ascii: "1"), let amount = line.digits(30...39), let batch = frame.batch,
            line[4...11] == batch.header[80...87], line[80...87] == batch.header[80...87],
            NACHARouting.checkDigit(line[4...11]) == line[12]
        else { throw ResultFileDefect(line: line.number, what: "the entry is no return to its originating bank") }
        guard let trace = line.digits(80...94), previousTrace.map({ trace > $0 }) ?? true else {
            throw ResultFileDefect(line: line.number, what: "the trace numbers do not ascend")
        }
        previousTrace = trace
        totals.add(Money(minor: amount, currency: NACHALayout.currency))
    }

    private func check(addenda line: NACHALine, of entry: NACHALine) throws(ResultFileDefect) {
        guard line.length == NACHALine.width, line.isPrintable, line[2...3].elementsEqual("99".utf8),
            NACHAReturnReason.codes.contains(String(decoding: line[4...6], as: UTF8.self)),
            line.digits(7...21) != nil, line.digits(28...35) != nil, line[80...94] == entry[80...94]
        else { throw ResultFileDefect(line: line.number, what: "the addenda record is not that of a return") }
    }
}
