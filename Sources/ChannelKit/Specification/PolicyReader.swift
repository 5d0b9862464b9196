import PaymentCore
import StrictYAML

/// Reads how long to wait, how often to ask and when to send again (R5, R7), for each direction.
struct PolicyReader {
    private static let waits = Duration.milliseconds(10)...Duration.seconds(7 * 86_400)

    let root: YAMLMapping
    let deadlines: ChannelDeadlines

    func policies(for directions: Set<Direction>) throws(YAMLError) -> [Direction: ChannelPolicy] {
        let poll = try self.poll()
        let (unsent, unsentSendsMax) = try self.unsent()
        let duplicateCheck = try self.duplicateCheck()
        let notFound = try root.mapping("not_found")
        var policies: [Direction: ChannelPolicy] = [:]
        for direction in Direction.allCases {
            let key = direction.rawValue
            guard directions.contains(direction) else {
                // Not asked for, so that `finish()` refuses a policy for a direction that the channel does not serve.
                continue
            }
            let rule = try self.notFound(try notFound.mapping(key))
            guard rule.asks <= poll.countMax else {
                throw notFound.error(
                    at: key,
                    what: "`ask` is more than `poll.count_max`, so it could never be reached",
                    mend: "ask less often or allow more polls"
                )
            }
            if rule.conclusion == .resend { try proveResend(rule, duplicateCheck, notFound, key) }
            policies[direction] = ChannelPolicy(
                deadlines: deadlines,
                poll: poll,
                unsent: unsent,
                unsentSendsMax: unsentSendsMax,
                notFound: rule,
                duplicateCheck: duplicateCheck
            )
        }
        return policies
    }

    private func notFound(_ mapping: YAMLMapping) throws(YAMLError) -> NotFoundPolicy {
        NotFoundPolicy(
            grace: TimeSpan(try mapping.duration("grace", in: Self.waits)),
            // One absence is never enough (R5).
            asks: Int32(try mapping.int("ask", in: 2...100)),
            spacing: TimeSpan(try mapping.duration("spacing", in: Self.waits)),
            conclusion: try mapping.enumeration("then")
        )
    }

    /// A resend needs a documented duplicate check whose window is still open after all the waiting (R5).
    private func proveResend(
        _ rule: NotFoundPolicy,
        _ check: DuplicateCheck?,
        _ notFound: YAMLMapping,
        _ key: String
    ) throws(YAMLError) {
        guard let check else {
            throw notFound.error(
                at: key,
                what: "`then: resend` without `duplicate_check` could pay twice (R5)",
                mend: "give the window that the channel documents, or write `then: review`"
            )
        }
        let waiting = TimeSpan(microseconds: rule.spacing.microseconds * Int64(rule.asks - 1)) + rule.grace
        guard waiting + deadlines.sendLife + check.margin < check.window else {
            throw notFound.error(
                at: key,
                what: "the protection window ends before these questions are asked, so it could never resend",
                mend: "shorten `grace`, `ask` or `spacing`, or write `then: review`"
            )
        }
    }

    private func duplicateCheck() throws(YAMLError) -> DuplicateCheck? {
        guard let mapping = try root.optionalMapping("duplicate_check") else { return nil }
        let window = TimeSpan(try mapping.duration("window", in: .seconds(1)...YAMLNode.durationMax))
        let margin = TimeSpan(try mapping.duration("margin", in: .milliseconds(10)...YAMLNode.durationMax))
        guard margin < window else {
            throw mapping.error(
                at: "margin",
                what: "not shorter than `window`",
                mend: "choose a margin inside the protection window"
            )
        }
        let warning = try mapping.optionalDuration("warning", in: .seconds(1)...YAMLNode.durationMax).map {
            TimeSpan($0)
        }
        // Within the margin nothing is sent again: who is told only then can do nothing with the number.
        guard warning.map({ $0 > margin }) ?? true else {
            throw mapping.error(
                at: "warning",
                what: "not longer than `margin`",
                mend: "choose a time before the end in which the number can still be used"
            )
        }
        return DuplicateCheck(window: window, margin: margin, warning: warning ?? margin + .hours(2))
    }

    private func poll() throws(YAMLError) -> PollCurve {
        let mapping = try root.mapping("poll")
        let first = TimeSpan(try mapping.duration("first", in: Self.waits))
        return PollCurve(
            first: first,
            growthPercent: Int64(try mapping.int("growth_percent", in: 100...1_000)),
            cap: try cap(mapping, first: first),
            jitterPercent: Int64(try mapping.int("jitter_percent", in: 0...100)),
            countMax: Int32(try mapping.int("count_max", in: 1...10_000))
        )
    }

    private func unsent() throws(YAMLError) -> (backOff: BackOff, sendsMax: Int32?) {
        let mapping = try root.mapping("unsent")
        let first = TimeSpan(try mapping.duration("first", in: Self.waits))
        let backOff = BackOff(
            first: first,
            growthPercent: Int64(try mapping.int("growth_percent", in: 100...1_000)),
            cap: try cap(mapping, first: first)
        )
        return (backOff, try mapping.optionalInt("sends_max", in: 1...10_000).map(Int32.init))
    }

    private func cap(_ mapping: YAMLMapping, first: TimeSpan) throws(YAMLError) -> TimeSpan {
        let cap = TimeSpan(try mapping.duration("cap", in: Self.waits))
        guard cap >= first else {
            throw mapping.error(at: "cap", what: "shorter than `first`", mend: "choose at least the first delay")
        }
        return cap
    }
}
