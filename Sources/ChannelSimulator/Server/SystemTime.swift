import Glibc

/// The machine's clocks, in milliseconds.
package enum SystemTime {
    /// Since 1970-01-01T00:00:00Z: the company's clock, which survives a restart.
    @Sendable package static func wallMilliseconds() -> Int64 {
        read(CLOCK_REALTIME)
    }

    /// Of a clock that never jumps: for deadlines.
    static func monotonicMilliseconds() -> Int64 {
        read(CLOCK_MONOTONIC)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        precondition(clock_gettime(clock, &time) == 0, "Linux always has its two basic clocks")
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
