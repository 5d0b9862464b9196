import PaymentCore
import Store

/// The number of a proposal, as people write it: `p12`.
struct ProposalNumber: Hashable {
    let value: Int64

    init(_ value: Int64) { self.value = value }

    /// Reads `p12` or `12`.
    init?(argument: String) {
        let digits = argument.hasPrefix("p") ? argument.dropFirst() : argument[...]
        guard let value = Int64(digits), value > 0 else { return nil }
        self.init(value)
    }

    var words: String { "p\(value)" }
}

extension [String: Int128] {
    /// For people: `CNY 412,000.00, USD 3.00`; empty where there is none.
    var sumWords: String {
        sorted { $0.key < $1.key }.map { amountWords($0.value, $0.key) }.joined(separator: ", ")
    }

    /// As a checker names them: `--amount CNY=41200000`.
    var sumOptions: String {
        sorted { $0.key < $1.key }.map { " --amount \($0.key)=\($0.value)" }.joined()
    }

    var sumJSON: JSON { .object(mapValues { .integer($0) }) }
}

/// What a command that asks for something answers.
struct ProposalReport {
    let made: MadeProposal
    /// What it is, for people: `ceiling/12: approve`.
    let what: String
    /// The word for what it is about: `orders` or `records`.
    var unit = "orders"

    var json: JSON {
        [
            "proposal": .string(made.number.map { ProposalNumber($0).words }), "dry_run": .bool(made.number == nil),
            "state": .string(made.number == nil ? "dry_run" : made.isDone ? "done" : "waiting"),
            "approvals_missing": .integer(Int64(made.approvalsMissing)), "decision_id": .integer(made.effect.decision),
            "orders": .integer(made.effect.orders), "amounts": made.effect.amounts.sumJSON,
            "items_closed": .integer(made.effect.itemsClosed), "items_open": .integer(made.effect.itemsOpen),
            "refused": .integer(made.effect.refused),
            "supplements": .array(made.effect.supplements.map { .integer($0.value) }),
        ]
    }

    var words: String {
        let sums = made.effect.amounts.sumWords
        let about =
            made.effect.orders == 0 && sums.isEmpty
            ? "" : ", \(made.effect.orders) \(unit)\(sums.isEmpty ? "" : " with \(sums)")"
        guard let number = made.number else {
            let missing = made.approvalsMissing
            let people = missing == 0 ? "nobody else is needed" : "it takes \(missing) more"
            return "Nothing was done. It would be: \(what)\(about); \(people)."
        }
        let name = ProposalNumber(number).words
        guard !made.isDone else { return "\(doneWords(name))\(about)\(leftWords)." }
        let named = made.effect.orders == 0 ? "" : " --orders \(made.effect.orders)\(made.effect.amounts.sumOptions)"
        return """
            Proposal \(name): \(what)\(about). It waits for \(made.approvalsMissing) more \
            \(made.approvalsMissing == 1 ? "person" : "people"), who look at it and then run:
              sluice review show \(name)
              sluice review approve \(name)\(named) --comment TEXT
            """
    }

    private func doneWords(_ name: String) -> String {
        made.effect.decision.map { "Decision \($0) (\(name)): \(what)" } ?? "Done (\(name)): \(what)"
    }

    private var leftWords: String {
        var words = ""
        if made.effect.itemsOpen > 0 {
            words += "; \(made.effect.itemsOpen) review items wait on for their other orders"
        }
        if made.effect.refused > 0 {
            words += "; \(made.effect.refused) records stay where they are, as `sluice review show` tells"
        }
        if !made.effect.supplements.isEmpty {
            let supplements = made.effect.supplements.map { "\($0)" }.joined(separator: ", ")
            words += "; supplement \(supplements) joins the next window"
        }
        return words
    }
}

extension Proposal {
    var json: JSON {
        [
            "proposal": .string(ProposalNumber(number).words), "kind": .string(kind), "state": .string(state),
            "subject": .string(subject), "orders": .integer(orders), "amounts": amounts.sumJSON,
            "comment": .string(shownComment), "maker": .string(maker), "made_at": .string(madeAt.iso8601),
            "expires_at": .string(expiresAt.iso8601), "approvals_missing": .integer(Int64(approvalsMissing)),
            "evidence": .string(evidence.map(Self.shown)), "evidence_file": .integer(evidenceFile),
            "accepted": .array(accepted.map { .string($0) }), "resembling": .integer(resembling),
            "alike": .object(alike.mapValues { .string($0) }),
            "ended_at": .string(endedAt?.iso8601),
            "votes": .array(
                votes.map {
                    [
                        "login": .string($0.login), "approves": .bool($0.isApproval),
                        "comment": .string(Self.shown($0.comment)), "at": .string($0.at.iso8601),
                    ]
                }
            ),
        ]
    }

    /// What proposals of a kind are about.
    static func unit(ofKind kind: String) -> String { ["release", "reject"].contains(kind) ? "records" : "orders" }

    /// What people write may name an account: it is masked like all texts (R15).
    private static func shown(_ text: String) -> String { Masked.prose(text, account: "", name: "") }

    private var shownComment: String { Self.shown(comment) }

    /// The command that approves it.
    var approval: String {
        let named = orders == 0 ? "" : " --orders \(orders)\(amounts.sumOptions)"
        return "sluice review approve \(ProposalNumber(number).words)\(named) --comment TEXT"
    }

    var words: String {
        var lines = [
            "Proposal \(ProposalNumber(number).words): \(Masked.visible(subject, scalarsMax: 400))",
            "  kind      \(kind)",
            "  state     \(state)"
                + (approvalsMissing > 0 && state == "waiting" ? ", \(approvalsMissing) more needed" : ""),
            "  about     \(orders) \(Self.unit(ofKind: kind))"
                + (amounts.isEmpty ? "" : " with \(amounts.sumWords)"),
            "  asked by  \(maker), \(madeAt.brief): \(Masked.visible(shownComment, scalarsMax: 400))",
            "  expires   \(expiresAt.brief)",
        ]
        if let evidence { lines.append("  evidence  \(Masked.visible(Self.shown(evidence), scalarsMax: 400))") }
        if let evidenceFile {
            let read = "sluice review evidence \(evidenceFile) --output FILE --reason TEXT"
            lines.append("  file      \(evidenceFile): \(read)")
        }
        if !accepted.isEmpty {
            lines.append("  accepts   \(Masked.visible(accepted.joined(separator: ", "), scalarsMax: 400))")
        }
        if resembling > 0 {
            lines.append("  careful   \(resembling) of them look like a later order to the same account")
            for (record, order) in alike.sorted(by: { $0.key < $1.key }) {
                lines.append("            \(Masked.visible(record)) looks like order \(Masked.visible(order))")
            }
        }
        for vote in votes {
            lines.append(
                "  \(vote.isApproval ? "approved" : "declined")  by \(vote.login), \(vote.at.brief): "
                    + Masked.visible(Self.shown(vote.comment), scalarsMax: 400)
            )
        }
        if state == "waiting" { lines.append("\nAnother person approves it:\n  \(approval)") }
        return lines.joined(separator: "\n")
    }
}
