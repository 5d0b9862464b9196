package import PaymentCore
import Transcoding

/// Why a result file is not stored: what was written is not what was meant.
package struct ResultFileDefect: Error, Sendable, Hashable, CustomStringConvertible {
    /// The physical line, from 1; 0 when the file as a whole is meant.
    package let line: Int64
    package let what: String

    package init(line: Int64, what: String) {
        self.line = line
        self.what = what
    }

    package var description: String {
        (line > 0 ? "line \(line): " : "") + what + "; the file is not stored: make it again, and report this"
    }
}

/// Reads a result file again as it was written and compares it with what it should say, before it is stored.
///
/// The second half of a pair: the writer counts nothing for it, the expected totals come from the orders.
package struct ResultFileCheck: ~Copyable {
    private var reader: DelimitedReader
    private let layout: DelimitedLayout
    private let recordAmount: RecordAmount
    /// What was read, per status.
    package private(set) var totals: [ResultStatus: AmountTotals] = [:]

    /// A check of a file made for requests in `layout`.
    package init(layout: DelimitedLayout) {
        self.layout = layout.forResults
        self.reader = DelimitedReader(layout: self.layout)
        self.recordAmount = RecordAmount(form: self.layout.form)
    }

    /// Takes the next bytes of the file; throws `FileDefect` or `ResultFileDefect` when they are no result file.
    package mutating func read(_ bytes: [UInt8], isLast: Bool) throws {
        var totals = self.totals
        let statusIndex = layout.columns.count - DelimitedLayout.resultTitles.count + 1
        let columnCount = layout.columns.count
        let recordAmount = self.recordAmount
        try reader.read(bytes, isLast: isLast) { record in
            guard record.fault == nil, record.fieldCount == columnCount else {
                throw ResultFileDefect(line: record.physicalLine, what: "the line does not have its columns")
            }
            guard let value = record.copyField(at: statusIndex),
                let status = ResultStatus(rawValue: String(decoding: value, as: UTF8.self))
            else { throw ResultFileDefect(line: record.physicalLine, what: "the line has no status") }
            totals[status, default: AmountTotals()].add(recordAmount.money(of: record))
        }
        self.totals = totals
    }

    /// Compares what was read with what the orders and quarantined records add up to, per status.
    ///
    /// To be called after the last part. A status without lines may be absent from `expected`.
    package func compare(with expected: [ResultStatus: AmountTotals]) throws(ResultFileDefect) {
        var all = AmountTotals()
        for status in ResultStatus.allCases {
            let read = totals[status] ?? AmountTotals()
            let wanted = expected[status] ?? AmountTotals()
            guard read == wanted else {
                throw ResultFileDefect(
                    line: 0,
                    what: "the lines with \(status.rawValue) are \(Self.words(read)) instead of \(Self.words(wanted))"
                )
            }
            all = all + read
        }
        try compareTrailer(with: all)
    }

    private func compareTrailer(with all: AmountTotals) throws(ResultFileDefect) {
        guard let trailer = reader.trailer else { return }
        let isCountRight = trailer.count.map { $0 == all.records } ?? true
        let areSumsRight =
            trailer.sums?.allSatisfy { currency, sum in sum == all.amounts[currency]?.amountMinor ?? 0 } ?? true
        guard isCountRight, areSumsRight else {
            throw ResultFileDefect(line: 0, what: "the trailer does not say what the lines add up to")
        }
    }

    private static func words(_ totals: AmountTotals) -> String {
        let amounts = totals.amounts.sorted { $0.key < $1.key }
            .map { currency, tally in "\(tally.count) of \(tally.amountMinor) minor units of \(currency.code)" }
        return (amounts + ["\(totals.amountUnreadable) without an amount"]).joined(separator: ", ")
    }
}
