import Glibc
package import PaymentCore
import Synchronization

/// The engine's time: the database's clock for what is stored, and a clock that counts suspended time for deadlines.
package protocol EngineClock: Sendable {
    /// The database's clock, as nearly as it is known.
    func now() -> Timestamp
    /// Nanoseconds of a clock that goes on while the machine or the process is suspended (R10).
    func bootNanoseconds() -> Int64
    /// Waits; throws `CancellationError` when the task is cancelled.
    func sleep(for span: TimeSpan) async throws
}

/// Where jitter comes from; no decision about money depends on it.
package protocol RandomSource: Sendable {
    func next() -> UInt64
}

/// The system's clock, set right by the database's with every heartbeat.
package final class SystemClock: EngineClock {
    /// Database clock minus boot clock, in microseconds.
    private let offset: Mutex<Int64>

    package init() {
        offset = Mutex(Self.read(CLOCK_REALTIME) / 1_000 - Self.read(CLOCK_BOOTTIME) / 1_000)
    }

    /// An answer that took longer says nothing of now: the machine slept, or the network did.
    private static let roundTripMax: Int64 = 5_000_000_000

    /// Takes the database's clock as the truth.
    ///
    /// `askedAt` is the boot clock before the question was sent: so this clock is never behind the database's, and what
    /// it says of a call's end is never too early.
    ///
    /// An answer that was long under way is left out: it would set the clock ahead by as much.
    package func adjust(to databaseNow: Timestamp, askedAt: Int64) {
        guard bootNanoseconds() - askedAt <= Self.roundTripMax else { return }
        offset.withLock { $0 = databaseNow.unixMicroseconds - askedAt / 1_000 }
    }

    package func now() -> Timestamp {
        Timestamp(unixMicroseconds: offset.withLock { $0 } + Self.read(CLOCK_BOOTTIME) / 1_000)
    }

    package func bootNanoseconds() -> Int64 { Self.read(CLOCK_BOOTTIME) }

    package func sleep(for span: TimeSpan) async throws {
        try await ContinuousClock().sleep(for: .microseconds(max(0, span.microseconds)))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var value = timespec()
        clock_gettime(clock, &value)
        return Int64(value.tv_sec) * 1_000_000_000 + Int64(value.tv_nsec)
    }
}

/// A generator whose seed is drawn from the system, or given for a run that is to be repeated.
package final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    package init(seed: UInt64) { state = Mutex(seed) }

    /// SplitMix64.
    package func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
            return value ^ (value >> 31)
        }
    }
}
