import PaymentCore
import Store
import Synchronization

/// What a run of archiving has done so far: written by its work, read by whoever ends it.
final class ArchiveTally: Sendable {
    private struct State {
        var report = ArchiveReport()
        var touched: Set<EntryKey> = []
        var isMismatch = false
    }

    private let state = Mutex(State())

    var report: ArchiveReport { state.withLock { $0.report } }

    var touched: Set<EntryKey> { state.withLock { $0.touched } }

    /// Whether a day was not what had been counted: what stops archiving then is the run itself.
    var isMismatch: Bool { state.withLock { $0.isMismatch } }

    func noteMismatch() { state.withLock { $0.isMismatch = true } }

    func touch(_ key: EntryKey) { state.withLock { _ = $0.touched.insert(key) } }

    func noteLockFailure() { state.withLock { $0.report.lockFailures += 1 } }

    func notePartitions(_ made: Int) { state.withLock { $0.report.partitionsMade += made } }

    func note(_ reason: String) {
        state.withLock { state in
            if !state.report.reasons.contains(reason) { state.report.reasons.append(reason) }
        }
    }

    func noteWaited(for signal: LoadLimits.Signal, _ span: TimeSpan) {
        state.withLock { state in
            state.report.waited[signal] = (state.report.waited[signal] ?? .zero) + span
        }
    }
}
