import Glibc

/// Waits for one descriptor with a deadline and an eye on a task's cancellation.
enum DescriptorWait {
    /// How a wait ended.
    enum Outcome: Equatable {
        case ready(Int16)
        case cancelled
        case deadlinePassed
    }

    /// Waits until `descriptor` shows one of `events`, the signal is raised, or the deadline passes.
    ///
    /// Cancellation wins over readiness, and a passed deadline too: a fast stream of rows must not outrun its limit.
    static func wait(
        descriptor: Int32,
        events: Int16,
        until deadline: Deadline,
        watching signal: CancellationSignal?
    ) -> Outcome {
        var entries = [
            pollfd(fd: descriptor, events: events, revents: 0),
            pollfd(fd: signal?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            if signal?.isCancelled == true { return .cancelled }
            let timeout = deadline.remainingMilliseconds
            if timeout == 0 { return .deadlinePassed }
            let count = poll(&entries, nfds_t(entries.count), timeout)
            if signal?.isCancelled == true { return .cancelled }
            if count > 0, entries[0].revents != 0 { return .ready(entries[0].revents) }
            // Whoever cannot even poll (out of kernel memory) makes no progress: the same as time running out.
            if count < 0, errno != EINTR { return .deadlinePassed }
        }
    }
}
