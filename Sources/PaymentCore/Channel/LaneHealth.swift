/// How a lane fares: its circuit breaker, and the pace that the channel's answers leave it.
///
/// A pure state machine; a store keeps it in the lane's row and changes it in the transaction that records a call.
/// It says when to call, never what became of money.
package struct LaneHealth: Hashable, Sendable {
    /// Whether calls are made at all.
    package enum Breaker: Hashable, Sendable {
        /// `failures`: failed calls in a row.
        case closed(failures: Int32)
        /// No call until then; `times`: how often it opened without an answer in between.
        case open(until: Timestamp, times: Int32)
        /// One call tries whether the channel answers again; `probe` is its chunk, and past `until` it is given up.
        case halfOpen(probe: Int64, until: Timestamp, times: Int32)
    }

    /// How many calls may begin now.
    package enum Admission: Hashable, Sendable {
        case none
        case probe
        case any
    }

    package var breaker: Breaker
    /// No call before this time: the channel asked for it.
    package var slowUntil: Timestamp?
    /// The slowed-down time between two calls; nil: the lane has its full pace.
    package var slowInterval: TimeSpan?

    package init(
        breaker: Breaker = .closed(failures: 0),
        slowUntil: Timestamp? = nil,
        slowInterval: TimeSpan? = nil
    ) {
        self.breaker = breaker
        self.slowUntil = slowUntil
        self.slowInterval = slowInterval
    }

    /// Whether a claim may take chunks now.
    package func admission(at now: Timestamp) -> Admission {
        if let slowUntil, slowUntil > now { return .none }
        switch breaker {
        case .closed: return .any
        case .open(let until, _), .halfOpen(_, let until, _): return until > now ? .none : .probe
        }
    }

    /// The time between two calls that holds now.
    package func interval(_ rules: LaneRules) -> TimeSpan { max(slowInterval ?? .zero, rules.interval) }

    /// The one chunk that was let through an open breaker is claimed until then.
    package mutating func probe(_ chunk: Int64, until: Timestamp) {
        switch breaker {
        case .closed: break
        case .open(_, let times), .halfOpen(_, _, let times):
            breaker = .halfOpen(probe: chunk, until: until, times: times)
        }
    }

    /// A chunk was given back without a call: if it was the probe, the next one may go at once.
    package mutating func giveBack(_ chunk: Int64, now: Timestamp) {
        guard case .halfOpen(let probe, _, let times) = breaker, probe == chunk else { return }
        breaker = .halfOpen(probe: probe, until: now, times: times)
    }

    /// Takes in how a call of this chunk ended; true if the breaker opened, having been closed.
    package mutating func take(_ signal: LaneSignal, of chunk: Int64, rules: LaneRules, now: Timestamp) -> Bool {
        switch signal {
        case .failed: return fail(chunk, rules.breaker, now: now)
        case .answered:
            breaker = .closed(failures: 0)
            recover(rules, now: now)
        case .slowDown(let span):
            breaker = .closed(failures: 0)
            slow(for: span, rules, now: now)
        }
        return false
    }

    private mutating func fail(_ chunk: Int64, _ rules: LaneRules.Breaker, now: Timestamp) -> Bool {
        switch breaker {
        case .closed(let failures) where failures + 1 >= rules.failures:
            breaker = .open(until: now.advanced(by: rules.time(opened: 1)), times: 1)
            return true
        case .closed(let failures): breaker = .closed(failures: failures + 1)
        case .halfOpen(let probe, _, let times) where probe == chunk:
            let opened = min(times, Int32.max - 1) + 1
            breaker = .open(until: now.advanced(by: rules.time(opened: opened)), times: opened)
        case .open, .halfOpen:
            // A call that was under way when it opened tells nothing new.
            break
        }
        return false
    }

    /// Half the pace, once for all calls that were under way when the channel asked; and its wait in any case.
    private mutating func slow(for span: TimeSpan, _ rules: LaneRules, now: Timestamp) {
        if slowUntil.map({ $0 <= now }) ?? true {
            let doubled = TimeSpan(microseconds: interval(rules).microseconds * 2)
            slowInterval = min(rules.slowestInterval, max(doubled, rules.fullInterval + rules.fullInterval))
        }
        slowUntil = max(slowUntil ?? now, now.advanced(by: max(.zero, span)))
    }

    /// A twentieth of the full pace more for each good answer, until it is the full pace.
    private mutating func recover(_ rules: LaneRules, now: Timestamp) {
        guard let slowed = slowInterval, slowUntil.map({ $0 <= now }) ?? true else { return }
        let full = rules.fullInterval.microseconds
        let (high, low) = slowed.microseconds.multipliedFullWidth(by: 20 * full)
        let faster = (20 * full + slowed.microseconds).dividingFullWidth((high, low)).quotient
        slowInterval = faster <= full ? nil : TimeSpan(microseconds: faster)
    }
}
