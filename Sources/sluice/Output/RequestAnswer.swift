import PaymentCore
import Review
import Store

/// What asking for a release or a rejection came to.
struct RequestAnswer {
    enum Word: String {
        case release, reject
    }

    let word: Word
    let report: RequestReport
    /// So many people more are needed; nil where nothing was asked for.
    let approvalsMissing: Int?

    var json: JSON {
        [
            "dry_run": .bool(report.isPreview), "kind": .string(word.rawValue),
            "proposal": .string(report.proposal.map { ProposalNumber($0).words }),
            "state": .string(
                report.isPreview ? "dry_run" : report.proposal == nil ? "nothing" : report.isDone ? "done" : "waiting"
            ), "approvals_missing": .integer(approvalsMissing.map { Int64($0) }), "found": .integer(report.found),
            "records": .integer(report.taken), "amounts": report.amounts.sumJSON,
            "left_alone": .integer(Int64(report.leftAlone.count)),
            "failing_reasons": .array(report.failing.map(\.json)),
            "resembling": .integer(Int64(report.resembling.count)), "outcomes": .array(report.records.map(\.json)),
        ]
    }

    var words: String {
        guard !report.records.isEmpty else { return "No quarantined records are meant." }
        return ([firstWords] + [resemblingWords, leftWords].compactMap(\.self)).joined(separator: "\n\n")
    }

    private var firstWords: String {
        let sums = report.amounts.sumWords
        let about = "\(AmendmentReport.records(report.taken))\(sums.isEmpty ? "" : " with \(sums)")"
        guard report.taken > 0 else { return "Nothing was asked for: none of the records can go." }
        guard !report.isPreview else {
            let who = report.isDone ? "one person may do it" : "it takes others to approve it"
            return "Nothing was done. It would be: \(word.rawValue) \(about); \(who)."
        }
        guard let number = report.proposal.map({ ProposalNumber($0).words }) else { return "Nothing was asked for." }
        guard !report.isDone else { return "Done (\(number)): \(word.rawValue) \(about); one person sufficed." }
        let people = approvalsMissing.map { $0 == 1 ? "1 more person, who looks" : "\($0) more people, who look" }
        return """
            Proposal \(number): \(word.rawValue) \(about). It waits for \(people ?? "another person, who looks") at it \
            and then runs:
              sluice review show \(number)
              sluice review approve \(number) --orders \(report.taken)\(report.amounts.sumOptions) --comment TEXT
            """
    }

    private var resemblingWords: String? {
        let alike = report.resembling
        guard !alike.isEmpty else { return nil }
        let first = alike.prefix(10).map { "  \($0.key) looks like order \($0.resembles ?? "")" }
        return "Careful: \(alike.count) of them look like a later order of the same account and amount:\n"
            + first.joined(separator: "\n") + (alike.count > 10 ? "\n  and \(alike.count - 10) more" : "")
    }

    private var leftWords: String? {
        let left = report.leftAlone
        guard !left.isEmpty else { return nil }
        var lines = ["\(AmendmentReport.records(Int64(left.count))) left alone:"]
        for (index, record) in left.enumerated() {
            guard index < 20 else {
                lines.append("  and \(left.count - 20) more: --json names them all")
                break
            }
            lines.append("  \(record.key): \(record.words)")
        }
        if !report.failing.isEmpty { lines.append("\n\(AmendmentReport.table(report.failing).text())") }
        return lines.joined(separator: "\n")
    }
}

extension ReportedRecord {
    fileprivate var json: JSON {
        [
            "record": .string("\(key)"), "outcome": .string(fate.word), "codes": codes,
            "resembles": .string(resembles), "amount_minor": .integer(amountMinor), "currency": .string(currency),
            "change": change.map(\.json) ?? .null,
        ]
    }

    private var codes: JSON {
        if case .stillFails(let codes) = fate { .array(codes.map { .string($0) }) } else { .array([]) }
    }

    /// Why it was left alone, for people.
    fileprivate var words: String {
        switch fate {
        case .stillFails(let codes):
            "would still fail: \(Masked.visible(codes.joined(separator: ", "), scalarsMax: 400))"
        case .unjudgeable(let why): Masked.visible(why, scalarsMax: 400)
        case .outcome(let outcome):
            switch outcome {
            case .proposed, .released, .rejected: outcome.rawValue
            case .changed, .closed: change?.words ?? "it was changed or decided meanwhile"
            case .missing: "there is no such quarantined record"
            case .noNumber: "it has no order number: amend merchant_order_number"
            case .numberTaken: "another line has its number: amend it, or sluice quarantine choose"
            case .noAmount: "its amount cannot be read, or is not above zero: amend amount"
            case .contradiction: "an answer says that its order may have been paid: sluice review list"
            case .waiting: "another proposal about it waits: sluice quarantine show \(key)"
            }
        }
    }
}
