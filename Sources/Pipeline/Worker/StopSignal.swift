package import PaymentCore
import Synchronization

/// Asks the engine to stop: nothing new is claimed, what is in flight is finished.
package final class StopSignal: Sendable {
    private struct State {
        var isRequested = false
        /// Who waits for the request, each under the number of its wait.
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var waits = 0
    }

    private let state = Mutex(State())
    /// Signals whose request is one here too.
    private let wider: [StopSignal]

    package init() { wider = [] }

    /// A signal for a part of the work: it is requested by itself, with the whole, or with that part of it.
    package init(within whole: StopSignal, or part: StopSignal) { wider = [whole, part] }

    package func request() {
        let waiting = state.withLock { state in
            state.isRequested = true
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    package var isRequested: Bool { state.withLock { $0.isRequested } || wider.contains { $0.isRequested } }

    /// Waits for the request; ends without one when the task is cancelled.
    package func wait() async {
        guard !wider.isEmpty else { return await waitForOwn() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitForOwn() }
            for signal in wider { group.addTask { await signal.wait() } }
            _ = await group.next()
            group.cancelAll()
        }
    }

    private func waitForOwn() async {
        let wait = state.withLock { state in
            state.waits += 1
            return state.waits
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // The handler below may have run already, and looks for nobody a second time.
                    if state.isRequested || Task.isCancelled { return true }
                    state.waiting[wait] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: wait) }?.resume()
        }
    }
}

extension StopSignal {
    /// Waits for the request, and not longer than `span`; throws `CancellationError` when the task is cancelled.
    package func wait(atMost span: TimeSpan, by clock: any EngineClock) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.sleep(for: span) }
            group.addTask { await self.wait() }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }
}
