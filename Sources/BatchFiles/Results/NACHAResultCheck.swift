package import PaymentCore

/// The check of files of NACHA returns: every order and record that failed or came back is in it, and nothing else.
///
/// Counts, hashes, totals, batches and blocks are checked by what reads requests.
package struct NACHAResultCheck: ResultCheck, ~Copyable {
    private var scanner = NACHALineScanner()
    private var frame = NACHAFrame(layout: nil)
    private var entry: NACHALine?
    private var previousTrace: Int64?
    /// What was read.
    private var returns = Tally()

    package init() {}

    package mutating func read(_ bytes: [UInt8], isLast: Bool) throws {
        scanner.append(bytes[...], isLast: isLast)
        while try scanner.next() { try take(scanner.line) }
        guard isLast else { return }
        try frame.finish(linesEnded: scanner.linesEnded, byteOffset: scanner.byteOffset)
        try frame.checkTotals()
    }

    package func compare(with expected: [ResultStatus: AmountTotals]) throws(ResultFileDefect) {
        let wanted = [ResultStatus.failed, .returned].reduce(AmountTotals()) { $0 + (expected[$1] ?? AmountTotals()) }
        let cents = wanted.amounts[NACHALayout.currency]?.amountMinor ?? 0
        guard returns.count == wanted.records, returns.amountMinor == cents,
            wanted.amounts.keys.allSatisfy({ $0 == NACHALayout.currency })
        else {
            throw ResultFileDefect(
                line: 0,
                what: "the returns are \(returns.count) of \(returns.amountMinor) cents instead of "
                    + ResultFileDefect.words(wanted)
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
        returns.add(amount)
    }

    private func check(addenda line: NACHALine, of entry: NACHALine) throws(ResultFileDefect) {
        guard line.length == NACHALine.width, line.isPrintable, line[2...3].elementsEqual("99".utf8),
            NACHAReturnReason.codes.contains(String(decoding: line[4...6], as: UTF8.self)),
            line.digits(7...21) != nil, line.digits(28...35) != nil, line[80...94] == entry[80...94]
        else { throw ResultFileDefect(line: line.number, what: "the addenda record is not that of a return") }
    }
}
