import Synchronization

/// Asks the engine to stop: nothing new is claimed, what is in flight is finished.
package final class StopSignal: Sendable {
    private let requested = Mutex(false)

    package init() {}

    package func request() { requested.withLock { $0 = true } }

    package var isRequested: Bool { requested.withLock { $0 } }
}
