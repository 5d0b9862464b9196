import Glibc

/// A descriptor that becomes readable once and for ever, so that every wait in a `poll` ends.
final class StopSignal: Sendable {
    /// Never lowered.
    private let wakeUp: WakeUp

    init() throws(SimulatorError) { wakeUp = try WakeUp() }

    var descriptor: Int32 { wakeUp.descriptor }

    func raise() { wakeUp.raise() }

    /// Whether it was raised, at once or within `milliseconds` (-1: however long that takes).
    func isRaised(within milliseconds: Int32 = 0) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) == 1
    }
}
