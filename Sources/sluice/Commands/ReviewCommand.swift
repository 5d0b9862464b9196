import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice review`: what waits for a person.
struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Look at what waits for a person, and decide it.",
        subcommands: [List.self, ReviewDecideCommand.self]
    )

    /// Open review items by incident, and open alarms.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List open review items, grouped by incident with count and age, and open alarms."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var list: ListOptions

        func run() async throws {
            let (incidents, alarms) = try await Deployment.with(try options.load()) { deployment in
                (
                    try await deployment.store.reviewIncidents(limit: list.limit),
                    try await deployment.store.openAlarms(limit: list.limit)
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
                ["incidents": .array(incidents.map(\.json)), "alarms": .array(alarms.map(\.json))],
                words: (waiting.isEmpty
                    ? "No open review items."
                    : "\(waiting.text())\n\nTo decide:\n\(incidents.flatMap(\.commands).joined(separator: "\n"))")
                    + "\n\n" + (raised.isEmpty ? "No open alarms." : "Alarms\n\(raised.text())")
            )
        }
    }
}

extension ReviewIncident {
    fileprivate var sums: [(key: String, value: Tally)] { orders.sorted { $0.key < $1.key } }

    /// What a person may run to decide it, to be copied and completed.
    fileprivate var commands: [String] {
        let count = orders.values.reduce(0) { $0 + $1.count }
        let about = (["--orders \(count)"] + sums.map { "--amount \($0.key)=\($0.value.amountMinor)" })
            .joined(separator: " ")
        let (single, whole) = (decisions.filter(\.namesSingleOrders), decisions.filter { !$0.namesSingleOrders })
        var commands: [String] = []
        for decision in whole {
            commands.append("  sluice review decide \(incident) \(decision.rawValue) \(about) --note TEXT")
        }
        for decision in single {
            let cause = decision == .failed ? " --cause CAUSE" : ""
            commands.append(
                "  sluice review decide \(incident) \(decision.rawValue) --order BATCH-LINE --amount MINOR"
                    + " --state STATE\(cause) --evidence TEXT --note TEXT"
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
