package import PaymentCore
package import Store
import Synchronization

/// A submission store in memory that behaves as the one on PostgreSQL must.
///
/// What holds for both is said, and tested, by `SubmissionStoreContract`. Time comes from a manual clock, faults from a
/// plan. Its answers depend on nothing but the calls and the clock, so that a seeded simulation can be repeated.
package final class InMemoryStore: SubmissionStore {
    package let clock: ManualClock
    private let tables = Mutex(InMemoryTables())
    private let faults = Mutex<[(operation: StoreOperation, fault: CommitFault)]>([])

    package init(clock: ManualClock) { self.clock = clock }

    // MARK: Faults

    /// Plans a fault for the next operation of this kind that has none planned yet; each strikes once.
    package func plan(_ fault: CommitFault, for operation: StoreOperation) {
        faults.withLock { $0.append((operation, fault)) }
    }

    private func nextFault(for operation: StoreOperation) -> CommitFault? {
        faults.withLock { planned in
            guard let index = planned.firstIndex(where: { $0.operation == operation }) else { return nil }
            return planned.remove(at: index).fault
        }
    }

    /// Runs one transaction, with the fault that is planned for it.
    private func transaction<Value: Sendable>(
        _ operation: StoreOperation,
        _ body: (inout InMemoryTables, Timestamp) throws -> Value
    ) throws -> Value {
        let fault = nextFault(for: operation)
        if fault == .failsBefore { throw StoreFault(fault: .failsBefore, operation: operation) }
        return try tables.withLock { tables in
            let now = clock.now
            if fault == .failsAfterRollback {
                var copy = tables
                _ = try body(&copy, now)
                throw StoreFault(fault: .failsAfterRollback, operation: operation)
            }
            let value = try body(&tables, now)
            if fault == .commitsThenUnknown { throw StoreFault(fault: .commitsThenUnknown, operation: operation) }
            return value
        }
    }

    // MARK: SubmissionStore

    package func claimChunks(_ claim: ChunkClaim) async throws -> [ClaimedChunk] {
        try transaction(.claimChunks) { $0.claimChunks(claim, now: $1) }
    }

    package func ordersToSubmit(of chunk: ClaimedChunk, limit: Int) async throws -> [OrderToSubmit] {
        try transaction(.ordersToSubmit) { tables, _ in tables.ordersToSubmit(of: chunk, limit: limit) }
    }

    package func texts(
        of lines: [LineNumber],
        batch: BatchIdentifier,
        businessDate: BusinessDate
    ) async throws -> [OrderTexts] {
        tables.withLock { $0.texts(of: lines, batch: batch) }
    }

    package func removeLines(_ lines: [LineNumber], from chunk: ClaimedChunk, reviewCode: String?) async throws {
        try transaction(.removeLines) { tables, _ in
            tables.removeLines(lines, from: chunk, reviewCode: reviewCode)
        }
    }

    package func recordIntent(_ intent: SubmissionIntent) async throws -> IntentOutcome {
        try transaction(.recordIntent) { try $0.recordIntent(intent, now: $1) }
    }

    package func loadSubmission(of chunk: ClaimedChunk) async throws -> LoadedSubmission {
        try transaction(.loadSubmission) { try $0.loadSubmission(of: chunk, now: $1) }
    }

    /// Commits a change whole, or refuses it whole.
    ///
    /// A refused change is `.stale` for every reason: a lease that is somebody else's, an order that is no longer as it
    /// was seen, a call that may not begin or has ended before. Then nothing but the ended call is kept.
    package func record(_ change: SubmissionChange) async throws -> ChangeOutcome {
        try transaction(.record) { try $0.record(change, now: $1) }
    }

    package func attemptHistory(of chunk: ClaimedChunk, lines: [LineNumber]) async throws -> AttemptHistory {
        try transaction(.attemptHistory) { tables, _ in tables.attemptHistory(of: chunk, lines: lines) }
    }

    package func releaseChunk(_ chunk: ClaimedChunk, next: ChunkNext) async throws {
        try transaction(.releaseChunk) { $0.releaseChunk(chunk, next: next, now: $1) }
    }

    // MARK: Set-up and inspection, which no fault strikes

    /// Reads or writes the tables directly.
    func withTables<Value: Sendable>(_ body: (inout InMemoryTables, Timestamp) -> Value) -> Value {
        tables.withLock { body(&$0, clock.now) }
    }
}
