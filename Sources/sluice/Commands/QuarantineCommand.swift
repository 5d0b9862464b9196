import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice quarantine`: the records that were set aside.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Look at quarantined records, and choose between two of one number.",
        subcommands: [List.self, Show.self, QuarantineChooseCommand.self]
    )

    /// By reason, and the first of them.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Count quarantined records by reason, and list the first of them."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var list: ListOptions

        @Option(help: "Only records of this batch.")
        var batch: BatchIdentifier?

        @Option(help: "Only records with this reason.")
        var reason: String?

        @Option(help: "Without --batch: business dates from so many days ago.")
        var days: Int32 = 7

        func validate() throws {
            guard (0...3_660).contains(days) else { throw ValidationError("--days is 0 to 3660") }
        }

        func run() async throws {
            // A batch names its own day; all of them would be read for a list of everything.
            let today = BusinessDate(at: .systemNow())
            let since = batch == nil ? today.advanced(byDays: -days) : BusinessDate(daysSince1970: 0)
            let filter = QuarantineFilter(batch: batch, reason: reason, since: since, limit: list.limit)
            let (groups, records) = try await Deployment.with(try options.load()) { deployment in
                (
                    try await deployment.store.quarantineGroups(filter),
                    try await deployment.store.quarantinedRecords(filter)
                )
            }
            var byReason = Table("reason", "state", "#records", "#files", "oldest")
            for group in groups {
                byReason.add(
                    group.reason,
                    group.state,
                    "\(group.records)",
                    "\(group.batches)",
                    group.oldestAt.brief
                )
            }
            var lines = Table("record", "state", "merchant's number", "field", "value", "reasons")
            for record in records {
                lines.add(
                    "\(record.key)",
                    record.state,
                    record.merchantOrderNumber.map(Masked.orderNumber),
                    record.reasons.first?.field,
                    record.reasons.first?.maskedValue,
                    record.reasons.map(\.code).joined(separator: ", ")
                )
            }
            try report.show(
                [
                    "reasons": .array(groups.map(\.json)), "records": .array(records.map(\.json)),
                ],
                words: groups.isEmpty ? "No quarantined records." : "\(byReason.text())\n\n\(lines.text())"
            )
        }
    }

    /// One record with everything that may be shown.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a quarantined record: all reasons, its place in the file, its masked form."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The record, as BATCH-LINE.")
        var record: LineKey

        func run() async throws {
            let found = try await Deployment.with(try options.load(), needs: .keys) { deployment in
                try await deployment.store.quarantinedRecord(of: record.batch, line: record.line)
            }
            guard let found else {
                throw CommandFailure(
                    "there is no quarantined record \(record.batch)-\(record.line)",
                    mend: "look at: sluice quarantine list --batch \(record.batch)"
                )
            }
            try report.show(found.json, words: found.words)
        }
    }
}

extension QuarantineGroup {
    fileprivate var json: JSON {
        [
            "reason": .string(reason), "state": .string(state), "records": .integer(records),
            "files": .integer(batches), "oldest_at": .string(oldestAt.iso8601),
        ]
    }
}

extension QuarantinedRecord {
    fileprivate var json: JSON {
        [
            "batch_id": .integer(key.batch.value), "line_no": .integer(key.line.value),
            "business_date": .string("\(key.businessDate)"), "state": .string(state), "origin": .string(origin),
            "merchant_order_no": .string(merchantOrderNumber.map(Masked.orderNumber)),
            "amount_minor": .integer(amountMinor),
            "currency": .string(currency), "charset": .string(source.charset), "byte_from": .integer(source.byteFrom),
            "byte_to": .integer(source.byteTo), "physical_line": .integer(source.physicalLine),
            "closed": closure.map(\.json) ?? .null, "number_owner": numberOwner.map(\.json) ?? .null,
            "quarantined_at": .string(quarantinedAt.iso8601), "record_masked": .string(maskedRecord),
            "reasons": .array(
                reasons.map {
                    [
                        "code": .string($0.code), "field": .string($0.field), "value_masked": .string($0.maskedValue),
                        "mend": .string($0.mend),
                    ]
                }
            ),
        ]
    }

    fileprivate var words: String {
        let place =
            origin == "intake"
            ? "line \(source.physicalLine) of the file, bytes \(source.byteFrom) up to \(source.byteTo), "
                + Masked.visible(source.charset)
            : "made of a failed order"
        let amount = amountMinor.map { amountWords(Int128($0), currency) } ?? "not readable"
        var lines = [
            "Record \(key): \(state)",
            "  business date  \(key.businessDate)",
            "  number         \(merchantOrderNumber.map(Masked.orderNumber) ?? "not readable")",
            "  amount         \(amount)",
            "  place          \(place)",
            "  set aside      \(quarantinedAt.brief)",
        ]
        if let owner = numberOwner, (owner.batch, owner.line) != (key.batch, key.line) {
            lines.append("  number's owner \(owner.batch)-\(owner.line) (\(owner.state))")
        }
        if let closure { lines.append("  closed         \(closure.words)") }
        if let maskedRecord { lines.append("  masked         \(maskedRecord)") }
        for reason in reasons {
            let field = reason.field.map { " in \(Masked.visible($0))" } ?? ""
            lines.append("\n\(Masked.visible(reason.code))\(field): \(Masked.visible(reason.maskedValue))")
            lines.append("  \(Masked.visible(reason.mend, scalarsMax: 400))")
        }
        return lines.joined(separator: "\n")
    }
}

extension RecordClosure {
    fileprivate var successor: String? {
        guard let successorBatch, let successorLine else { return nil }
        return "\(successorBatch)-\(successorLine)"
    }

    fileprivate var json: JSON {
        [
            "code": .string(code), "closed_at": .string(closedAt.iso8601), "successor": .string(successor),
            "decision_id": .integer(decision),
        ]
    }

    fileprivate var words: String {
        let by = successor.map { " by \($0)" } ?? ""
        let decided = decision.map { ", decision \($0)" } ?? ""
        return "\(closedAt.brief): \(Masked.visible(code))\(by)\(decided)"
    }
}

extension NumberOwner {
    fileprivate var json: JSON {
        ["batch_id": .integer(batch.value), "line_no": .integer(Int64(line.value)), "state": .string(state)]
    }
}
