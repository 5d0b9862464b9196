import Logging
import PaymentCore
import Store
import Synchronization

extension Engine {
    /// What a run has, whose job names no end.
    private static let archivingBudget = TimeSpan.hours(24)
    /// After so many failures in a row the run has failed; the next start takes it over.
    private static let archivingFailuresMost: Int32 = 10

    /// Archives once; after an error it goes on from what stands, when the database is back.
    func archive(within bounds: WorkBounds, stop: StopSignal) async {
        guard let archiving else { preconditionFailure("a job that archives has what archives") }
        var failures: Int32 = 0
        while !stop.isRequested {
            let budget = bounds.archivingEndsAt.map { $0.since(clock.now()) } ?? Self.archivingBudget
            let order = ArchiveOrder(budget: budget, since: bounds.archivingFrom)
            do {
                let report = try await archiving.run(order, stop: stop) { _ in }
                tally.add(.daysArchived, report.daysClosed)
                tally.add(.rowsArchived, Int(report.rows))
                return archivingRun.end(.ended(report))
            } catch {
                if Task.isCancelled { return archivingRun.end(.failed("it was broken off")) }
                failures += 1
                logger.error("archiving failed; it goes on from what stands", metadata: ["error": "\(error)"])
                guard failures < Self.archivingFailuresMost else { return archivingRun.end(.failed("\(error)")) }
                await pause(afterFailures: failures)
            }
        }
        archivingRun.end(.failed("it was stopped after an error"))
    }

    /// Whether archiving is at work, or would find something to do in the window that began then.
    func isArchivingDue(in window: Timestamp) async throws -> Bool {
        switch archivingRun.state {
        case .notBegun: try await archiving?.isDue(since: window) ?? false
        case .atWork: true
        case .ended, .failed: false
        }
    }
}

/// How far the stage `archive` of an engine is: it runs once.
package final class ArchivingRun: Sendable {
    package enum State: Sendable {
        case notBegun
        case atWork
        case ended(ArchiveReport)
        case failed(String)
    }

    private let current = Mutex(State.notBegun)

    package var state: State { current.withLock { $0 } }

    func begin() { current.withLock { $0 = .atWork } }

    func end(_ state: State) { current.withLock { $0 = state } }
}

extension ArchivingRun {
    /// What the run came to, as a job tells it; nil while it is not over.
    var outcome: JobRunner.Outcome? {
        switch state {
        case .notBegun, .atWork: nil
        case .failed: .failed
        case .ended(let report):
            switch report.outcome {
            case .done: .done
            case .held: .held
            case .stopped: .stopped
            case .workLeft: .workLeft
            case .mismatch, .refused: .failed
            }
        }
    }

    /// In words for people: why it is not done, or what was left out.
    var reasons: [String] {
        switch state {
        case .notBegun, .atWork: []
        case .failed(let why): [why]
        case .ended(let report): report.reasons
        }
    }
}

extension ArchiveReport {
    /// Days of which this run closed a pass, in whichever table.
    fileprivate var daysClosed: Int { Set(entries.filter { $0.state == .closed }.map(\.key.day)).count }
}
