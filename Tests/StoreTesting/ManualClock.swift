package import PaymentCore
import Synchronization

/// A clock that stands still until a test moves it; it plays the database's clock.
package final class ManualClock: Sendable {
    private let instant: Mutex<Timestamp>

    /// `start`: 2026-06-01T01:00:00Z unless told.
    package init(start: Timestamp = Timestamp(unixMicroseconds: 1_780_275_600_000_000)) {
        self.instant = Mutex(start)
    }

    package var now: Timestamp { instant.withLock { $0 } }

    /// Moves the clock; never backwards.
    package func advance(by span: TimeSpan) {
        precondition(span >= .zero, "time does not run backwards")
        instant.withLock { $0 = $0.advanced(by: span) }
    }
}
