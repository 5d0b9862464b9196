import ArgumentParser
import Cryptography
import PaymentCore
import PostgresStore
import Store

extension Lane: ExpressibleByArgument {}

extension ChannelCommand {
    /// Both lanes of one channel.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a channel's lanes: slots, what waits, pace, breaker, pauses, and the active specification."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The channel.")
        var channel: String

        func run() async throws {
            let lanes = try await Deployment.with(try options.load()) { deployment in
                try await deployment.store.lanes(of: ChannelName(channel))
            }
            guard let activation = lanes.first?.activation else {
                throw CommandFailure(
                    "channel \(channel) was never activated",
                    mend: "look at: sluice channel list",
                    status: .configuration
                )
            }
            var table = Table("lane", "state", "#slots", "#in use", "#chunks", "#due", "#unsent", "pace", "remark")
            for lane in lanes {
                table.add(
                    lane.lane.rawValue,
                    lane.state,
                    "\(lane.slots)",
                    "\(lane.slotsInUse)",
                    "\(lane.queue.chunks)",
                    "\(lane.queue.due)",
                    "\(lane.queue.unsent)",
                    lane.pace,
                    lane.remark
                )
            }
            let hash = Hexadecimal.encode(activation.specificationSHA256)
            try report.show(
                [
                    "channel": .string(channel), "specification_sha256": .string(hash),
                    "activated_at": .string(activation.at.iso8601), "activated_by": .string(activation.by),
                    "lanes": .array(lanes.map(\.json)),
                ],
                words: """
                    Channel \(channel), specification \(hash.prefix(12)), activated \(activation.at.brief) by \
                    \(Masked.visible(activation.by, scalarsMax: 400)).
                    \(table.text())
                    """
            )
        }
    }

    /// Stops a channel's lanes.
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Pause a channel: no worker takes work of it any more, calls under way end.",
            discussion: "Takes an operator who is logged in: sluice login LOGIN."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The channel.")
        var channel: String

        @Option(help: "Only this lane: submit or query. Without it, both.")
        var lane: Lane?

        @Option(help: "Why, for whoever finds it paused; at most 200 characters.")
        var reason: String

        @OptionGroup var dry: DryRunOptions

        func run() async throws {
            let configuration = try options.load()
            let person = try SignedIn.secret(configuration)
            let (paused, lanes) = try await Deployment.with(configuration) { deployment in
                let name = ChannelName(channel)
                let paused = try await deployment.store.pause(
                    name,
                    lane: lane,
                    reason: Masked.reason(reason),
                    by: person,
                    isDry: dry.dryRun
                )
                return (paused, try await deployment.store.lanes(of: name))
            }
            try report.show(
                [
                    "channel": .string(channel), "dry_run": .bool(dry.dryRun), "paused": .integer(paused),
                    "lanes": .array(lanes.map(\.json)),
                ],
                words: ChannelCommand.words(
                    dry.dryRun ? "Nothing was done. It would pause" : "Paused",
                    paused,
                    lanes,
                    otherwise: "Nothing to pause"
                )
            )
        }
    }

    /// Lets a channel's lanes work again.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Resume a paused channel: workers take its work again.",
            discussion: "Takes an operator who is logged in: sluice login LOGIN."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The channel.")
        var channel: String

        @Option(help: "Only this lane: submit or query. Without it, both.")
        var lane: Lane?

        @OptionGroup var dry: DryRunOptions

        func run() async throws {
            let configuration = try options.load()
            let person = try SignedIn.secret(configuration)
            let (resumed, lanes) = try await Deployment.with(configuration) { deployment in
                let name = ChannelName(channel)
                let resumed = try await deployment.store.resume(name, lane: lane, by: person, isDry: dry.dryRun)
                return (resumed, try await deployment.store.lanes(of: name))
            }
            try report.show(
                [
                    "channel": .string(channel), "dry_run": .bool(dry.dryRun), "resumed": .integer(resumed),
                    "lanes": .array(lanes.map(\.json)),
                ],
                words: ChannelCommand.words(
                    dry.dryRun ? "Nothing was done. It would resume" : "Resumed",
                    resumed,
                    lanes,
                    otherwise: "Nothing to resume"
                )
            )
        }
    }

    /// What was done, and how the lanes stand now.
    private static func words(_ done: String, _ count: Int, _ lanes: [LaneStatus], otherwise: String) -> String {
        let head = count == 0 ? otherwise : "\(done) \(count) lane\(count == 1 ? "" : "s")"
        let states = lanes.map { lane in
            "\(lane.lane.rawValue) \(lane.state)" + (lane.remark.isEmpty ? "" : " (\(lane.remark))")
        }
        return "\(head): \(states.joined(separator: ", "))."
    }
}
