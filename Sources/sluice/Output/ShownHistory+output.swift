import PaymentCore
import Review
import Store

extension ShownHistory {
    var json: JSON {
        guard case .object(var members) = record.json else { return .null }
        members["merchant"] = .string(merchant.value)
        members["direction"] = .string(direction.rawValue)
        members["format"] = .string(format)
        members["file_name"] = .string(fileName)
        members["judged_date"] = .string("\(judgedDate)")
        members["record_masked"] = .string(maskedLine)
        members["number_owner"] = numberOwner.map(\.json) ?? .null
        members["fields"] = .array(fields.map(\.json))
        members["amendments"] = .array(amendments.map(\.json))
        members["proposals"] = .array(proposals.map(\.json))
        members["successor_state"] = .string(successorState.map { Masked.visible($0) })
        return .object(members)
    }

    var words: String {
        ([head] + [fieldWords, reasonWords, amendmentWords, proposalWords, nextWords].compactMap(\.self))
            .joined(separator: "\n\n")
    }

    private var head: String {
        let place =
            record.origin == "intake"
            ? "line \(record.physicalLine) of the file, bytes \(record.bytes.lowerBound) up to "
                + "\(record.bytes.upperBound), \(record.charset)"
            : "made of a failed order"
        let amount = record.amountMinor.map { amountWords(Int128($0), record.currency) } ?? "not readable"
        var lines = [
            "Record \(record.key): \(record.state.rawValue)"
                + (record.revision > 0
                    ? ", amended \(record.revision == 1 ? "once" : "\(record.revision) times")" : ""),
            "  merchant       \(Masked.visible(merchant.value)), \(direction.rawValue)",
            "  file           \(fileName)",
            "  business date  \(record.key.businessDate)"
                + (judgedDate == record.key.businessDate ? "" : ", judged for \(judgedDate)"),
            "  number         \(record.number ?? "not readable")",
            "  amount         \(amount)",
            "  place          \(place)",
            "  set aside      \(record.quarantinedAt.brief)",
        ]
        if let owner = numberOwner, (owner.batch, owner.line) != (record.key.batch, record.key.line) {
            lines.append("  number's owner \(owner.batch)-\(owner.line) (\(owner.state))")
        }
        if let closure = record.closure {
            lines.append("  closed         \(closure.words(successorState: successorState))")
        }
        if let maskedLine { lines.append("  masked         \(maskedLine)") }
        return lines.joined(separator: "\n")
    }

    private var fieldWords: String? {
        guard !fields.isEmpty else {
            return record.origin == "intake" && record.state.isWaiting
                ? "Its columns cannot be told apart: give each field with `sluice quarantine amend --set`." : nil
        }
        let hasAmended = fields.contains { $0.amended != nil }
        var table = hasAmended ? Table("", "field", "sent", "now", "wrong") : Table("", "field", "sent", "wrong")
        for field in fields {
            let (mark, codes) = (field.isFailing ? ">" : "", field.codes.joined(separator: ", "))
            let sent = field.sent ?? "(not readable)"
            if hasAmended {
                table.add(mark, field.name, sent, field.amended, codes)
            } else {
                table.add(mark, field.name, sent, codes)
            }
        }
        return table.text()
    }

    private var reasonWords: String? {
        let lines = record.current.map { reason in
            let field = reason.field.map { " in \($0)" } ?? ""
            let value = reason.value.isEmpty ? "" : ": \(reason.value)"
            return "\(reason.code)\(field)\(value)\n  \(reason.mend)"
                + (reason.canBeAccepted ? "\n  or release it all the same, with --accept \(reason.code)" : "")
        }
        if lines.isEmpty, record.state == .amended { return "Nothing is wrong any more." }
        return lines.isEmpty ? nil : lines.joined(separator: "\n\n")
    }

    private var amendmentWords: String? {
        guard !amendments.isEmpty else { return nil }
        return amendments.map { amendment in
            let changes = amendment.changes.map { change in
                "  \(change.field): \(change.before.isEmpty ? "(empty)" : change.before) -> "
                    + (change.after.isEmpty ? "(empty)" : change.after)
            }
            let head =
                "Amendment \(amendment.revision) by \(amendment.login), \(amendment.amendedAt.brief): "
                + amendment.comment
            return ([head] + changes).joined(separator: "\n")
        }.joined(separator: "\n")
    }

    private var proposalWords: String? {
        guard !proposals.isEmpty else { return nil }
        return proposals.map { proposal in
            let until = proposal.state == "waiting" ? ", until \(proposal.expiresAt.brief)" : ""
            let outcome = proposal.outcome.map { ", \(Masked.visible($0))" } ?? ""
            return "Proposal \(ProposalNumber(proposal.proposal).words) (\(proposal.kind)) by "
                + "\(Masked.visible(proposal.maker)), \(proposal.madeAt.brief): \(proposal.state)\(until)\(outcome)"
        }.joined(separator: "\n")
    }

    /// What a reviewer does next.
    private var nextWords: String? {
        guard record.state.isWaiting else { return nil }
        if let waiting = proposals.first(where: { $0.state == "waiting" }) {
            return "Another person looks at it: sluice review show \(ProposalNumber(waiting.proposal).words)"
        }
        let key = "\(record.key)"
        guard let reason = record.current.first(where: { $0.field != nil }), let field = reason.field else {
            return
                "Next: sluice quarantine release \(key) --comment TEXT,"
                + " or sluice quarantine reject \(key) --comment TEXT"
        }
        return "Next: sluice quarantine amend \(key) --set \(field)=TEXT --comment TEXT"
    }
}

extension ShownField {
    fileprivate var json: JSON {
        [
            "name": .string(name), "title": .string(title), "sent_masked": .string(sent),
            "amended_masked": .string(amended), "codes": .array(codes.map { .string($0) }),
            "is_failing": .bool(isFailing),
        ]
    }
}

extension ShownAmendment {
    fileprivate var json: JSON {
        [
            "revision": .integer(revision), "login": .string(login), "amended_at": .string(amendedAt.iso8601),
            "comment": .string(comment),
            "changes": .array(
                changes.map {
                    [
                        "field": .string($0.field), "before_masked": .string($0.before),
                        "after_masked": .string($0.after),
                    ]
                }
            ), "remaining": .array(remaining.map(\.json)),
        ]
    }
}

extension ProposalOfRecord {
    fileprivate var json: JSON {
        [
            "proposal": .string(ProposalNumber(proposal).words), "kind": .string(kind), "state": .string(state),
            "maker": .string(maker), "made_at": .string(madeAt.iso8601), "expires_at": .string(expiresAt.iso8601),
            "outcome": .string(outcome),
        ]
    }
}

extension ClearRecord {
    var json: JSON {
        [
            "batch_id": .integer(key.batch.value), "line_no": .integer(key.line.value), "record": .string("\(key)"),
            "line": .string(line),
            "fields": .array(
                fields.map { ["name": .string($0.name), "sent": .string($0.sent), "amended": .string($0.amended)] }
            ),
        ]
    }

    var words: String {
        var words = "Record \(key), in the clear; that it was shown is in the audit"
        for field in fields {
            words += "\n  \(field.name): \(field.sent ?? "(not readable)")"
            if let amended = field.amended { words += "\n    now: \(amended)" }
        }
        if let line { words += "\n  line: \(line)" }
        return words
    }
}
