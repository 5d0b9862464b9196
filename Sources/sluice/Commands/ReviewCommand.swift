import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice review`: what waits for a person.
struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Look at what waits for a person, ask for a decision, approve what others ask for.",
        discussion: """
            Looking takes nobody's name. To decide, correct, approve, decline and withdraw, log in first: sluice login \
            LOGIN. A reviewer asks, an approver, who may ask too, approves what others asked for.
            """,
        subcommands: [
            List.self, ReviewShowCommand.self, ReviewDecideCommand.self, ReviewCorrectCommand.self,
            ReviewApproveCommand.self, ReviewDeclineCommand.self, ReviewWithdrawCommand.self,
            ReviewEvidenceCommand.self,
        ]
    )

    /// Open review items by incident, proposals that wait, and open alarms.
    struct List: AsyncParsableCommand {
        /// What the items are grouped by.
        enum Grouping: String, ExpressibleByArgument, CaseIterable {
            case incident
            case channel
            case evidence
        }

        static let configuration = CommandConfiguration(
            abstract: "List open review items by incident with count and age, proposals that wait, and open alarms."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var list: ListOptions

        @Option(help: "Group by: incident, channel, or the evidence files that decisions rest on.")
        var by: Grouping = .incident

        @Option(help: "Only incidents of this channel.")
        var channel: String?

        @Flag(help: "Proposals that are over, too.")
        var all = false

        func run() async throws {
            guard by != .evidence else { return try await listEvidence() }
            let name = channel.map(ChannelName.init)
            let (incidents, proposals, alarms) = try await Deployment.with(try options.load()) { deployment in
                (
                    try await deployment.store.reviewIncidents(of: name, limit: by == .channel ? 1_000 : list.limit),
                    try await deployment.store.proposals(onlyWaiting: !all, limit: list.limit),
                    try await deployment.store.openAlarms(limit: list.limit)
                )
            }
            guard by != .channel else { return try listChannels(incidents) }
            var asked = Table("proposal", "kind", "state", "#about", "#amount", "asked by", "expires", "what")
            for proposal in proposals {
                asked.add(
                    ProposalNumber(proposal.number).words,
                    proposal.kind,
                    proposal.state,
                    "\(proposal.orders)",
                    proposal.amounts.sumWords,
                    proposal.maker,
                    proposal.expiresAt.brief,
                    proposal.subject
                )
            }
            var waiting = Table(
                "#items",
                "#age",
                "cause",
                "channel",
                "codes",
                "role",
                "#orders",
                "#amount",
                "first of them",
                "numbers",
                "incident"
            )
            for incident in incidents {
                waiting.add(
                    "\(incident.items)",
                    incident.age.words,
                    incident.cause,
                    incident.channel,
                    incident.codes.joined(separator: ", "),
                    incident.ownerRole,
                    "\(incident.orders.values.reduce(0) { $0 + $1.count })",
                    incident.sums.map { amountWords($0.value.amountMinor, $0.key) }.joined(separator: ", "),
                    incident.examples.joined(separator: ", "),
                    incident.itemNumbers.map { "\($0)" }.joined(separator: ", "),
                    incident.incident
                )
            }
            var raised = Table("#times", "last", "kind", "channel", "code", "message")
            for alarm in alarms {
                raised.add(
                    "\(alarm.occurrences)",
                    alarm.lastAt.brief,
                    alarm.kind,
                    alarm.channel,
                    alarm.code,
                    alarm.message
                )
            }
            try report.show(
                [
                    "incidents": .array(incidents.map(\.json)), "proposals": .array(proposals.map(\.json)),
                    "alarms": .array(alarms.map(\.json)),
                ],
                words: (waiting.isEmpty
                    ? "No open review items."
                    : "\(waiting.text())\n\nTo decide:\n\(incidents.flatMap(\.commands).joined(separator: "\n"))")
                    + (asked.isEmpty ? "" : "\n\nProposals\n\(asked.text())")
                    + "\n\n" + (raised.isEmpty ? "No open alarms." : "Alarms\n\(raised.text())")
            )
        }

        private func listChannels(_ incidents: [ReviewIncident]) throws {
            var table = Table("channel", "cause", "#incidents", "#items", "#orders", "#amount", "oldest")
            var rows: [JSON] = []
            let groups = Dictionary(grouping: incidents) { ChannelCause(channel: $0.channel ?? "", cause: $0.cause) }
            for (group, incidents) in groups.sorted(by: { $0.key < $1.key }) {
                var sums: [String: Int128] = [:]
                for incident in incidents {
                    for (currency, tally) in incident.orders { sums[currency, default: 0] += tally.amountMinor }
                }
                let items = incidents.reduce(0) { $0 + $1.items }
                let orders = incidents.flatMap(\.orders.values).reduce(0) { $0 + $1.count }
                let oldest = incidents.map(\.oldestAt).min()
                table.add(
                    group.channel,
                    group.cause,
                    "\(incidents.count)",
                    "\(items)",
                    "\(orders)",
                    sums.sumWords,
                    oldest?.brief
                )
                rows.append([
                    "channel": .string(group.channel), "cause": .string(group.cause),
                    "incidents": .integer(Int64(incidents.count)), "items": .integer(items),
                    "orders": .integer(orders), "amounts": sums.sumJSON, "oldest_at": .string(oldest?.iso8601),
                ])
            }
            try report.show(["channels": .array(rows)], words: table.isEmpty ? "No open review items." : table.text())
        }

        private func listEvidence() async throws {
            let files = try await Deployment.with(try options.load()) {
                try await $0.store.evidenceFiles(limit: list.limit)
            }
            var table = Table("#file", "#proposals", "#orders", "#bytes", "kept", "name")
            for file in files {
                table.add(
                    "\(file.number)",
                    "\(file.proposals)",
                    "\(file.orders)",
                    "\(file.bytes)",
                    file.keptAt.brief,
                    file.fileName
                )
            }
            try report.show(
                [
                    "evidence": .array(
                        files.map {
                            [
                                "file": .integer($0.number), "proposals": .integer($0.proposals),
                                "orders": .integer($0.orders), "bytes": .integer($0.bytes),
                                "kept_at": .string($0.keptAt.iso8601), "name": .string($0.fileName),
                            ]
                        }
                    )
                ],
                words: table.isEmpty ? "No evidence files." : table.text()
            )
        }
    }
}

/// What incidents are counted by.
private struct ChannelCause: Hashable, Comparable {
    let channel, cause: String

    static func < (left: ChannelCause, right: ChannelCause) -> Bool {
        (left.channel, left.cause) < (right.channel, right.cause)
    }
}

extension ReviewIncident {
    fileprivate var sums: [(key: String, value: Tally)] { orders.sorted { $0.key < $1.key } }

    /// What a person may run to decide it, to be copied and completed.
    fileprivate var commands: [String] {
        let count = orders.values.reduce(0) { $0 + $1.count }
        let about = (["--orders \(count)"] + sums.map { "--amount \($0.key)=\($0.value.amountMinor)" })
            .joined(separator: " ")
        var commands: [String] = []
        for decision in decisions {
            let state = decision.isOfOrders ? " --state STATE" : ""
            let cause = decision == .failed ? " --cause CAUSE" : ""
            let proof = decision.isOfOrders ? " --evidence TEXT" : ""
            commands.append(
                "  sluice review decide \(incident) \(decision.rawValue) \(about)\(state)\(cause)\(proof)"
                    + " --comment TEXT"
            )
        }
        return commands
    }

    fileprivate var json: JSON {
        [
            "incident": .string(incident), "cause": .string(cause), "codes": .array(codes.map { .string($0) }),
            "channel": .string(channel), "owner_role": .string(ownerRole), "items": .integer(items),
            "item_numbers": .array(itemNumbers.map { .integer($0) }),
            "decisions": .array(decisions.map { .string($0.rawValue) }),
            "orders": .integer(orders.values.reduce(0) { $0 + $1.count }),
            "amounts": .object(orders.mapValues { .integer($0.amountMinor) }),
            "examples": .array(examples.map { .string($0) }), "oldest_at": .string(oldestAt.iso8601),
            "age_seconds": .integer(age.microseconds / 1_000_000),
        ]
    }
}

extension OpenAlarm {
    fileprivate var json: JSON {
        [
            "kind": .string(kind), "code": .string(code), "channel": .string(channel), "message": .string(message),
            "occurrences": .integer(occurrences), "first_at": .string(firstAt.iso8601),
            "last_at": .string(lastAt.iso8601),
        ]
    }
}
