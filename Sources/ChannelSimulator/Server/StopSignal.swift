import Glibc

/// A descriptor that becomes readable once and for ever, so that every wait in a `poll` ends.
final class StopSignal: Sendable {
    /// The reading end of a pipe from which nobody reads.
    let descriptor: Int32
    private let writing: Int32

    init() throws(SimulatorError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw SimulatorError(.system, "no pipe: \(String(cString: strerror(errno))); raise the limit of open files")
        }
        descriptor = ends[0]
        writing = ends[1]
        guard Descriptor.prepare(descriptor), Descriptor.prepare(writing) else {
            throw SimulatorError(.system, "cannot prepare a pipe: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(descriptor)
        close(writing)
    }

    func raise() {
        // Fails only when the pipe is full, that is: when it was raised often before.
        var byte: UInt8 = 0
        _ = write(writing, &byte, 1)
    }

    /// Whether it was raised, at once or within `milliseconds` (-1: however long that takes).
    func isRaised(within milliseconds: Int32 = 0) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, milliseconds) == 1
    }
}
