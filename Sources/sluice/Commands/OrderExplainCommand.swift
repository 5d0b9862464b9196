import ArgumentParser
import ChannelKit
import Cryptography
import PaymentCore
import Pipeline
import PostgresStore
import Store

extension OrderCommand {
    /// Why an order may or may not be resent, rerouted or closed.
    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Say why an order may or may not be sent again, go to another channel, or be closed; with evidence.",
            discussion: """
                Printed by the same rules that the engine itself decides by. Exits 0 whatever they say; machines read \
                `allowed` and `conditions` with --json.
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The order, as BATCH-LINE.")
        var order: LineKey

        func run() async throws {
            let configuration = try options.load()
            let catalogue = try Catalogue.load(configuration)
            let (story, active) = try await Deployment.with(configuration, catalogue: catalogue, needs: .keys) {
                deployment in
                (
                    try await deployment.store.orderStory(of: order.batch, line: order.line),
                    try await deployment.store.channels()
                )
            }
            guard let story else {
                throw CommandFailure(
                    "there is no order \(order.batch)-\(order.line)",
                    mend: "look at: sluice quarantine show \(order.batch)-\(order.line), or sluice file show"
                        + " \(order.batch)"
                )
            }
            let explained = ExplainedOrder(
                story,
                configuration: catalogue.engineConfiguration(limits: configuration.limits),
                active: active
            )
            try report.show(explained.json, words: explained.words)
        }
    }
}

/// An order's story with what the rules say of it.
struct ExplainedOrder: Sendable {
    let story: OrderStory
    let explanation: OrderExplanation
    /// What stands in the way of judging it here; nil if nothing does.
    let caveat: String?

    init(_ story: OrderStory, configuration: EngineConfiguration, active: [ChannelRow]) {
        self.story = story
        let live = story.submission.flatMap { number in story.submissions.first { $0.number == number } }
        let specification = live.flatMap { configuration.channels[$0.channel] }
        let isActive = specification.map { specification in
            active.contains {
                $0.channel == specification.name && $0.specificationSHA256 == specification.sha256
            }
        }
        caveat =
            switch (live, isActive) {
            case (nil, _), (_, true?): nil
            case (let live?, nil):
                "channel \(live.channel) is not in this configuration: its rules cannot be applied here"
            case (let live?, false?):
                "the configured specification of channel \(live.channel) is not the active one: workers use another"
            }
        let failed = story.attempts.filter { !$0.isUnsent }
        let others = configuration.otherChannels(
            than: Set(failed.map(\.channel)).union(live.map { [$0.channel] } ?? []),
            merchant: story.merchant,
            direction: story.direction,
            amountMinor: story.amountMinor,
            currency: story.currency
        )
        let facts = OrderExplanation.Facts(
            state: story.state,
            failedAttempts: Int16(clamping: failed.count),
            rule: configuration.merchants[story.merchant]?.attempts ?? AttemptRule(),
            otherChannels: others,
            evidence: story.evidence.map { evidence in
                "exchange \(evidence.ordinal) of \(evidence.day)" + (story.code.map { ", code \($0)" } ?? "")
            },
            answers: live?.answers ?? "nothing was sent",
            openReviews: story.reviews.count { $0.closedAt == nil }
        )
        explanation = OrderExplanation(
            facts,
            machine: live.flatMap { live in
                specification.map { specification in
                    SubmissionMachine(
                        state: live.state,
                        policy: specification.policy(for: story.direction),
                        scopeEndsAt: live.scopeEndsAt
                    )
                }
            },
            now: story.readAt
        )
    }

    var json: JSON {
        [
            "order": .string("\(story.key.batch)-\(story.key.line)"), "state": .string(story.state.rawValue),
            "code": .string(story.code), "caveat": .string(caveat), "resend": explanation.resend.json,
            "next_attempt": explanation.nextAttempt.json, "close": explanation.close.json,
            "story": story.json,
        ]
    }

    var words: String {
        var parts = [story.words]
        if let caveat { parts.append("Note: \(caveat).") }
        parts.append("May it be sent again, same number?  " + explanation.resend.words)
        parts.append("May it go to another channel?  " + explanation.nextAttempt.words)
        parts.append("May it be closed?  " + explanation.close.words)
        return parts.joined(separator: "\n\n")
    }
}

extension OrderStory.EndedAttempt {
    /// No byte of it ever left.
    var isUnsent: Bool { UnsentCode(rawValue: code) != nil }
}

extension OrderStory.Submission {
    /// How its calls ended, counted.
    fileprivate var answers: String {
        let sends = exchanges.filter { $0.kind == .send }
        let queries = exchanges.filter { $0.kind == .query }
        func count(_ calls: [OrderStory.Exchange], _ noun: String) -> String {
            let answered = calls.count { $0.outcome == "answered" }
            let unsent = calls.count { $0.outcome == "not_sent" }
            return "\(calls.count) \(noun) (\(answered) answered, \(unsent) proven unsent,"
                + " \(calls.count - answered - unsent) without a known outcome)"
        }
        let last = exchanges.last { $0.outcome == "answered" }
        let said = last.map { "; the last answer said \(Masked.visible($0.headerCode ?? ""))" } ?? ""
        return "\(count(sends, "sends")), \(count(queries, "queries"))\(said)"
    }
}

extension Ruling {
    fileprivate var json: JSON {
        [
            "allowed": .bool(isAllowed),
            "conditions": .array(
                conditions.map {
                    ["name": .string($0.name), "holds": .bool($0.holds), "because": .string($0.because)]
                }
            ),
        ]
    }

    fileprivate var words: String {
        let lines = conditions.map { "  \($0.holds ? "+" : "-") \($0.because)" }
        return ([isAllowed ? "Yes." : "No."] + lines).joined(separator: "\n")
    }
}
