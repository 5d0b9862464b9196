import BatchFiles
import Cryptography
import PaymentCore

extension FileCheckReport {
    /// For people: the verdict, why, and what to do; then what was counted, and the first bad records.
    var words: String {
        var parts = [head]
        if !sums.isEmpty { parts.append(sumTable) }
        if !declared.isEmpty, isWhole { parts.append("Declared and found\n\(declaredTable)") }
        if !reasons.isEmpty { parts.append("Reasons\n\(reasonTable)") }
        if !badRecords.isEmpty {
            let count = totals.quarantined > Int64(badRecords.count) ? "the first \(badRecords.count) of " : ""
            let title = "Records that would go to quarantine: \(count)\(totals.quarantined)"
            parts.append(([title] + badRecords.map(Self.words)).joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n")
    }

    private var head: String {
        let layout = isProbed ? "\(format.name), which the file's beginning looks like" : format.name
        var lines = [
            "File \(Masked.visible(fileName, scalarsMax: 255)): \(verdictWords)",
            "  layout         \(layout)",
            "  rules          \(merchant.map { "of \($0)" } ?? "the defaults; name a --merchant for its own")",
            "  business date  \(businessDate)",
            "  bytes          \(bytes), SHA-256 \(Hexadecimal.encode(sha256))",
            "  records        \(totals.records)\(isWhole ? "" : " read"): \(orders) orders, "
                + "\(totals.quarantined) to quarantine",
        ]
        if totals.totals.amountUnreadable > 0 { lines.append("  without amount \(totals.totals.amountUnreadable)") }
        if !hasComparedAllNumbers {
            lines.append("  order numbers  so many may stand twice that not all were compared")
        }
        if let why {
            let place = why.place.map { "line \($0.line) (byte \($0.byteOffset)): " } ?? ""
            lines.append("  why            \(why.code): \(place)\(Masked.visible(why.what, scalarsMax: 400))")
        }
        lines.append("  what to do     \(Masked.visible(why?.mend ?? mend, scalarsMax: 400))")
        return lines.joined(separator: "\n")
    }

    private var verdictWords: String {
        switch outcome {
        case .clean: "clean"
        case .quarantine: "some records would go to quarantine, the others would be worked"
        case .hold: "would wait for a person"
        case .refuse: "would be refused"
        }
    }

    private var mend: String {
        outcome == .clean
            ? "submit it: sluice file submit"
            : "mend the records below; sent as they are, they wait for a reviewer and the others go on"
    }

    private var sumTable: String {
        var table = Table("currency", "#records", "#amount", "#orders", "#amount", "#quarantined", "#amount")
        for sum in sums {
            let code = sum.currency.code
            table.add(
                code,
                "\(sum.records.count)",
                amountWords(sum.records.amountMinor, code),
                "\(sum.orders.count)",
                amountWords(sum.orders.amountMinor, code),
                "\(sum.quarantined.count)",
                amountWords(sum.quarantined.amountMinor, code)
            )
        }
        return table.text()
    }

    private var declaredTable: String {
        var table = Table("by", "what", "#declared", "#found", "")
        func add(_ origin: String, _ what: String, _ declared: Int128, _ found: Int128, _ words: (Int128) -> String) {
            table.add(origin, what, words(declared), words(found), declared == found ? "" : "differs")
        }
        for declaration in declared {
            let origin =
                switch declaration.origin {
                case .submission: "you"
                case .trailer(let line, _): "the trailer, line \(line)"
                case .header(let line, _): "the header, line \(line)"
                case .groupHeader(let line, _): "the group header, line \(line)"
                }
            if let count = declaration.count {
                add(origin, "records", Int128(count), Int128(totals.records)) { "\($0)" }
            }
            for (currency, sum) in (declaration.sums ?? [:]).sorted(by: { $0.key < $1.key }) {
                add(origin, "sum", sum, totals.totals.amounts[currency]?.amountMinor ?? 0) {
                    amountWords($0, currency.code)
                }
            }
        }
        return table.text()
    }

    private var reasonTable: String {
        var table = Table("code", "#records", "severity", "what to do")
        for reason in reasons {
            table.add(reason.code.rawValue, "\(reason.count)", reason.severity.rawValue, reason.code.mend)
        }
        return table.text()
    }

    /// One record with every reason.
    private static func words(_ record: QuarantineDraft) -> String {
        let (source, range) = (record.source, record.source.byteRange)
        let number = record.merchantOrderNumber.map { ", order \(RecordField.merchantOrderNumber.masked($0))" } ?? ""
        let place = "bytes \(range.lowerBound) up to \(range.upperBound), record \(record.line)"
        let reasons = record.reasons.map { reason in
            let field = reason.field.map { " in \($0.rawValue)" } ?? ""
            let value = reason.maskedValue.isEmpty ? "" : " ‘\(reason.maskedValue)’"
            return "    \(reason.code.rawValue)\(field)\(value): \(reason.mend)"
        }
        return (["  line \(source.physicalLine) (\(place)\(number))"] + reasons).joined(separator: "\n")
    }
}
