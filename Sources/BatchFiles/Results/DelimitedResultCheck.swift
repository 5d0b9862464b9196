package import PaymentCore
import Transcoding

/// The check of delimited result files.
package struct DelimitedResultCheck: ResultCheck, ~Copyable {
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

    package func compare(with expected: [ResultStatus: AmountTotals]) throws(ResultFileDefect) {
        try ResultFileDefect.compare(totals, with: expected)
        let all = totals.values.reduce(AmountTotals(), +)
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
}
