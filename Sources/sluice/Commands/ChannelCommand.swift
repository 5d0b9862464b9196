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
        abstract: "Look at channels, activate their specifications, pause and resume their lanes.",
        subcommands: [List.self, Show.self, Activate.self, Pause.self, Resume.self]
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
            let lanes = try await Deployment.with(configuration) { try await $0.store.lanes(of: nil) }
            let rows = Set(configured.keys).union(lanes.map(\.channel)).sorted().map { name in
                Row(name: name, specification: configured[name], lanes: lanes.filter { $0.channel == name })
            }
            var table = Table("channel", "state", "active", "file", "directions", "title")
            for row in rows {
                let directions = row.specification?.directions.map(\.rawValue).sorted().joined(separator: ", ")
                table.add(
                    row.name.value,
                    row.state,
                    row.activeSHA256.map(Row.short),
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
            abstract: "Make the configured version of a channel's specification the one that workers use (R16).",
            discussion: """
                In class production it takes two people: who runs it, logged in as an operator, asks for it, and an \
                approver approves it with `sluice review approve`.
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The channel, as named in Config/channels.")
        var channel: String

        @Option(help: "Why; kept with the proposal. Needed in class production.")
        var comment: String?

        func run() async throws {
            let configuration = try options.load()
            let isTest = configuration.environment.environmentClass == .test
            if !isTest { try requireComment() }
            let catalogue = Catalogue(
                formats: [:],
                channels: try Catalogue.channels(configuration),
                merchants: [:]
            )
            guard isTest else { return try await propose(configuration, catalogue) }
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

        private func requireComment() throws {
            guard let comment, !comment.isEmpty else {
                throw CommandFailure(
                    "in class production an activation takes two people (R16), and who asks says why",
                    mend: "add --comment",
                    status: .configuration
                )
            }
        }

        private func propose(_ configuration: Configuration, _ catalogue: Catalogue) async throws {
            let secret = try SignedIn.secret(configuration)
            let made = try await Deployment.with(configuration, catalogue: catalogue) { deployment in
                try await deployment.store.propose(
                    deployment.activation(of: ChannelName(channel)),
                    comment: comment ?? "",
                    by: secret
                )
            }
            let answer = ProposalReport(made: made, what: "activation of channel \(channel)")
            try report.show(answer.json, words: answer.words)
        }
    }

    /// A channel from both sides.
    private struct Row {
        let name: ChannelName
        let specification: ChannelSpecification?
        /// None for a channel that was never activated.
        let lanes: [LaneStatus]

        var activeSHA256: [UInt8]? { lanes.first?.activation.specificationSHA256 }

        var state: String {
            guard let activeSHA256 else { return "not activated" }
            guard let specification else { return "not configured here" }
            guard activeSHA256 == specification.sha256 else { return "another version active" }
            let states = Set(lanes.map(\.state))
            if states.count == 1, let state = states.first { return state }
            return lanes.map { "\($0.lane.rawValue) \($0.state)" }.joined(separator: ", ")
        }

        static func short(_ hash: [UInt8]) -> String { String(Hexadecimal.encode(hash).prefix(12)) }

        var json: JSON {
            [
                "channel": .string(name.value), "title": .string(specification?.title), "state": .string(state),
                "running": lanes.isEmpty ? .null : .bool(lanes.allSatisfy { $0.pause == nil }),
                "lanes": .object(
                    Dictionary(uniqueKeysWithValues: lanes.map { ($0.lane.rawValue, .string($0.state)) })
                ),
                "active_sha256": .string(activeSHA256.map(Hexadecimal.encode)),
                "file_sha256": .string(specification.map { Hexadecimal.encode($0.sha256) }),
                "class": .string(specification?.environmentClass.rawValue),
                "directions": .array(
                    (specification?.directions.map(\.rawValue).sorted() ?? []).map { .string($0) }
                ),
            ]
        }
    }
}
