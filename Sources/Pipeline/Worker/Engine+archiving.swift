import Logging
import PaymentCore
import Store

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
                return archivingState.end(.ended(report))
            } catch {
                if Task.isCancelled { return archivingState.end(.failed("it was broken off")) }
                failures += 1
                logger.error("archiving failed; it goes on from what stands", metadata: ["error": "\(error)"])
                guard failures < Self.archivingFailuresMost else { return archivingState.end(.failed("\(error)")) }
                await pause(afterFailures: failures)
            }
        }
        var report = ArchiveReport()
        (report.outcome, report.reasons) = (.workLeft, ["it was asked to stop"])
        archivingState.end(.ended(report))
    }

    /// Whether archiving is at work, or would find something to do in the window that began then.
    func isArchivingDue(in window: Timestamp) async throws -> Bool {
        switch archivingState.phase {
        case .notBegun: try await archiving?.isDue(since: window) ?? false
        case .atWork: true
        case .ended, .failed: false
        }
    }
}

extension ArchiveReport {
    /// Days of which this run closed a pass, in whichever table.
    fileprivate var daysClosed: Int { Set(entries.filter { $0.state == .closed }.map(\.key.day)).count }
}
