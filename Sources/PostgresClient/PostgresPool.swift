import Dispatch
import Synchronization

/// A bounded set of connections to one database.
///
/// Connections open when first needed. Who finds none free waits in line, which counts against the deadline.
package final class PostgresPool: Sendable {
    private struct Shared {
        var machine: PoolStateMachine
        var nextWaiter: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Int, any Error>] = [:]
        var closing: [CheckedContinuation<Void, Never>] = []
    }

    /// How many may wait in line for a connection; whoever comes then is refused at once.
    package static let waitersMax = 4_096

    private let configuration: PostgresConfiguration
    private let hosts: [ConnectionHost]
    private let shared: Mutex<Shared>
    private let timer = DispatchQueue(label: "postgres-pool-timer")

    /// A pool of at most `connectionsMax` connections; none is opened yet.
    package init(configuration: PostgresConfiguration, connectionsMax: Int) {
        self.configuration = configuration
        hosts = (0..<connectionsMax).map { _ in ConnectionHost(configuration) }
        shared = Mutex(
            Shared(machine: PoolStateMachine(connectionsMax: connectionsMax, waitersMax: Self.waitersMax))
        )
    }

    /// Runs `body` in one transaction: BEGIN before it, COMMIT after it, ROLLBACK when it throws.
    ///
    /// The body is synchronous, so no call to the outside can be made while the transaction is open (R2). Its own error
    /// is rethrown; all else is a `PostgresError`, whose code says what became of the transaction. The deadline covers
    /// the wait for a connection, connecting, and COMMIT. Nothing is retried (R11).
    package func transaction<Value: Sendable>(
        _ label: String,
        deadline: Duration? = nil,
        readOnly: Bool = false,
        _ body: @Sendable (PostgresTransaction) throws -> Value
    ) async throws -> Value {
        try await leased(label, deadline) { host, scope in
            await host.transaction(scope, readOnly: readOnly, body)
        }
    }

    /// Runs one statement that cannot run in a transaction, such as CREATE DATABASE or VACUUM; it commits itself.
    ///
    /// A lost or late answer is `commitUnknown`.
    package func withoutTransaction(_ label: String, deadline: Duration? = nil, _ sql: String) async throws {
        try await leased(label, deadline) { host, scope in
            await host.withoutTransaction(scope, sql)
        }
    }

    /// Refuses newcomers and waiters, waits for the leased connections to come back, and closes all.
    package func close() async {
        await withCheckedContinuation { continuation in
            let (refused, isClosed) = shared.withLock { shared in
                let (waiters, isClosed) = shared.machine.close()
                if !isClosed { shared.closing.append(continuation) }
                return (waiters.compactMap { shared.waiting.removeValue(forKey: $0) }, isClosed)
            }
            for waiter in refused { waiter.resume(throwing: Self.closedError("waiting")) }
            if isClosed { continuation.resume() }
        }
        for host in hosts { await host.close() }
    }

    private func leased<Value: Sendable>(
        _ label: String,
        _ limit: Duration?,
        _ work: (ConnectionHost, PostgresConnection.Scope) async -> ConnectionHost.Outcome<Value>
    ) async throws -> Value {
        let deadline = Deadline.after(limit ?? configuration.transactionDeadline)
        let signal = CancellationSignal()
        let waiter = shared.withLock { shared in
            shared.nextWaiter += 1
            return shared.nextWaiter
        }
        return try await withTaskCancellationHandler {
            let slot = try await acquire(waiter, label: label, deadline: deadline, signal: signal)
            let scope = PostgresConnection.Scope(
                label: label,
                deadline: deadline,
                signal: signal,
                isInterruptible: true
            )
            let outcome = await work(hosts[slot], scope)
            release(slot, isConnected: outcome.isConnected)
            return try outcome.result.get()
        } onCancel: {
            signal.cancel()
            expire(waiter, PostgresError(.cancelled, label: label, reason: "while waiting for a connection"))
        }
    }

    private func acquire(
        _ waiter: UInt64,
        label: String,
        deadline: Deadline,
        signal: CancellationSignal
    ) async throws -> Int {
        if signal.isCancelled { throw PostgresError(.cancelled, label: label) }
        return try await withCheckedThrowingContinuation { continuation in
            let acquisition = shared.withLock { shared in
                let acquisition = shared.machine.acquire(waiter: waiter)
                if acquisition == .wait { shared.waiting[waiter] = continuation }
                return acquisition
            }
            switch acquisition {
            case .lease(let slot): continuation.resume(returning: slot)
            case .refuseClosed: continuation.resume(throwing: Self.closedError(label))
            case .refuseExhausted:
                continuation.resume(
                    throwing: PostgresError(.notSent, label: label, reason: "too many wait for a connection")
                )
            case .wait:
                timer.asyncAfter(deadline: .now() + .milliseconds(Int(deadline.remainingMilliseconds))) { [weak self] in
                    self?.expire(
                        waiter,
                        PostgresError(.notSent, label: label, reason: "no connection came free before the deadline")
                    )
                }
                // The cancellation may have come between the first look and the entry into the queue.
                if signal.isCancelled { expire(waiter, PostgresError(.cancelled, label: label)) }
            }
        }
    }

    /// Takes a waiter out of the line with an error, unless it was served already.
    private func expire(_ waiter: UInt64, _ error: PostgresError) {
        let continuation = shared.withLock { shared in
            shared.machine.remove(waiter: waiter) ? shared.waiting.removeValue(forKey: waiter) : nil
        }
        continuation?.resume(throwing: error)
    }

    private func release(_ slot: Int, isConnected: Bool) {
        let (served, closed) = shared.withLock { shared in
            switch shared.machine.release(slot: slot, isConnected: isConnected) {
            case .none: return (nil as CheckedContinuation<Int, any Error>?, [CheckedContinuation<Void, Never>]())
            case .hand(_, let waiter): return (shared.waiting.removeValue(forKey: waiter), [])
            case .closed:
                defer { shared.closing = [] }
                return (nil, shared.closing)
            }
        }
        served?.resume(returning: slot)
        for continuation in closed { continuation.resume() }
    }

    private static func closedError(_ label: String) -> PostgresError {
        PostgresError(.notSent, label: label, reason: "the pool is closed")
    }
}
