package import Logging
package import PaymentCore
package import Store

/// Takes days past their age to the history, and what stayed behind later: one run at a time, whoever starts it.
package struct ArchivingStage: Sendable {
    /// What follows the days of a run, under its lease and at its pace: months merged, days dropped.
    ///
    /// Answers in words what it left undone.
    package typealias Upkeep = @Sendable (ArchivePace) async throws -> [String]

    private enum Event: Sendable {
        case worked
        case ended(ArchiveWatch.Ending)
    }

    /// For how long the lease is had; renewed several times meanwhile.
    static let lease = TimeSpan.seconds(60)
    /// Days that should have left so long ago are somebody's work.
    private static let behindDays: Int32 = 7

    let store: any ArchiveStore
    let alarms: any AlarmStore
    let configuration: ArchiveConfiguration
    let clock: any EngineClock
    let random: any RandomSource
    let worker: WorkerIdentifier
    let logger: Logger
    /// What is done after the days; nil: nothing.
    package var upkeep: Upkeep?

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

    var rules: ArchiveRules {
        ArchiveRules(path: configuration.path, openMax: configuration.openMax, duty: configuration.duty)
    }

    /// Whether a run would find something to do: a day past its age, or what a dead run left.
    ///
    /// `since`: as in `ArchiveOrder`.
    package func isDue(since: Timestamp? = nil) async throws -> Bool {
        guard try await store.openEntries().isEmpty else { return true }
        guard try await daysLeft(of: configuration.daysMax, since: since) > 0 else { return false }
        let today = BusinessDate(at: clock.now())
        return try await store.carryOverEnds().contains { table, end in
            configuration.ages[table].map { end < ArchiveRules.cutoff(asOf: today, months: $0) } ?? false
        }
    }

    /// How many days may still be begun.
    func daysLeft(of most: Int, since: Timestamp?) async throws -> Int {
        guard let since else { return most }
        return try await most - store.daysBegun(since: since)
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
        if let known = try await store.archiveSwitch().stop {
            report.outcome = .stopped
            report.reasons = ["archiving is stopped by \(known.by): \(known.reason)"]
            return report
        }
        guard let lease = try await store.takeArchiveLease(worker: worker, lease: Self.lease, asOf: order.asOf) else {
            report.outcome = .held
            report.reasons = ["another archiver is at work"]
            return report
        }
        FaultPlan.pass(.archiveLeaseTaken)
        let tally = ArchiveTally()
        let pace = ArchivePace(self, lease: lease, budget: order.budget, tally: tally, progress: progress)
        let run = ArchiveRun(stage: self, order: order, lease: lease, pace: pace, tally: tally)
        do {
            let outcome = try await outcome(of: run, stop: stop)
            report = try await finished(tally, lease: lease, order: order, outcome: outcome)
            await release(lease)
            return report
        } catch {
            await release(lease)
            throw error
        }
    }

    /// Works beside the watch, until one of them has ended.
    private func outcome(of run: ArchiveRun, stop: StopSignal) async throws -> ArchiveReport.Outcome {
        let watch = ArchiveWatch(stage: self, lease: run.lease, tally: run.tally)
        do {
            return try await withThrowingTaskGroup(of: Event.self) { group in
                group.addTask {
                    try await run.work()
                    return .worked
                }
                group.addTask { .ended(try await watch.untilStopped()) }
                group.addTask {
                    await stop.wait()
                    try Task.checkCancellation()
                    return .ended(.asked)
                }
                guard case .ended(let ending)? = try await group.next() else {
                    group.cancelAll()
                    return .done
                }
                // What the work has under way is cancelled, and waited for: nothing of it goes on.
                group.cancelAll()
                while let end = await group.nextResult() {
                    switch end {
                    case .success(.worked): return .done
                    case .failure(let error as ArchiveEnding): throw error
                    case .success, .failure: continue
                    }
                }
                return outcome(ending, run.tally)
            }
        } catch let ending as ArchiveEnding {
            return outcome(ending, run.tally)
        } catch is StaleArchiveLease {
            return outcome(.leaseTaken, run.tally)
        } catch let stopped as ArchivingStopped {
            return outcome(.stopped(stopped.words), run.tally)
        } catch let missing as ArchivePartitionMissing {
            run.tally.note("\(missing)")
            try await alarms.raise([
                RaisedAlarm(
                    kind: .partitionMissing,
                    code: "partition",
                    message: "archiving does not begin: \(missing). Look with sluice doctor, and ask the DBA"
                )
            ])
            return .refused
        }
    }

    private func outcome(_ ending: ArchiveWatch.Ending, _ tally: ArchiveTally) -> ArchiveReport.Outcome {
        guard !tally.isMismatch else { return .mismatch }
        switch ending {
        case .asked:
            tally.note("it was asked to stop")
            return .workLeft
        case .stopped(let why):
            tally.note("archiving is stopped: \(why)")
            return .stopped
        case .leaseTaken:
            tally.note("another archiver took the lease")
            return .held
        }
    }

    private func outcome(_ ending: ArchiveEnding, _ tally: ArchiveTally) -> ArchiveReport.Outcome {
        switch ending {
        case .late:
            tally.note("its time is over")
            return tally.isMismatch ? .mismatch : .workLeft
        case .left(let why):
            tally.note(why)
            return tally.isMismatch ? .mismatch : .workLeft
        case .mismatch(let why):
            tally.note(why)
            return .mismatch
        case .refused(let why):
            tally.note(why)
            return .refused
        }
    }

    /// The report of a run that has ended, from what stands in the database.
    private func finished(
        _ tally: ArchiveTally,
        lease: ArchiveLease,
        order: ArchiveOrder,
        outcome: ArchiveReport.Outcome
    ) async throws -> ArchiveReport {
        var report = tally.report
        (report.asOf, report.outcome) = (lease.asOf, outcome)
        let touched = tally.touched
        for day in Set(touched.map(\.day)).sorted() {
            report.entries += try await store.entries(of: day).filter { touched.contains($0.key) }
        }
        report.longestLock = report.entries.compactMap(\.lockedFor).max()
        report.staysOpen = report.entries.reduce(0) { $0 + $1.stayedOpen }
        report.staysHeld = report.entries.reduce(0) { $0 + $1.stayedHeld }
        let ends = try await store.carryOverEnds()
        report.oldest = ends.values.min()
        try await tellWhetherBehind(ends, lease: lease)
        logger.info(
            "archiving ended",
            metadata: [
                "outcome": "\(outcome.rawValue)", "entries": "\(report.entries.count)", "rows": "\(report.rows)",
                "lock_failures": "\(report.lockFailures)",
            ]
        )
        return report
    }

    private func tellWhetherBehind(_ ends: [HeavyTable: BusinessDate], lease: ArchiveLease) async throws {
        let behind = ends.filter { table, end in
            guard let age = configuration.ages[table] else { return false }
            let cutoff = ArchiveRules.cutoff(asOf: lease.asOf, months: age)
            return end.advanced(byDays: Self.behindDays) < cutoff
        }
        guard let oldest = behind.values.min() else { return }
        try await alarms.raise([
            RaisedAlarm(
                kind: .archiveBehind,
                code: "days",
                message: """
                    days that should have left the live tables are there since \(oldest) \
                    (\(behind.keys.sorted().map(\.rawValue).joined(separator: ", "))). Nothing is lost; see by \
                    `sluice archive status` what keeps them
                    """
            )
        ])
    }

    private func release(_ lease: ArchiveLease) async {
        do {
            try await store.releaseArchiveLease(lease)
        } catch {
            // It ends by itself.
            logger.warning("the lease of archiving was not given back", metadata: ["error": "\(error)"])
        }
    }
}
