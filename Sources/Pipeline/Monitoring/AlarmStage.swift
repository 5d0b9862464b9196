package import Logging
package import PaymentCore
package import Store
import Synchronization

/// Takes alarms that wait to the first sink that accepts them (pitfall A13); the table keeps them until one does.
///
/// Delivered at least once: if the process dies between delivery and record, the alarm goes out again, under the same
/// number. It shares nothing with the lanes, so that a sink that hangs delays no payment.
package final class AlarmStage: Sendable {
    /// What keeps the stage within bounds.
    package struct Limits: Sendable {
        /// Alarms taken at once, each delivered beside the others.
        package let claimed: Int
        package let backOff: BackOff
        /// After so many attempts that no sink accepted, the sinks themselves are the trouble.
        package let attemptsUntilFailed: Int32

        package init(
            claimed: Int = 8,
            backOff: BackOff = BackOff(first: .seconds(5), growthPercent: 200, cap: .minutes(10)),
            attemptsUntilFailed: Int32 = 5
        ) {
            precondition((1...100).contains(claimed) && attemptsUntilFailed >= 1)
            (self.claimed, self.backOff, self.attemptsUntilFailed) = (claimed, backOff, attemptsUntilFailed)
        }
    }

    private let store: any AlarmDeliveryStore & AlarmStore
    private let sinks: [any AlarmSink]
    private let random: any RandomSource
    private let limits: Limits
    /// Whether it was said that no sink takes anything; said once, until one does again.
    private let isOutageKnown = Mutex(false)

    /// `sinks`: at least one, in the order in which they are tried.
    package init(
        store: any AlarmDeliveryStore & AlarmStore,
        sinks: [any AlarmSink],
        random: any RandomSource,
        limits: Limits = Limits()
    ) {
        precondition(!sinks.isEmpty, "without a sink alarms stay in the table")
        (self.store, self.sinks, self.random, self.limits) = (store, sinks, random, limits)
    }

    /// Claims, delivers and records; false if nothing waited.
    package func runOnce(logger: Logger) async throws -> Bool {
        // Outlives the slowest way through all sinks, and the record behind it.
        let lease = sinks.reduce(TimeSpan.seconds(60)) { $0 + $1.timeout }
        let claimed = try await store.claimAlarms(limit: limits.claimed, lease: lease)
        guard !claimed.isEmpty else { return false }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for alarm in claimed {
                group.addTask { try await self.deliver(alarm, logger: logger) }
            }
            try await group.waitForAll()
        }
        return true
    }

    private func deliver(_ alarm: AlarmToDeliver, logger: Logger) async throws {
        var reasons: [String] = []
        for sink in sinks {
            switch await sink.deliver(alarm) {
            case .accepted:
                _ = try await store.recordDelivery(.delivered(sink: sink.name), of: alarm)
                isOutageKnown.withLock { $0 = false }
                return
            case .notAccepted(let reason): reasons.append("\(sink.name): \(reason)")
            }
            // Asked to end: the lease runs out, and the alarm comes up again.
            try Task.checkCancellation()
        }
        let reason = reasons.joined(separator: "; ")
        let retryAfter = limits.backOff.delay(steps: alarm.attempt - 1, random: random.next())
        _ = try await store.recordDelivery(.failed(reason: reason, retryAfter: retryAfter), of: alarm)
        logger.error(
            "alarm delivered to no sink; it is tried again",
            metadata: [
                "alarm": "\(alarm.identifier)", "kind": "\(alarm.kind)", "attempt": "\(alarm.attempt)",
                "error": "\(reason)",
            ]
        )
        if alarm.attempt >= limits.attemptsUntilFailed { try await sayThatSinksFailed(reason, logger: logger) }
    }

    /// In the table and the log, the only places left.
    private func sayThatSinksFailed(_ reason: String, logger: Logger) async throws {
        let isNews = isOutageKnown.withLock { isKnown in
            defer { isKnown = true }
            return !isKnown
        }
        guard isNews else { return }
        logger.critical(
            "no sink takes alarms; look at the table: sluice alarm list",
            metadata: ["error": "\(reason)"]
        )
        try await store.raise([
            RaisedAlarm(
                kind: .sinkFailed,
                code: "all_sinks",
                message: """
                    no sink takes alarms (\(reason)); they wait in the table. Look at `sluice alarm list`, mend the \
                    sinks of `alarms.sinks`, and see by `sluice doctor` that they are reached
                    """
            )
        ])
    }
}
