import Logging
import PaymentCore
import Store

/// One execution of a job in its window: what cron calls.
///
/// Safe to start at any time, any number of times.
package struct JobRunner: Sendable {
    /// How a start ended; the command turns it into an exit code.
    package enum Outcome: Sendable, Hashable {
        /// All that was due is done.
        case done
        /// Nothing was to be done: this window's run is over, and nothing has come since.
        case alreadyDone
        case outsideWindow
        /// Another run holds the window.
        case held
        /// Stopped at the deadline, or by a signal, with due work left.
        case workLeft
    }

    private static let lease = TimeSpan.seconds(60)

    private let engine: Engine
    private let job: JobDefinition

    package init(engine: Engine, job: JobDefinition) {
        self.engine = engine
        self.job = job
    }

    /// Runs the job in the window that is open now.
    package func run(host: String, processIdentifier: Int32, stop: StopSignal) async throws -> Outcome {
        guard let windowStart = job.window.start(at: engine.clock.now()) else { return .outsideWindow }
        let claim = try await engine.store.beginRun(
            job: job.name,
            windowStart: windowStart,
            worker: engine.worker,
            lease: Self.lease
        )
        let epoch: LeaseEpoch
        switch claim {
        case .begun(let claimed, _), .takenOver(let claimed, _): epoch = claimed
        case .alive: return .held
        case .done(let pass):
            guard try await hasWork() else { return .alreadyDone }
            let reopened = try await engine.store.reopenRun(
                job: job.name,
                windowStart: windowStart,
                pass: pass,
                worker: engine.worker,
                lease: Self.lease
            )
            guard case .begun(let claimed, _) = reopened else { return .held }
            epoch = claimed
        }
        do {
            let isDone = try await work(
                windowStart: windowStart,
                epoch: epoch,
                host: host,
                processIdentifier: processIdentifier,
                stop: stop
            )
            try await engine.store.endRun(
                job: job.name,
                windowStart: windowStart,
                epoch: epoch,
                succeeded: true,
                summary: [:]
            )
            return isDone ? .done : .workLeft
        } catch {
            try? await engine.store.endRun(
                job: job.name,
                windowStart: windowStart,
                epoch: epoch,
                succeeded: false,
                summary: [:]
            )
            throw error
        }
    }

    private func work(
        windowStart: Timestamp,
        epoch: LeaseEpoch,
        host: String,
        processIdentifier: Int32,
        stop: StopSignal
    ) async throws -> Bool {
        let endsAt = engine.clock.now().advanced(by: job.deadline)
        // Asked for when nothing was due any more: what comes due later is not left.
        let idled = StopSignal()
        try await engine.run(
            stages: job.stages,
            host: host,
            processIdentifier: processIdentifier,
            stop: stop
        ) {
            var renewed = engine.clock.now()
            // Two looks in a row that find nothing: between claiming and recording a chunk nothing is due.
            var idleLooks = 0
            while !stop.isRequested, engine.clock.now() < endsAt {
                idleLooks = try await hasWork() ? 0 : idleLooks + 1
                if idleLooks >= 2 {
                    idled.request()
                    return
                }
                if engine.clock.now().since(renewed) > .seconds(15) {
                    renewed = engine.clock.now()
                    guard
                        try await engine.store.renewRun(
                            job: job.name,
                            windowStart: windowStart,
                            epoch: epoch,
                            lease: Self.lease
                        )
                    else {
                        engine.logger.warning(
                            "run taken over by another process; stopping",
                            metadata: ["job": "\(job.name)"]
                        )
                        return
                    }
                }
                try await engine.clock.sleep(for: engine.configuration.limits.idle)
            }
        }
        if idled.isRequested { return true }
        return try await !hasWork()
    }

    /// Whether work of this job's stages is due.
    ///
    /// What is due later is not left.
    private func hasWork() async throws -> Bool {
        let left = try await engine.store.workLeft(channels: engine.configuration.channels.keys.sorted())
        for stage in job.stages {
            switch stage {
            case .intake where left.filesForIntake > 0, .plan where left.filesForPlanning > 0,
                .settle where left.filesForSettlement > 0, .submit where left.submitChunksDue > 0,
                .poll where left.queryChunksDue > 0:
                return true
            default: continue
            }
        }
        return false
    }
}
