import Glibc

/// A point on the monotonic clock after which a wait gives up.
///
/// `CLOCK_MONOTONIC` does not jump when the wall clock is set.
struct Deadline: Sendable, Comparable {
    private let nanoseconds: Int64

    /// The deadline that lies `duration` after this moment.
    static func after(_ duration: Duration) -> Deadline {
        let parts = duration.components
        // A duration of centuries means "no limit"; it must saturate, not trap.
        let seconds = min(max(parts.seconds, 0), 1_000_000_000)
        return Deadline(nanoseconds: now() + seconds * 1_000_000_000 + max(parts.attoseconds, 0) / 1_000_000_000)
    }

    private init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Whether the deadline lies in the past.
    var hasPassed: Bool { nanoseconds <= Self.now() }

    /// What is left, in whole milliseconds rounded up, as `poll(2)` wants it; never negative.
    var remainingMilliseconds: Int32 {
        let left = nanoseconds - Self.now()
        guard left > 0 else { return 0 }
        return Int32(clamping: (left + 999_999) / 1_000_000)
    }

    /// What is left; zero when the deadline has passed.
    var remaining: Duration { .nanoseconds(max(0, nanoseconds - Self.now())) }

    static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
