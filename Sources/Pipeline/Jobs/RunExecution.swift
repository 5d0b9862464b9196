import Logging
package import PaymentCore
import Store
import Synchronization

/// The run of one window: claims it, works until nothing is due or its time is over, and writes down what it did.
///
/// A run that another start has taken over stops, and writes nothing more as the run.
package struct RunExecution: Sendable {
    private enum Ending: Sendable {
        case idle
        case late
        case lost
    }

    private let job: JobDefinition
    private let engine: Engine
    private let windowStart: Timestamp
    private let sendingEndsAt: Timestamp
    /// The epoch under which the run is held by this start; nil before and after.
    private let held = HeldEpoch()

    /// `sendingEndsAt`: the first instant at which no new send may begin, and no step of archiving; what the other
    /// stages of the job do is bound by its deadline only.
    package init(job: JobDefinition, engine: Engine, windowStart: Timestamp, sendingEndsAt: Timestamp) {
        self.job = job
        self.engine = engine
        self.windowStart = windowStart
        self.sendingEndsAt = sendingEndsAt
    }

    /// What was done so far, by name; empty if nothing was.
    package var counts: [String: Int64] { engine.tally.summary.filter { $0.value != 0 } }

    /// In words for people: why archiving is not done, or what it left out.
    package var reasons: [String] { engine.archivingState.reasons }

    /// Claims the run and works it to its end, if nobody else does and something is to be done.
    ///
    /// `reopens`: whether a run that is done gets a new pass when work came since.
    package func run(
        reopens: Bool,
        process: (host: String, identifier: Int32),
        stop: StopSignal
    ) async throws -> JobRunner.Outcome {
        let epoch: LeaseEpoch
        switch try await engine.store.beginRun(start) {
        case .begun(let claimed, _), .takenOver(let claimed, _): epoch = claimed
        case .alive: return .held
        case .done(let pass):
            guard reopens, try await !dueStages().isEmpty else { return .alreadyDone }
            guard case .begun(let claimed, _) = try await engine.store.reopenRun(start, pass: pass) else {
                return .held
            }
            epoch = claimed
        }
        held.set(epoch)
        FaultPlan.pass(.runBegun)
        do {
            let outcome = try await work(epoch: epoch, process: process, stop: stop)
            if outcome == .lost {
                held.set(nil)
                return .lost
            }
            let isEnded = try await end(succeeded: outcome != .failed)
            FaultPlan.pass(.runEnded)
            return isEnded ? outcome : .lost
        } catch {
            if !Task.isCancelled { await abandon() }
            throw error
        }
    }

    /// Ends the run as failed if this start still holds it, so that the next one takes it over at once.
    ///
    /// For when its work was broken off: nothing of it goes on any more.
    package func abandon() async {
        guard held.isSet else { return }
        do {
            _ = try await end(succeeded: false)
            try await engine.store.stopWorker(engine.worker)
        } catch {
            engine.logger.warning(
                "the run could not be ended; it is taken over when its lease ends",
                metadata: ["job": "\(job.name)", "error": "\(error)"]
            )
        }
    }

    private var start: RunStart {
        RunStart(
            job: job.name,
            windowStart: windowStart,
            worker: engine.worker,
            lease: lease,
            silence: engine.configuration.limits.silence
        )
    }

    /// Longer than a dead worker's silence, so that the heartbeat decides; renewed several times meanwhile.
    private var lease: TimeSpan { TimeSpan(microseconds: 2 * engine.configuration.limits.silence.microseconds) }

    /// False if another start has taken the run over.
    private func end(succeeded: Bool) async throws -> Bool {
        guard let epoch = held.take() else { return false }
        return try await engine.store.endRun(
            job: job.name,
            windowStart: windowStart,
            epoch: epoch,
            succeeded: succeeded,
            summary: engine.tally.summary
        )
    }

    private func work(
        epoch: LeaseEpoch,
        process: (host: String, identifier: Int32),
        stop: StopSignal
    ) async throws -> JobRunner.Outcome {
        let sendingEnd = StopSignal()
        // The engine's own stop: the next window's run, if any, is not to be stopped with this one.
        let ending = StopSignal(within: stop, or: StopSignal())
        let (isLost, isIdle) = (StopSignal(), StopSignal())
        let deadline = engine.clock.now().advanced(by: job.deadline)
        try await engine.run(
            stages: job.stages,
            bounds: WorkBounds(
                lanes: job.lanes,
                sendingEnd: sendingEnd,
                sendingEndsAt: sendingEndsAt,
                archivingFrom: windowStart,
                archivingEndsAt: min(deadline, sendingEndsAt)
            ),
            host: process.host,
            processIdentifier: process.identifier,
            stop: ending
        ) {
            switch try await untilItsEnd(epoch: epoch, stop: ending, sendingEnd: sendingEnd) {
            case .idle: isIdle.request()
            case .lost: isLost.request()
            case .late: break
            }
        }
        if isLost.isRequested { return .lost }
        // It stands alone in its job.
        if let outcome = engine.archivingState.outcome { return outcome }
        if isIdle.isRequested, !sendingEnd.isRequested { return .done }
        return try await dueStages().isEmpty ? .done : .workLeft
    }

    /// Holds the run while the engine works, and says why it is to end.
    ///
    /// A database that is away for a while ends nothing: the lease tells whose the run is when it is back.
    private func untilItsEnd(epoch: LeaseEpoch, stop: StopSignal, sendingEnd: StopSignal) async throws -> Ending {
        let endsAt = engine.clock.now().advanced(by: job.deadline)
        let renewal = TimeSpan(microseconds: engine.configuration.limits.silence.microseconds / 3)
        var renewed = engine.clock.now()
        // Two looks in a row that find nothing: between claiming and recording a chunk nothing is due.
        var idleLooks = 0
        var failures: Int32 = 0
        while !stop.isRequested {
            let now = engine.clock.now()
            if now >= endsAt { return .late }
            if now >= sendingEndsAt { sendingEnd.request() }
            do {
                if now.since(renewed) >= renewal {
                    guard try await renew(epoch) else { return .lost }
                    renewed = now
                }
                // When new sends are over, what waits to be sent keeps nobody.
                let left = try await dueStages().subtracting(sendingEnd.isRequested ? [.submit] : [])
                idleLooks = left.isEmpty ? idleLooks + 1 : 0
                if idleLooks >= 2 { return .idle }
                failures = 0
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                if Task.isCancelled { throw error }
                failures += 1
                idleLooks = 0
                engine.logger.error("the run cannot look at its work; it tries again", metadata: ["error": "\(error)"])
                // Never for so long that the end of the window passes unseen.
                await engine.pause(afterFailures: min(failures, 3))
            }
            // What lies between claiming and recording takes no longer than a commit.
            let idle = engine.configuration.limits.idle
            let pause = idleLooks > 0 ? TimeSpan(microseconds: max(1, idle.microseconds / 5)) : idle
            try await stop.wait(atMost: pause, by: engine.clock)
        }
        return .late
    }

    private func renew(_ epoch: LeaseEpoch) async throws -> Bool {
        let isOurs = try await engine.store.renewRun(
            job: job.name,
            windowStart: windowStart,
            epoch: epoch,
            lease: lease
        )
        if !isOurs {
            engine.logger.warning("run taken over by another start; stopping", metadata: ["job": "\(job.name)"])
        }
        return isOurs
    }

    /// The job's stages for which work is due now, on its lanes.
    ///
    /// What is due later is not left.
    private func dueStages() async throws -> Set<Engine.Stage> {
        if job.stages.contains(.archive) { return try await engine.isArchivingDue(in: windowStart) ? [.archive] : [] }
        let channels = engine.configuration.channels.keys.sorted()
        let bounds = WorkBounds(lanes: job.lanes)
        let submitting = channels.filter { bounds.include($0, .submit) }
        let querying = channels.filter { bounds.include($0, .query) }
        let left = try await engine.store.workLeft(channels: submitting)
        let queries = submitting == querying ? left : try await engine.store.workLeft(channels: querying)
        var due: Set<Engine.Stage> = []
        if left.filesForIntake > 0 { due.insert(.intake) }
        if left.filesForPlanning > 0 { due.insert(.plan) }
        if left.filesForSettlement > 0 { due.insert(.settle) }
        if left.submitChunksDue > 0 { due.insert(.submit) }
        if queries.queryChunksDue > 0 { due.insert(.poll) }
        return due.intersection(job.stages)
    }
}

/// The epoch of a run while it is held.
private final class HeldEpoch: Sendable {
    private let epoch = Mutex<LeaseEpoch?>(nil)

    var isSet: Bool { epoch.withLock { $0 != nil } }

    func set(_ held: LeaseEpoch?) { epoch.withLock { $0 = held } }

    func take() -> LeaseEpoch? {
        epoch.withLock { epoch in
            defer { epoch = nil }
            return epoch
        }
    }
}
