import PaymentCore
import Review
import Store

/// Quarantined records in groups, and the first of them.
struct QuarantineListReport {
    let grouping: QuarantineGrouping
    let groups: [QuarantineGroup]
    let records: [ShownRecord]
    /// How many there are in all.
    let count: Int64

    var json: JSON {
        [
            "by": .string(grouping.rawValue), "groups": .array(groups.map { $0.json(grouping) }),
            "records": .array(records.map(\.json)), "count": .integer(count),
        ]
    }

    var words: String {
        guard !groups.isEmpty || !records.isEmpty else { return "No quarantined records." }
        var words = "\(groupTable.text())\n\n\(recordTable.text())\n"
        if count > Int64(records.count) {
            words += "\nThe first \(records.count) of \(count) records; narrow them down, or raise --limit."
        }
        if let first = records.first { words += "\nMore about one: sluice quarantine show \(first.key)" }
        return words
    }

    private var groupTable: Table {
        var table = Table(grouping.rawValue, "state", "#records", "#files", "oldest", "sums", "")
        for group in groups {
            table.add(
                group.key.isEmpty ? "(the whole record)" : group.key,
                group.state.rawValue,
                "\(group.records)",
                "\(group.files)",
                group.oldestAt.brief,
                group.amounts.sumWords,
                group.fileName
            )
        }
        return table
    }

    private var recordTable: Table {
        var table = Table("record", "state", "merchant's number", "#amount", "field", "value", "reasons")
        for record in records {
            let reasons = record.current
            table.add(
                "\(record.key)",
                record.state.rawValue,
                record.number,
                record.amountMinor.map { amountWords(Int128($0), record.currency) },
                reasons.first?.field,
                reasons.first?.value,
                reasons.isEmpty && record.state == .amended
                    ? "(none left: release it)" : reasons.map(\.code).joined(separator: ", ")
            )
        }
        return table
    }
}

extension QuarantineGroup {
    fileprivate func json(_ grouping: QuarantineGrouping) -> JSON {
        [
            grouping.rawValue: grouping == .file ? .integer(Int64(key)) : .string(key.isEmpty ? nil : key),
            "state": .string(state.rawValue), "records": .integer(records), "files": .integer(files),
            "amounts": amounts.sumJSON, "oldest_at": .string(oldestAt.iso8601), "file_name": .string(fileName),
        ]
    }
}

extension ShownRecord {
    var json: JSON {
        [
            "batch_id": .integer(key.batch.value), "line_no": .integer(key.line.value),
            "business_date": .string("\(key.businessDate)"), "state": .string(state.rawValue),
            "origin": .string(origin), "revision": .integer(revision), "merchant_order_no": .string(number),
            "amount_minor": .integer(amountMinor), "currency": .string(currency), "charset": .string(charset),
            "byte_from": .integer(bytes.lowerBound), "byte_to": .integer(bytes.upperBound),
            "physical_line": .integer(physicalLine), "quarantined_at": .string(quarantinedAt.iso8601),
            "closed": closure.map(\.json) ?? .null, "reasons": .array(reasons.map(\.json)),
            "remaining": remaining.map { .array($0.map(\.json)) } ?? .null,
        ]
    }
}

extension ShownReason {
    var json: JSON {
        [
            "code": .string(code), "field": .string(field), "value_masked": .string(value), "mend": .string(mend),
            "can_be_accepted": .bool(canBeAccepted),
        ]
    }
}

extension RecordClosure {
    private var successor: String? {
        guard let successorBatch, let successorLine else { return nil }
        return "\(successorBatch)-\(successorLine)"
    }

    fileprivate var json: JSON {
        [
            "code": .string(code), "closed_at": .string(closedAt?.iso8601), "successor": .string(successor),
            "decision_id": .integer(decision),
        ]
    }

    /// For people; `state`: in which its successor is.
    func words(successorState: String?) -> String {
        let at = closedAt.map { "\($0.brief): " } ?? ""
        let by = successor.map { code == "released" ? " as \($0)" : " by \($0)" } ?? ""
        let standing = successorState.map { " (\(Masked.visible($0)))" } ?? ""
        let decided = decision.map {
            code == "released" || code == "rejected_by_person" ? ", p\($0)" : ", decision \($0)"
        }
        return "\(at)\(Masked.visible(code))\(by)\(standing)\(decided ?? "")"
    }
}

extension NumberOwner {
    var json: JSON {
        ["batch_id": .integer(batch.value), "line_no": .integer(Int64(line.value)), "state": .string(state)]
    }
}
