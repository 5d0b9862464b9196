import Logging
package import PaymentCore
package import Store
import Synchronization

/// The pace of a run: each of its steps begins when its time, the load and the locks of others allow it, and is
/// followed by a rest while others are at work.
package final class ArchivePace: Sendable {
    private struct Look: Sendable {
        let load: ServerLoad
        let question: LoadQuestion
        let at: Int64
    }

    private struct Looks: Sendable {
        var last: Look?
        /// A second old at least: what the rate of the write-ahead log is measured from.
        var base: Look?
    }

    /// How old a look may be; of a lock that is wanted next, nothing but a new one counts.
    private static let lookEvery = TimeSpan.seconds(1)

    package let lease: ArchiveLease
    private let stage: ArchivingStage
    private let rules: ArchiveRules
    /// On the clock that goes on while the machine sleeps.
    private let endsAt: Int64
    private let tally: ArchiveTally
    private let progress: @Sendable (ArchiveProgress) -> Void
    private let looks = Mutex(Looks())

    init(
        _ stage: ArchivingStage,
        lease: ArchiveLease,
        budget: TimeSpan,
        tally: ArchiveTally,
        progress: @escaping @Sendable (ArchiveProgress) -> Void
    ) {
        (self.stage, self.lease, self.tally, self.progress) = (stage, lease, tally, progress)
        rules = stage.rules
        endsAt = Self.advanced(stage.clock.bootNanoseconds(), by: budget)
    }

    /// How much of the run's time is left.
    package var left: TimeSpan { TimeSpan(microseconds: (endsAt - stage.clock.bootNanoseconds()) / 1_000) }

    /// Runs one step, and rests after it.
    ///
    /// `beforeLock`: the step locks a live table, so nobody old may be in its way. Throws `ArchiveEnding.late` instead
    /// of beginning a step after the end.
    package func step<Value: Sendable>(
        _ at: ArchiveProgress,
        beforeLock: Bool = false,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let load = try await waitForLoad(at, beforeLock: beforeLock)
        progress(at)
        let begunAt = stage.clock.bootNanoseconds()
        let value = try await body()
        // Who may not see the others takes them to be there.
        let rest = rules.rest(after: since(begunAt), othersAtWork: load.othersAtWork != 0)
        if rest > .zero { try await stage.clock.sleep(for: min(rest, max(.zero, left))) }
        return value
    }

    /// Runs one step, and tells how long it took, without the wait before it and the rest after it.
    ///
    /// The size of the next one follows it.
    package func timed<Value: Sendable>(
        _ at: ArchiveProgress,
        _ body: () async throws -> Value
    ) async throws -> (value: Value, took: TimeSpan) {
        try await step(at) {
            let begunAt = stage.clock.bootNanoseconds()
            let value = try await body()
            return (value, since(begunAt))
        }
    }

    /// Runs a step that locks, again and again while its lock is not to be had, with pauses in which others work.
    ///
    /// `key`: the entry whose failures are counted. `ofLiveTable`: the step keeps others from a live table, so old
    /// transactions are waited for instead of queueing in front of readers. Throws `ArchiveEnding.left` after so many
    /// that the next run is to take it up.
    package func locking<Value: Sendable>(
        _ at: ArchiveProgress,
        of key: EntryKey? = nil,
        ofLiveTable: Bool = true,
        _ body: () async throws -> Value
    ) async throws -> Value {
        var generator = DrawnFrom(source: stage.random)
        for failure in 1...ArchiveRules.lockTries {
            do {
                return try await step(at, beforeLock: ofLiveTable, body)
            } catch let refused as ArchiveLockRefused {
                tally.noteLockFailure()
                stage.logger.debug("archive step did not get its lock", metadata: at.metadata)
                if let key { try await stage.store.noteLockFailure(key, lease) }
                guard failure < ArchiveRules.lockTries else {
                    throw ArchiveEnding.left("\(refused), \(failure) times; it is left for the next run")
                }
                let pause = ArchiveRules.lockPause(afterFailure: failure, using: &generator)
                try await stage.clock.sleep(for: min(pause, max(.zero, left)))
            }
        }
        preconditionFailure("the last failure ends the tries")
    }

    /// The load in which the next step may begin.
    private func waitForLoad(_ at: ArchiveProgress, beforeLock: Bool) async throws -> ServerLoad {
        var times = 0
        while true {
            try Task.checkCancellation()
            guard left > .zero else { throw ArchiveEnding.late }
            let (load, signal) = try await look(LoadQuestion(table: at.table, day: at.day), beforeLock: beforeLock)
            guard let signal else { return load }
            times += 1
            if times == 1 {
                var metadata = at.metadata
                metadata["signal"] = "\(signal.rawValue)"
                stage.logger.info("archive waits", metadata: metadata)
            }
            progress(at.waiting(for: signal))
            // An old transaction ends at some moment; it is not made easier by being left alone for longer.
            let pause = signal == .oldTransaction ? Self.lookEvery : ArchiveRules.loadPause(time: times)
            let begunAt = stage.clock.bootNanoseconds()
            try await stage.clock.sleep(for: min(pause, max(.zero, left)))
            tally.noteWaited(for: signal, since(begunAt))
            looks.withLock { $0.last = nil }
        }
    }

    private func look(
        _ question: LoadQuestion,
        beforeLock: Bool
    ) async throws -> (load: ServerLoad, signal: LoadLimits.Signal?) {
        let (last, base) = looks.withLock { ($0.last, $0.base) }
        let now = stage.clock.bootNanoseconds()
        let isFresh = last.map { $0.question == question && since($0.at) < Self.lookEvery } ?? false
        if isFresh, !beforeLock, let last { return (last.load, nil) }
        let load = try await serverLoad(question)
        let look = Look(load: load, question: question, at: now)
        let span = base.map { TimeSpan(microseconds: (now - $0.at) / 1_000) }
        let isRateKnown = span.map { $0 >= Self.lookEvery } ?? false
        looks.withLock { looks in
            looks.last = look
            if isRateKnown || looks.base == nil { looks.base = look }
        }
        let signal = stage.configuration.limits.signal(
            in: load,
            after: isRateKnown ? base?.load : nil,
            elapsed: span ?? .zero,
            beforeLock: beforeLock
        )
        return (load, signal)
    }

    /// What cannot be read is unknown; the step itself tells whether the database is there.
    private func serverLoad(_ question: LoadQuestion) async throws -> ServerLoad {
        do {
            return try await stage.store.serverLoad(for: question)
        } catch {
            try Task.checkCancellation()
            stage.logger.warning("the load of the database is unknown", metadata: ["error": "\(error)"])
            return ServerLoad()
        }
    }

    private func since(_ begunAt: Int64) -> TimeSpan {
        TimeSpan(microseconds: (stage.clock.bootNanoseconds() - begunAt) / 1_000)
    }

    private static func advanced(_ instant: Int64, by span: TimeSpan) -> Int64 {
        let (nanoseconds, isOver) = span.microseconds.multipliedReportingOverflow(by: 1_000)
        return isOver ? .max : instant.addingReportingOverflow(nanoseconds).overflow ? .max : instant + nanoseconds
    }
}

extension ArchiveProgress {
    var metadata: Logger.Metadata { ["table": "\(table)", "day": "\(day)", "step": "\(step.rawValue)"] }

    func waiting(for signal: LoadLimits.Signal) -> ArchiveProgress {
        ArchiveProgress(table: table, day: day, step: step, done: done, whole: whole, waitingFor: signal)
    }

    func reached(_ done: Int64, of whole: Int64) -> ArchiveProgress {
        ArchiveProgress(table: table, day: day, step: step, done: done, whole: whole)
    }
}

/// Jitter out of the engine's source.
struct DrawnFrom: RandomNumberGenerator {
    let source: any RandomSource

    mutating func next() -> UInt64 { source.next() }
}
