import PaymentCore
package import Store

/// Judges whether alarms reach people (pitfall A13).
package enum AlarmCheck {
    private static let waitMax = TimeSpan.minutes(15)

    /// `problem`: why the sinks cannot be used.
    package static func sinks(count: Int, problem: String?) -> Finding {
        if let problem { return .fail(.sinks, problem, mend: "correct `alarms.sinks` of sluice.yaml") }
        switch count {
        case 0:
            return .warn(
                .sinks,
                "none: alarms stay in the table",
                mend: "add `alarms.sinks` to sluice.yaml, or look at `sluice alarm list` often"
            )
        case 1: return .ok(.sinks, "one, without another to fall back on")
        default: return .ok(.sinks, "\(count), in their order")
        }
    }

    /// What waits, for delivery or for a person.
    package static func waiting(_ alarms: DeploymentHealth.Alarms, sinks: Int) -> Finding {
        if sinks > 0, alarms.undelivered > 0, alarms.oldestUndelivered > waitMax {
            return .fail(
                .alarms,
                "\(alarms.undelivered) not delivered, the first for \(alarms.oldestUndelivered.words)",
                mend: "look at: sluice alarm list; processes at work deliver them, so one must run"
            )
        }
        guard alarms.open > 0 else { return .ok(.alarms, "none is open") }
        return .warn(.alarms, "\(alarms.open) open", mend: "look at: sluice alarm list, then: sluice alarm ack")
    }
}
