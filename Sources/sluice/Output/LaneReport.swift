import PaymentCore
import Store

extension LaneStatus {
    /// One word or two for what keeps it from work, if anything does.
    var state: String {
        if pause != nil { return "paused" }
        switch health.breaker {
        case .open(let until, _): return until > now ? "open" : "about to probe"
        case .halfOpen: return "probing"
        case .closed: break
        }
        if let until = health.slowUntil, until > now { return "told to wait" }
        return health.slowInterval == nil ? "running" : "running slower"
    }

    /// Until when, or why, for people; empty where nothing is to be said.
    var remark: String {
        var parts: [String] = []
        if let pause {
            parts.append("by \(pause.by) since \(pause.at.brief): \(Masked.visible(pause.reason, scalarsMax: 200))")
        }
        switch health.breaker {
        case .closed(0): break
        case .closed(let failures): parts.append("\(failures) of \(rules.breaker.failures) failures in a row")
        case .open(let until, let times): parts.append("no call before \(until.brief), opened \(times) times in a row")
        case .halfOpen(_, let until, let times):
            parts.append("one call tries until \(until.brief), opened \(times) times in a row")
        }
        if let until = health.slowUntil, until > now { parts.append("the channel asks to wait until \(until.brief)") }
        return parts.joined(separator: "; ")
    }

    /// The time between two calls.
    var pace: String {
        let interval = health.interval(rules)
        guard interval > .zero else { return "no rate" }
        return "a call each \(interval.words)" + (health.slowInterval == nil ? "" : ", slowed down")
    }

    var json: JSON {
        let breaker: (word: String, failures: Int32, times: Int32, until: Timestamp?) =
            switch health.breaker {
            case .closed(let failures): ("closed", failures, 0, nil)
            case .open(let until, let times): ("open", 0, times, until)
            case .halfOpen(_, let until, let times): ("half_open", 0, times, until)
            }
        return [
            "channel": .string(channel.value), "lane": .string(lane.rawValue), "state": .string(state),
            "slots": .integer(slots), "slots_in_use": .integer(slotsInUse), "chunks": .integer(queue.chunks),
            "due": .integer(queue.due), "unsent": .integer(queue.unsent),
            "interval_us": .integer(rules.interval.microseconds),
            "slow_interval_us": .integer(health.slowInterval?.microseconds),
            "slow_until": .string(health.slowUntil?.iso8601), "next_call_at": .string(nextCallAt?.iso8601),
            "breaker": .string(breaker.word), "failures": .integer(breaker.failures),
            "times_opened": .integer(breaker.times), "open_until": .string(breaker.until?.iso8601),
            "paused_at": .string(pause?.at.iso8601), "paused_by": .string(pause?.by),
            "pause_reason": .string(pause?.reason),
        ]
    }
}
