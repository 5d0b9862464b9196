import PaymentCore
import Store

extension VerdictNote {
    var json: JSON {
        [
            "code": .string(code), "line": .integer(line), "byte": .integer(byteOffset), "what": .string(what),
            "mend": .string(mend),
        ]
    }

    /// Code, place and what was found, on one line.
    var words: String {
        let byte = byteOffset.map { ", byte \($0)" } ?? ""
        let place = line > 0 ? "line \(line)\(byte): " : ""
        return "\(code): \(place)\(Masked.visible(what, scalarsMax: 400))"
    }
}

extension BatchSummary {
    var json: [String: JSON] {
        [
            "batch_id": .integer(batch.value), "merchant": .string(merchant.value),
            "direction": .string(direction.rawValue), "format": .string(format), "file_name": .string(fileName),
            "business_date": .string("\(businessDate)"), "state": .string(state.rawValue),
            "verdict": verdict.map(\.json) ?? .null, "records": .integer(recordCount),
            "records_loaded": .integer(loadedCount), "received_at": .string(receivedAt.iso8601),
            "finished_at": .string(finishedAt?.iso8601),
        ]
    }
}

extension BatchDetail {
    var members: [String: JSON] {
        var members = summary.json
        members["content_bytes"] = .integer(contentBytes)
        members["amount_unreadable"] = .integer(amountUnreadable)
        members["result_due_at"] = .string(isRefused ? nil : resultDueAt.iso8601)
        members["refusal_answered_at"] = .string(refusalAnsweredAt?.iso8601)
        members["totals"] = .array(totals.map(\.json))
        members["results"] = .array(
            results.map {
                [
                    "version": .integer($0.version), "final": .bool($0.isFinal), "file_name": .string($0.fileName),
                    "lines": .integer($0.lineCount),
                ]
            }
        )
        return members
    }

    var words: String {
        var lines = [
            "Batch \(summary.batch): \(summary.state.rawValue)",
            "  merchant       \(summary.merchant)",
            "  file           \(Masked.visible(summary.fileName, scalarsMax: 255)) (\(summary.format))",
            "  direction      \(summary.direction.rawValue)",
            "  business date  \(summary.businessDate)",
            "  received       \(summary.receivedAt.brief)",
            "  result due     \(isRefused ? "none: the file is refused" : resultDueAt.brief)",
            "  records        \(summary.recordCount.map { "\($0)" } ?? "not known yet"), \(summary.loadedCount) loaded",
        ]
        if amountUnreadable > 0 { lines.append("  without amount \(amountUnreadable)") }
        if let verdict = summary.verdict {
            lines.append("  verdict        \(verdict.words)")
            lines.append("  what to do     \(Masked.visible(verdict.mend, scalarsMax: 400))")
        }
        for total in totals {
            var table = Table("part", "#count", "#amount")
            for part in BatchTotals.Part.allCases where part == .records || total[part].count > 0 {
                table.add(
                    part.rawValue,
                    "\(total[part].count)",
                    total.currency == nil ? "" : amountWords(total[part].amountMinor, total.currency)
                )
            }
            lines.append("\n\(total.currency ?? "Amount or currency not readable")\n\(table.text())")
        }
        if !results.isEmpty {
            var table = Table("#version", "final", "#lines", "name")
            for result in results {
                table.add("\(result.version)", result.isFinal ? "yes" : "no", "\(result.lineCount)", result.fileName)
            }
            lines.append("\nResult files\n\(table.text())")
        }
        return lines.joined(separator: "\n")
    }
}

extension BatchDetail {
    var isRefused: Bool { summary.state == .refused }

    /// Why there is no result file of a version (nil: none at all), and what to do.
    func missingResult(version: Int32?) -> (what: String, mend: String) {
        let batch = summary.batch
        if !results.isEmpty {
            return (
                "batch \(batch) has no result file of version \(version.map { "\($0)" } ?? "?")",
                "look at: sluice file show \(batch)"
            )
        }
        switch summary.state {
        case .refused:
            let why = summary.verdict.map { ": \($0.words)" } ?? ""
            let mend = Masked.visible(summary.verdict?.mend ?? "look at: sluice file show \(batch)", scalarsMax: 400)
            return ("batch \(batch) is refused and has no result file\(why)", "\(mend)\(refusalOutlook)")
        case .held:
            let why = summary.verdict.map { ": \($0.words)" } ?? ""
            return ("batch \(batch) is held and has no result file yet\(why)", "a person decides: sluice review list")
        case .receiving, .pending, .splitting, .split, .working, .finished:
            return (
                "batch \(batch) is \(summary.state.rawValue) and has no result file yet",
                "the first is due at \(resultDueAt.brief), or earlier when nothing is left to do"
            )
        }
    }

    /// Whether a refused file may still get a report of its refusal; one that never came whole gets none.
    private var refusalOutlook: String {
        refusalAnsweredAt == nil && contentBytes != nil
            ? "; a format that can report a refusal is answered by the next run with the stage settle" : ""
    }
}

extension BatchTotals {
    var json: JSON {
        var members: [String: JSON] = ["currency": .string(currency)]
        for part in Part.allCases {
            members[part.rawValue] = .integer(self[part].count)
            members["\(part.rawValue)_minor"] = .integer(self[part].amountMinor)
        }
        return .object(members)
    }
}
