package import Logging
package import PaymentCore
package import Store

/// Takes days past their age to the history, and what stayed behind later: one run at a time, whoever starts it.
package struct ArchivingStage: Sendable {
    /// For how long the lease is had; renewed several times meanwhile.
    static let lease = TimeSpan.seconds(60)

    let store: any ArchiveStore
    let alarms: any AlarmStore
    let configuration: ArchiveConfiguration
    let clock: any EngineClock
    let random: any RandomSource
    let worker: WorkerIdentifier
    let logger: Logger

    package init(
        store: any ArchiveStore,
        alarms: any AlarmStore,
        configuration: ArchiveConfiguration,
        clock: any EngineClock,
        random: any RandomSource,
        worker: WorkerIdentifier,
        logger: Logger
    ) {
        (self.store, self.alarms, self.configuration) = (store, alarms, configuration)
        (self.clock, self.random, self.worker, self.logger) = (clock, random, worker, logger)
    }

    /// Runs until nothing is due, its time is over, or it is stopped; answers what it did.
    ///
    /// A stop is heard within a second: the statement under way is cancelled, and what it would have done is not done.
    package func run(
        _ order: ArchiveOrder,
        stop: StopSignal,
        progress: @escaping @Sendable (ArchiveProgress) -> Void
    ) async throws -> ArchiveReport {
        var report = ArchiveReport()
        if let stopped = try await store.archiveSwitch().stop {
            report.outcome = .stopped
            report.reasons = ["archiving is stopped: \(stopped.reason)"]
            return report
        }
        guard let lease = try await store.takeArchiveLease(worker: worker, lease: Self.lease, asOf: order.asOf) else {
            report.outcome = .held
            return report
        }
        report.asOf = lease.asOf
        try await store.releaseArchiveLease(lease)
        return report
    }
}
