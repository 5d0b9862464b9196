import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice review`: what waits for a person.
struct ReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review",
        abstract: "Look at what waits for a person.",
        subcommands: [List.self]
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
            var waiting = Table("#items", "#age", "cause", "channel", "codes", "role", "first of them", "incident")
            for incident in incidents {
                waiting.add(
                    "\(incident.items)",
                    incident.age.words,
                    incident.cause,
                    incident.channel,
                    incident.codes.joined(separator: ", "),
                    incident.ownerRole,
                    incident.examples.joined(separator: ", "),
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
                words: (waiting.isEmpty ? "No open review items." : waiting.text()) + "\n\n"
                    + (raised.isEmpty ? "No open alarms." : "Alarms\n\(raised.text())")
            )
        }
    }
}

extension ReviewIncident {
    fileprivate var json: JSON {
        [
            "incident": .string(incident), "cause": .string(cause), "codes": .array(codes.map { .string($0) }),
            "channel": .string(channel), "owner_role": .string(ownerRole), "items": .integer(items),
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
