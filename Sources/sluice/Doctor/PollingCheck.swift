package import PaymentCore
package import Store

/// Judges whether somebody asks channels for results at all hours: windows bound new sends only (architecture §6).
package enum PollingCheck {
    private static let pauseMax = TimeSpan.hours(1)

    /// A deployment in class test without open work may rest: a fresh one has nobody at work yet, and nothing is lost.
    package static func judge(
        _ polling: DeploymentHealth.Polling,
        environmentClass: EnvironmentClass
    ) -> Finding {
        if polling.processes > 0 { return .ok(.polling, "\(polling.processes) processes ask for results") }
        let last = polling.lastSeenAgo.map { "the last one \($0.words) ago" } ?? "nobody ever did"
        if let ago = polling.lastSeenAgo, ago <= pauseMax {
            return .ok(.polling, "a run asked for results \(ago.words) ago")
        }
        guard polling.openWork > 0 || environmentClass == .production else {
            return .ok(.polling, "nobody asks for results now, and nothing is open (\(last))")
        }
        return .fail(
            .polling,
            "nobody asks for results (\(last)); open: \(polling.openWork) chunks and files",
            mend: "keep `sluice worker` running, or let cron call a job with the stage `poll` at all hours"
        )
    }
}
