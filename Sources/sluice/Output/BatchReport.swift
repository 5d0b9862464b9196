import PaymentCore
import Store

extension VerdictNote {
    var json: JSON {
        ["code": .string(code), "line": .integer(line), "what": .string(what), "mend": .string(mend)]
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
        members["result_due_at"] = .string(resultDueAt.iso8601)
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
            "  result due     \(resultDueAt.brief)",
            "  records        \(summary.recordCount.map { "\($0)" } ?? "not known yet"), \(summary.loadedCount) loaded",
        ]
        if amountUnreadable > 0 { lines.append("  without amount \(amountUnreadable)") }
        if let verdict = summary.verdict {
            let place = verdict.line > 0 ? "line \(verdict.line): " : ""
            lines.append("  verdict        \(verdict.code): \(place)\(Masked.visible(verdict.what, scalarsMax: 400))")
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
