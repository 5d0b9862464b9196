import Glibc

/// A descriptor that becomes readable until lowered again, so that a `poll` looks anew at what it waits for.
final class WakeUp: Sendable {
    /// The reading end of a pipe.
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
        // Fails only when the pipe is full, that is: when it is readable already.
        var byte: UInt8 = 0
        _ = write(writing, &byte, 1)
    }

    func lower() {
        var bytes: [UInt8] = Array(repeating: 0, count: 64)
        while read(descriptor, &bytes, bytes.count) > 0 {}
    }
}
