import ArgumentParser
import ChannelKit
import Cryptography
import PaymentCore
import PostgresStore
import Store

/// `sluice channel`: the specifications that workers use.
struct ChannelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "channel",
        abstract: "Look at channels and activate their specifications.",
        subcommands: [List.self, Activate.self]
    )

    /// What is configured and what is active.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List channels: the specification of the configuration against the active one."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        func run() async throws {
            let configuration = try options.load()
            let configured = try Catalogue.channels(configuration)
            let active = try await Deployment.with(configuration) { try await $0.store.channels() }
            let rows = Set(configured.keys).union(active.map(\.channel)).sorted().map { name in
                Row(name: name, specification: configured[name], active: active.first { $0.channel == name })
            }
            var table = Table("channel", "state", "active", "file", "directions", "title")
            for row in rows {
                let directions = row.specification?.directions.map(\.rawValue).sorted().joined(separator: ", ")
                table.add(
                    row.name.value,
                    row.state,
                    row.active.map { Row.short($0.specificationSHA256) },
                    row.specification.map { Row.short($0.sha256) },
                    directions,
                    row.specification?.title
                )
            }
            try report.show(.array(rows.map(\.json)), words: table.isEmpty ? "No channels." : table.text())
        }
    }

    /// Makes the configured version the one that workers use.
    struct Activate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the configured version of a channel's specification the one that workers use (R16)."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The channel, as named in Config/channels.")
        var channel: String

        func run() async throws {
            let configuration = try options.load()
            guard configuration.environment.environmentClass == .test else {
                throw Deployment.activationTakesTwoPeople
            }
            let catalogue = Catalogue(
                layouts: [:],
                channels: try Catalogue.channels(configuration),
                merchants: [:]
            )
            let specification = try await Deployment.with(configuration, catalogue: catalogue) { deployment in
                try await deployment.activate(ChannelName(channel))
            }
            let (submit, query) = (specification.concurrency.submit, specification.concurrency.query)
            try report.show(
                [
                    "channel": .string(channel), "submit_slots": .integer(submit), "query_slots": .integer(query),
                    "specification_sha256": .string(Hexadecimal.encode(specification.sha256)),
                ],
                words: """
                    Channel \(specification.name) is active with specification \(Row.short(specification.sha256)): \
                    \(submit) submit slots, \(query) query slots.
                    """
            )
        }
    }

    /// A channel from both sides.
    private struct Row {
        let name: ChannelName
        let specification: ChannelSpecification?
        let active: ChannelRow?

        var state: String {
            guard let active else { return "not activated" }
            guard let specification else { return "not configured here" }
            guard active.specificationSHA256 == specification.sha256 else { return "another version active" }
            return active.isRunning ? "running" : "paused"
        }

        static func short(_ hash: [UInt8]) -> String { String(Hexadecimal.encode(hash).prefix(12)) }

        var json: JSON {
            [
                "channel": .string(name.value), "title": .string(specification?.title), "state": .string(state),
                "running": active.map { .bool($0.isRunning) } ?? .null,
                "active_sha256": .string(active.map { Hexadecimal.encode($0.specificationSHA256) }),
                "file_sha256": .string(specification.map { Hexadecimal.encode($0.sha256) }),
                "class": .string(specification?.environmentClass.rawValue),
                "directions": .array(
                    (specification?.directions.map(\.rawValue).sorted() ?? []).map { .string($0) }
                ),
            ]
        }
    }
}
