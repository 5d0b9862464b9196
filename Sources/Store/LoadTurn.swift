import Dispatch
import Synchronization

/// When a slice may be committed: after the slice before it, which gives the turn on.
///
/// Waiting blocks a thread, so only a connection's own thread waits, for a bounded time.
package final class LoadTurn: Sendable {
    private let isGiven = Mutex(false)
    private let change = DispatchSemaphore(value: 0)

    /// The turn of the first slice, which waits for nobody, or of one whose turn will come.
    package init(isGiven: Bool = false) {
        if isGiven { give() }
    }

    /// Lets the slice go on.
    package func give() {
        isGiven.withLock { $0 = true }
        change.signal()
    }

    /// Tells the slice not to wait any longer: the one before it is not in.
    package func withdraw() { change.signal() }

    /// Waits for the turn; false if it did not come in time.
    package func wait(atMost patience: Duration) -> Bool {
        if isGiven.withLock(\.self) { return true }
        _ = change.wait(timeout: .now() + .nanoseconds(Int(patience / .nanoseconds(1))))
        return isGiven.withLock(\.self)
    }
}
