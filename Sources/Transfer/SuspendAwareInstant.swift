import Glibc

/// A moment on the clock that keeps running while the machine is suspended (`CLOCK_BOOTTIME`).
///
/// R10: a lease does not stop when a laptop lid or a hypervisor stops us, so send-by is looked up on this clock. Only
/// comparable on one machine between two starts of it; never store it.
package struct SuspendAwareInstant: InstantProtocol, Sendable {
    /// Nanoseconds since the machine started.
    package let nanoseconds: Int64

    /// The instant `nanoseconds` after the machine started.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// This moment.
    package static func now() -> SuspendAwareInstant {
        var time = timespec()
        let status = clock_gettime(CLOCK_BOOTTIME, &time)
        precondition(status == 0, "the kernel has no CLOCK_BOOTTIME")
        return SuspendAwareInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The instant `duration` later; stops at the end of the clock instead of overflowing.
    package func advanced(by duration: Duration) -> SuspendAwareInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanosecondsClamped)
        guard overflow else { return SuspendAwareInstant(nanoseconds: sum) }
        return SuspendAwareInstant(nanoseconds: duration < .zero ? .min : .max)
    }

    /// How much later `other` is.
    package func duration(to other: SuspendAwareInstant) -> Duration {
        .nanoseconds(other.nanoseconds) - .nanoseconds(nanoseconds)
    }

    package static func < (first: SuspendAwareInstant, second: SuspendAwareInstant) -> Bool {
        first.nanoseconds < second.nanoseconds
    }
}

extension Duration {
    /// Whole nanoseconds, held inside `Int64` (292 years).
    var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflowAgain) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        guard overflow || overflowAgain else { return sum }
        return self < .zero ? .min : .max
    }

    /// Whole milliseconds, at least one and at most a day, for libcurl, where zero means "no limit".
    var millisecondsForLibcurl: Int {
        let milliseconds = (nanosecondsClamped / 1_000_000) + (nanosecondsClamped % 1_000_000 > 0 ? 1 : 0)
        return Int(min(max(milliseconds, 1), 86_400_000))
    }
}
