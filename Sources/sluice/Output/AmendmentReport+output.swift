import PaymentCore
import Review
import Store

extension AmendmentReport {
    var json: JSON {
        [
            "dry_run": .bool(isPreview), "found": .integer(found), "unchanged": .integer(unchanged),
            "amended": .integer(amended), "passing": .integer(passing), "failing": .integer(failing),
            "refused": .integer(refusedRecords), "remaining_reasons": .array(remaining.map(\.json)),
            "refused_reasons": .array(refused.map(\.json)),
            "examples": .array(
                examples.map {
                    [
                        "record": .string("\($0.key)"), "field": .string($0.field), "before_masked": .string($0.before),
                        "after_masked": .string($0.after),
                    ]
                }
            ), "changed": .array(changed.map(\.json)), "missing": .array(missing.map { .string("\($0)") }),
            "unjudgeable": .array(
                unjudgeable.map { ["record": .string("\($0.key)"), "why": .string($0.why)] }
            ),
        ]
    }

    /// `417 records amended, 3 would still fail`, and what a reviewer must know beside.
    var words: String {
        guard found > 0 || !missing.isEmpty else { return "No quarantined records are meant." }
        var parts = [
            "\(Self.records(amended)) \(isPreview ? "would be " : "")amended, \(failing) would still fail"
        ]
        if unchanged > 0 { parts.append("\(unchanged) say so already") }
        if refusedRecords > 0 { parts.append("\(refusedRecords) left alone: the new text breaks a rule") }
        if !changed.isEmpty { parts.append("\(changed.count) left alone: somebody else was faster") }
        if !missing.isEmpty { parts.append("\(missing.count) are no quarantined records") }
        if !unjudgeable.isEmpty { parts.append("\(unjudgeable.count) cannot be judged here") }
        var lines = [(isPreview ? "Nothing was done. " : "") + parts.joined(separator: "; ") + "."]
        for example in examples {
            lines.append(
                "  \(example.key) \(example.field): \(example.before.isEmpty ? "(empty)" : example.before) -> "
                    + (example.after.isEmpty ? "(empty)" : example.after)
            )
        }
        if !remaining.isEmpty { lines.append("\nStill wrong:\n\(Self.table(remaining).text())") }
        if !refused.isEmpty {
            lines.append("\nLeft alone, because the new text breaks a rule:\n\(Self.table(refused).text())")
        }
        lines += changed.prefix(20).map { "  \($0.words)" }
        if changed.count > 20 { lines.append("  and \(changed.count - 20) more: --json names them all") }
        if !missing.isEmpty {
            lines.append("  no quarantined records: \(missing.prefix(20).map { "\($0)" }.joined(separator: ", "))")
        }
        lines += unjudgeable.prefix(20).map { "  \($0)" }
        return lines.joined(separator: "\n")
    }

    static func records(_ count: Int64) -> String { count == 1 ? "1 record" : "\(count) records" }

    static func table(_ tallies: [ReasonTally]) -> Table {
        var table = Table("reason", "field", "#records", "such as", "mend")
        for tally in tallies {
            table.add(
                tally.code,
                tally.field,
                "\(tally.records)",
                tally.examples.map { "\($0)" }.joined(separator: " "),
                tally.mend
            )
        }
        return table
    }
}

extension ReasonTally {
    var json: JSON {
        [
            "code": .string(code), "field": .string(field), "records": .integer(records), "mend": .string(mend),
            "examples": .array(examples.map { .string("\($0)") }),
        ]
    }
}

extension RecordChange {
    var json: JSON {
        [
            "record": .string("\(key)"), "state": .string(state.rawValue), "revision": .integer(revision),
            "login": .string(login), "changed_at": .string(changedAt?.iso8601),
        ]
    }
}

extension ImportReport {
    var json: JSON {
        [
            "amendment": amendment.json, "lines": .integer(lines), "lines_without_text": .integer(linesWithoutText),
            "refused_lines": .array(
                refused.map { ["line": .integer($0.line), "why": .string($0.why), "mend": .string($0.mend)] }
            ),
        ]
    }

    var words: String {
        var words = "\(lines) lines with a new text, \(refused.count) refused. \(amendment.words)"
        for line in refused.prefix(50) { words += "\n  line \(line.line): \(line.why); \(line.mend)" }
        if refused.count > 50 { words += "\n  and \(refused.count - 50) more: --json names them all" }
        return words
    }
}
