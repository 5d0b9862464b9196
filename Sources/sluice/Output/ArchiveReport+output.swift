import PaymentCore
package import Pipeline
import Store

extension ArchiveReport {
    package var status: ExitStatus {
        switch outcome {
        case .done: .done
        case .held: .heldByAnother
        case .stopped: .waitsForPerson
        case .workLeft: .workLeft
        case .mismatch, .refused: .failed
        }
    }

    package var json: JSON {
        [
            "as_of": .string(asOf.map { "\($0)" }), "outcome": .string(outcome.rawValue),
            "exit": .integer(status.rawValue), "days": .array(entries.map(\.json)), "rows": .integer(rows),
            "waited": .object(
                Dictionary(
                    uniqueKeysWithValues: waited.map { ($0.rawValue, .integer($1.microseconds / 1_000)) }
                )
            ),
            "lock_failures": .integer(lockFailures), "longest_lock_us": .integer(longestLock?.microseconds),
            "stays_open": .integer(staysOpen), "stays_held": .integer(staysHeld),
            "oldest": .string(oldest.map { "\($0)" }), "partitions_made": .integer(partitionsMade),
            "reasons": .array(reasons.map { .string($0) }),
        ]
    }

    package var words: String {
        var lines: [String] = []
        // Empty passes that are through are nothing to look at.
        let shown = entries.filter { $0.state != .closed || $0.rows + $0.stayedOpen + $0.stayedHeld > 0 }
        if !shown.isEmpty {
            var table = Table(
                "day",
                "table",
                "#pass",
                "path",
                "state",
                "#rows",
                "#stay open",
                "#stay held",
                "#locked ms"
            )
            for entry in shown {
                table.add(
                    "\(entry.key.day)",
                    entry.key.table.rawValue,
                    "\(entry.key.pass)",
                    entry.path.rawValue,
                    entry.state.rawValue,
                    "\(entry.rows)",
                    "\(entry.stayedOpen)",
                    "\(entry.stayedHeld)",
                    entry.lockedFor.map { "\($0.microseconds / 1_000)" }
                )
            }
            lines.append(table.text() + "\n")
        }
        let closed = entries.filter { $0.state == .closed }
        lines.append(
            "\(outcome.words): \(rows) rows of \(Set(closed.map(\.key.day)).count) days left with a receipt"
                + "\(oldest.map { "; the oldest live day is \($0)" } ?? "")."
        )
        if !waited.isEmpty {
            let spans = waited.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                "\($0.key.rawValue) \($0.value.words)"
            }
            lines.append("It waited for others: \(spans.joined(separator: ", ")).")
        }
        if lockFailures > 0 { lines.append("A lock was not to be had in time \(lockFailures) times.") }
        return (lines + reasons.map { Masked.visible($0, scalarsMax: 1_000) }).joined(separator: "\n")
    }
}

extension ArchiveReport.Outcome {
    var words: String {
        switch self {
        case .done: "Done"
        case .held: "Another archiver is at work"
        case .stopped: "Archiving is stopped"
        case .workLeft: "Stopped with due days left; start it again"
        case .mismatch: "A day was not what had been counted, and archiving is stopped"
        case .refused: "Nothing leaves before this is mended"
        }
    }
}

extension ArchiveEntry {
    var json: JSON {
        [
            "table": .string(key.table.rawValue), "day": .string("\(key.day)"), "pass": .integer(key.pass),
            "path": .string(path.rawValue), "state": .string(state.rawValue), "rows": .integer(rows),
            "stayed_open": .integer(stayedOpen), "stayed_held": .integer(stayedHeld),
            "locked_us": .integer(lockedFor?.microseconds), "lock_failures": .integer(lockFailures),
            "started_at": .string(startedAt.iso8601), "closed_at": .string(closedAt?.iso8601),
            "note": .string(note),
        ]
    }
}

extension ArchiveTotals {
    /// By currency and state; hashes pass 64 bits, so they are text.
    var json: JSON {
        .object(
            sums.mapValues {
                [
                    "rows": .integer($0.rows), "amount_minor": .integer($0.amountMinor),
                    "hash": .string(String($0.hash)),
                ]
            }
        )
    }
}
