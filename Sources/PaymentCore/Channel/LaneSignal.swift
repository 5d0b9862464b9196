/// What the end of one call says about its lane.
package enum LaneSignal: Hashable, Sendable {
    /// The channel answered, whatever it said.
    case answered
    /// The channel could not be reached, or what came was no answer.
    case failed
    /// The channel asked us to slow down, for this long (R7).
    case slowDown(TimeSpan)

    /// Calls that ended on our own side: they say nothing about the channel.
    private static let own: Set<String> = [
        "send_by_passed", "cancelled_before_send", "cancelled", "refused_by_policy", "unreadable_envelope",
        "commit_unknown", "channel_not_configured",
    ]

    /// `slowFor`: how long the protocol orders the lane to wait, if the answer asked for it.
    ///
    /// Nil if the call says nothing about the channel.
    package init?(_ outcome: CallOutcome, slowFor: TimeSpan?) {
        switch outcome {
        case .answered: self = slowFor.map(LaneSignal.slowDown) ?? .answered
        case .notSent(let word), .unknown(let word):
            if Self.own.contains(word) { return nil }
            self = .failed
        }
    }
}
