import ChannelKit
import PaymentCore
package import Pipeline
package import Store

/// An order's story with what the rules say of it.
package struct ExplainedOrder: Sendable {
    let story: OrderStory
    let explanation: OrderExplanation
    /// What stands in the way of judging it here, and what to do; nil if nothing does.
    package let caveat: String?

    /// `configuration`: what is configured here.
    ///
    /// `active`: what the workers use (R16).
    package init(_ story: OrderStory, configuration: EngineConfiguration, active: [ChannelRow]) {
        self.story = story
        let submission = story.submission.flatMap { number in story.submissions.first { $0.number == number } }
        let live = Self.live(story, submission, configuration, active)
        let profile = configuration.merchants[story.merchant]
        let failed = story.attempts.filter { !$0.isUnsent }
        let facts = OrderExplanation.Facts(
            state: story.state,
            failedAttempts: Int16(clamping: failed.count),
            rule: profile?.attempts,
            otherChannels: configuration.otherChannels(
                than: Set(failed.map(\.channel)).union(submission.map { [$0.channel] } ?? []),
                merchant: story.merchant,
                direction: story.direction,
                amountMinor: story.amountMinor,
                currency: story.currency
            ),
            evidence: story.proof,
            answers: submission?.answers ?? story.answersWithoutSubmission,
            reviews: story.reviews.filter { $0.closedAt == nil }.map { review in
                OpenReview(
                    cause: review.cause,
                    code: review.code,
                    incident: review.incident,
                    isOfOrder: review.isOfOrder
                )
            }
        )
        explanation = OrderExplanation(facts, live: live, now: story.readAt)
        var doubts: [String] = []
        if !story.state.isFinal, case .unjudged(_, let because) = live { doubts.append(because) }
        if !story.state.isFinal, submission != nil, profile == nil {
            doubts.append("merchant \(story.merchant) is not in this configuration")
        }
        caveat =
            doubts.isEmpty
            ? nil : doubts.joined(separator: "; ") + "; ask again with the configuration of the workers (--config)"
    }

    /// Whether all three answers are certain here.
    package var isJudged: Bool {
        [explanation.resend, explanation.nextAttempt, explanation.close].allSatisfy(\.isJudged)
    }

    package var json: JSON {
        [
            "order": .string("\(story.key)"), "state": .string(story.state.rawValue),
            "code": .string(story.code), "caveat": .string(caveat), "resend": explanation.resend.json,
            "next_attempt": explanation.nextAttempt.json, "close": explanation.close.json,
            "waits_for": .array(explanation.waitsFor.map(\.json)), "story": story.json,
        ]
    }

    package var words: String {
        var parts = [story.words]
        if let caveat { parts.append("Note: \(caveat).") }
        parts.append("May it be sent again, same number?  " + explanation.resend.words)
        parts.append("May it go to another channel?  " + explanation.nextAttempt.words)
        parts.append("May it be closed?  " + explanation.close.words)
        return parts.joined(separator: "\n\n")
    }

    /// The live submission with the rules of its channel, if they are known here and are those that the workers use.
    private static func live(
        _ story: OrderStory,
        _ submission: OrderStory.Submission?,
        _ configuration: EngineConfiguration,
        _ active: [ChannelRow]
    ) -> OrderExplanation.Live {
        guard let number = story.submission else { return .nothing }
        guard let submission else { return .unjudged(nil, because: "submission \(number) of the order is not found") }
        let channel = submission.channel
        guard let specification = configuration.channels[channel] else {
            return .unjudged(
                submission.state,
                because: "the specification of channel \(channel) is missing in this configuration"
            )
        }
        guard specification.directions.contains(story.direction) else {
            return .unjudged(
                submission.state,
                because: "channel \(channel) serves no \(story.direction.rawValue) in this configuration"
            )
        }
        guard active.contains(where: { $0.channel == channel && $0.specificationSHA256 == specification.sha256 }) else {
            return .unjudged(
                submission.state,
                because: "the specification of channel \(channel) in this configuration is not the active one (R16)"
            )
        }
        return .judged(
            SubmissionMachine(
                state: submission.state,
                policy: specification.policy(for: story.direction),
                scopeEndsAt: submission.scopeEndsAt,
                areOrdersOpen: submission.areOrdersOpen
            )
        )
    }
}

extension OrderStory {
    /// What a final state rests on, for people: the exchange, or the decision of a person (R8).
    fileprivate var proof: String? {
        if let evidence {
            let said = code.map { ", code \(Masked.visible($0))" } ?? ""
            return "exchange \(evidence.ordinal) of \(evidence.day)\(said)"
        }
        return decision.map { decision in
            "decision \(decision.number) (\(decision.decision)) of \(Masked.visible(decision.person)) at"
                + " \(decision.decidedAt.brief): \(Masked.visible(decision.evidence, scalarsMax: 2_000)); note:"
                + " \(Masked.visible(decision.note, scalarsMax: 2_000))"
        }
    }

    fileprivate var answersWithoutSubmission: String {
        if let submission { return "what became of submission \(submission) is not found" }
        return attempts.isEmpty ? "nothing was sent" : "\(attempts.count) attempts have ended, and none is live"
    }
}

extension OrderStory.EndedAttempt {
    /// No byte of it ever left.
    fileprivate var isUnsent: Bool { UnsentCode(rawValue: code) != nil }
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

extension OpenReview {
    fileprivate var json: JSON {
        ["cause": .string(causeName), "code": .string(code), "incident": .string(incident)]
    }
}

extension Ruling {
    fileprivate var json: JSON {
        [
            "allowed": .bool(isAllowed), "judged": .bool(isJudged),
            "conditions": .array(
                conditions.map {
                    [
                        "name": .string($0.name), "holds": .bool($0.holds), "known": .bool($0.isKnown),
                        "because": .string($0.because),
                    ]
                }
            ),
        ]
    }

    fileprivate var words: String {
        let lines = conditions.map { "  \($0.holds ? "+" : $0.isKnown ? "-" : "?") \($0.because)" }
        let answer = isAllowed ? "Yes." : isJudged ? "No." : "No: it cannot be judged here."
        return ([answer] + lines).joined(separator: "\n")
    }
}
