package import PaymentCore

/// Judges the clocks of this host and of the server: leases and signatures go by the server's.
package enum ClockCheck {
    private static let (warned, max) = (TimeSpan.seconds(2), TimeSpan.seconds(30))

    /// `before` and `after`: this host's clock around the question; what lies between is nobody's fault.
    package static func judge(server: Timestamp, before: Timestamp, after: Timestamp) -> Finding {
        let difference: TimeSpan
        let word: String
        if server < before {
            (difference, word) = (before.since(server), "behind")
        } else if server > after {
            (difference, word) = (server.since(after), "ahead of")
        } else {
            return .ok(.clock, "this host and the server agree")
        }
        let found = "the server is \(difference.words) \(word) this host"
        let mend = "keep both right by NTP: which of the two is wrong is for a third clock to say"
        if difference > max { return .fail(.clock, found, mend: mend) }
        if difference > warned { return .warn(.clock, found, mend: mend) }
        return .ok(.clock, found)
    }
}
