/// When to ask a channel for results: a first delay, then growing intervals, capped, jittered and counted (R7).
package struct PollCurve: Hashable, Sendable {
    /// Counted from the end of the send (pitfall B4).
    package let first: TimeSpan
    /// Each interval in per cent of the one before; 100 keeps it, 160 grows it by 60 %.
    package let growthPercent: Int64
    package let cap: TimeSpan
    /// Up to this share is added to an interval, so that submissions of one moment spread out; never subtracted, so
    /// that no query comes earlier than the curve allows.
    package let jitterPercent: Int64
    /// After this many queries the submission is a person's (an alarm and a review item, never a failure).
    package let countMax: Int32

    package init(first: TimeSpan, growthPercent: Int64, cap: TimeSpan, jitterPercent: Int64, countMax: Int32) {
        precondition(first > .zero && cap >= first, "a poll curve starts above zero and is capped above its start")
        precondition((100...1_000).contains(growthPercent) && (0...100).contains(jitterPercent) && countMax > 0)
        self.first = first
        self.growthPercent = growthPercent
        self.cap = cap
        self.jitterPercent = jitterPercent
        self.countMax = countMax
    }

    /// The delay before the next query when `polls` queries were made; the jitter comes from a uniformly random number.
    package func delay(afterPolls polls: Int32, random: UInt64) -> TimeSpan {
        BackOff.delay(
            first: first,
            growthPercent: growthPercent,
            cap: cap,
            jitterPercent: jitterPercent,
            steps: polls,
            random: random
        )
    }
}

/// A back-off that grows, is capped, and is jittered upwards; pure, so that its whole table can be tested.
package struct BackOff: Hashable, Sendable {
    package let first: TimeSpan
    package let growthPercent: Int64
    package let cap: TimeSpan

    package init(first: TimeSpan, growthPercent: Int64, cap: TimeSpan) {
        precondition(first > .zero && cap >= first && (100...1_000).contains(growthPercent))
        self.first = first
        self.growthPercent = growthPercent
        self.cap = cap
    }

    /// Whether the delay after so many failures in a row has stopped growing.
    package func isCapped(steps: Int32) -> Bool { delay(steps: steps, random: 0) >= cap }

    /// The delay after `steps` failures in a row, with 20 % of jitter.
    package func delay(steps: Int32, random: UInt64) -> TimeSpan {
        Self.delay(
            first: first,
            growthPercent: growthPercent,
            cap: cap,
            jitterPercent: 20,
            steps: steps,
            random: random
        )
    }

    fileprivate static func delay(
        first: TimeSpan,
        growthPercent: Int64,
        cap: TimeSpan,
        jitterPercent: Int64,
        steps: Int32,
        random: UInt64
    ) -> TimeSpan {
        var delay = first.microseconds
        var remaining = growthPercent > 100 ? max(0, steps) : 0
        while remaining > 0, delay < cap.microseconds {
            let (grown, overflow) = delay.multipliedReportingOverflow(by: growthPercent)
            // At least one microsecond more, so that a tiny start grows too.
            delay = overflow ? cap.microseconds : min(cap.microseconds, max(delay + 1, grown / 100))
            remaining -= 1
        }
        let jitterMax = delay / 100 * jitterPercent
        let jitter = jitterMax > 0 ? Int64(random % UInt64(jitterMax + 1)) : 0
        return TimeSpan(microseconds: delay) + TimeSpan(microseconds: jitter)
    }
}
