import CLibPQ
import Glibc
import Synchronization

/// Carries a task's cancellation to the thread that waits in `poll(2)`.
///
/// A cancellation handler may neither block nor touch a connection, so it only sets a flag and writes an event
/// descriptor, which the waiting thread watches beside the socket.
final class CancellationSignal: Sendable {
    private let flag = Atomic<Bool>(false)

    /// The event descriptor, or -1 when the process has none left; then the flag alone is looked at between waits.
    let descriptor: Int32

    init() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Whether the task was cancelled.
    var isCancelled: Bool { flag.load(ordering: .acquiring) }

    /// Sets the flag and wakes the waiting thread.
    func cancel() {
        flag.store(true, ordering: .releasing)
        guard descriptor >= 0 else { return }
        var one: UInt64 = 1
        // The counter of a signal is written once; a failed write could only mean that it is set already.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
}
