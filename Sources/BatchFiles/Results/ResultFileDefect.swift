import PaymentCore
import XMLStream

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

extension ResultFileDefect {
    /// What a schema finds in a file of ours.
    init(_ finding: XMLSchemaFinding) {
        self.init(line: finding.line, what: "the schema does not take \(finding.path): \(finding.what)")
    }

    /// Compares what was read of a file with what its lines add up to, per status; an absent status has no lines.
    static func compare(
        _ totals: [ResultStatus: AmountTotals],
        with expected: [ResultStatus: AmountTotals]
    ) throws(ResultFileDefect) {
        for status in ResultStatus.allCases {
            let read = totals[status] ?? AmountTotals()
            let wanted = expected[status] ?? AmountTotals()
            guard read == wanted else {
                throw ResultFileDefect(
                    line: 0,
                    what: "the lines with \(status.rawValue) are \(words(read)) instead of \(words(wanted))"
                )
            }
        }
    }

    static func words(_ totals: AmountTotals) -> String {
        let amounts = totals.amounts.sorted { $0.key < $1.key }
            .map { currency, tally in "\(tally.count) of \(tally.amountMinor) minor units of \(currency.code)" }
        return (amounts + ["\(totals.amountUnreadable) without an amount"]).joined(separator: ", ")
    }
}
