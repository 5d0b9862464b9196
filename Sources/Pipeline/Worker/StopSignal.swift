import Synchronization

/// Asks the engine to stop: nothing new is claimed, what is in flight is finished.
package final class StopSignal: Sendable {
    private let requested = Mutex(false)
    /// Signals whose request is one here too.
    private let wider: [StopSignal]

    package init() { wider = [] }

    /// A signal for a part of the work: it is requested by itself, with the whole, or with that part of it.
    package init(within whole: StopSignal, or part: StopSignal) { wider = [whole, part] }

    package func request() { requested.withLock { $0 = true } }

    package var isRequested: Bool { requested.withLock { $0 } || wider.contains { $0.isRequested } }
}
