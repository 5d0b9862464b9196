import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice alarm`: what a person must learn of now.
struct AlarmCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alarm",
        abstract: "Look at alarms and acknowledge them.",
        subcommands: [List.self, Acknowledge.self]
    )

    /// What was raised, and whether a sink took it.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List alarms, the latest first: one row a cause, counted until somebody acknowledges it."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var list: ListOptions

        @Flag(help: "List acknowledged alarms too.")
        var all = false

        func run() async throws {
            let alarms = try await Deployment.with(try options.load()) { deployment in
                try await deployment.store.alarms(AlarmFilter(includesAcknowledged: all, limit: list.limit))
            }
            var table = Table("#alarm", "#times", "last", "kind", "about", "code", "delivered", "message")
            for alarm in alarms {
                table.add(
                    "\(alarm.identifier)",
                    "\(alarm.occurrences)",
                    alarm.lastAt.brief,
                    alarm.kind,
                    alarm.channel?.value ?? alarm.batch.map { "batch \($0)" },
                    alarm.code,
                    alarm.delivery,
                    alarm.acknowledgement.map { "acknowledged by \($0.by): \($0.note)" } ?? alarm.message
                )
            }
            let nothing = all ? "There never was an alarm." : "No open alarms."
            try report.show(.array(alarms.map(\.json)), words: table.isEmpty ? nothing : table.text())
        }
    }

    /// A person has learnt of it.
    struct Acknowledge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ack",
            abstract: "Acknowledge alarms: a cause that comes again makes a new one.",
            discussion:
                "Takes an operator who is logged in (sluice login LOGIN). Recorded are who and the note; write nothing"
                + " personal into it."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The alarms' numbers.")
        var alarms: [AlarmIdentifier]

        @Option(help: "What was found, or done about it; at most 400 characters.")
        var note: String

        @OptionGroup var dry: DryRunOptions

        func validate() throws {
            guard (1...1_000).contains(alarms.count) else { throw ValidationError("name 1 to 1000 alarms") }
            guard (1...400).contains(note.unicodeScalars.count) else {
                throw ValidationError("--note is 1 to 400 characters long")
            }
        }

        func run() async throws {
            let wanted = Set(alarms).sorted()
            let configuration = try options.load()
            let person = try SignedIn.secret(configuration)
            let done = try await Deployment.with(configuration) { deployment in
                try await deployment.store.acknowledgeAlarms(
                    wanted,
                    note: Masked.reason(note),
                    by: person,
                    isDry: dry.dryRun
                )
            }
            let earlier = wanted.filter { !done.contains($0) }
            var words = dry.dryRun ? "Nothing was done. It would acknowledge" : "Acknowledged"
            words += " \(done.count) of \(wanted.count) alarms"
            if !earlier.isEmpty {
                let list = earlier.map(\.description).joined(separator: ", ")
                words += "; acknowledged before: \(list)"
            }
            try report.show(
                [
                    "dry_run": .bool(dry.dryRun), "acknowledged": .array(done.map { .integer($0.value) }),
                    "acknowledged_before": .array(earlier.map { .integer($0.value) }),
                ],
                words: words + "."
            )
        }
    }
}

extension AlarmIdentifier: ExpressibleByArgument {
    /// Reads an alarm's number.
    package init?(argument: String) {
        guard let value = Int64(argument), value > 0 else { return nil }
        self.init(value)
    }
}

extension AlarmRow {
    fileprivate var delivery: String {
        if let deliveredTo { return deliveredTo }
        return deliveryAttempts == 0 ? "not yet" : "failed \(deliveryAttempts) times"
    }

    fileprivate var json: JSON {
        [
            "alarm_id": .integer(identifier.value), "kind": .string(kind), "code": .string(code),
            "channel": .string(channel?.value), "batch_id": .integer(batch?.value), "message": .string(message),
            "occurrences": .integer(occurrences), "first_at": .string(firstAt.iso8601),
            "last_at": .string(lastAt.iso8601), "delivery_attempts": .integer(deliveryAttempts),
            "delivered_to": .string(deliveredTo), "delivered_at": .string(deliveredAt?.iso8601),
            "delivery_failure": .string(deliveryFailure),
            "acknowledged_at": .string(acknowledgement?.at.iso8601),
            "acknowledged_by": .string(acknowledgement?.by), "acknowledged_note": .string(acknowledgement?.note),
        ]
    }
}
