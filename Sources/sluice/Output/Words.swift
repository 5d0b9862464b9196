import Glibc
import PaymentCore
import Store

extension Timestamp {
    /// Now, by the system's clock; what is stored goes by the database's.
    static func systemNow() -> Timestamp {
        var value = timespec()
        clock_gettime(CLOCK_REALTIME, &value)
        return Timestamp(unixMicroseconds: Int64(value.tv_sec) * 1_000_000 + Int64(value.tv_nsec) / 1_000)
    }

    /// ISO 8601 in UTC with microseconds: `2026-06-01T01:00:00.000000Z`.
    package var iso8601: String { "\(BusinessDate(at: self))T\(clock).\(Self.padded(part(1), 6))Z" }

    /// To the second, for tables: `2026-06-01 01:00:00Z`.
    var brief: String { "\(BusinessDate(at: self)) \(clock)Z" }

    private var clock: String {
        let seconds = part(1_000_000)
        return [seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60].map { Self.padded($0, 2) }
            .joined(separator: ":")
    }

    /// Whole units of so many microseconds, of the day for those of a second.
    private func part(_ unit: Int64) -> Int64 {
        let day: Int64 = 86_400_000_000
        let within = (unixMicroseconds % day + day) % day
        return unit == 1 ? within % 1_000_000 : within / unit
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension TimeSpan {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// The two largest units: `3d 4h`, `12m 5s`, `800ms`.
    var words: String {
        let milliseconds = microseconds / 1_000
        guard milliseconds >= 1_000 else { return "\(milliseconds)ms" }
        var rest = milliseconds / 1_000
        var parts: [String] = []
        for (unit, each) in [("d", Int64(86_400)), ("h", 3_600), ("m", 60), ("s", 1)] where rest >= each {
            parts.append("\(rest / each)\(unit)")
            rest %= each
        }
        return parts.prefix(2).joined(separator: " ")
    }
}

/// An amount for people; minor units where the currency cannot be read.
func amountWords(_ minor: Int128, _ currency: String?) -> String {
    if let known = currency.flatMap({ Currency(code: $0) }) { return known.words(minor) }
    return "\(minor) \(currency ?? "minor units")"
}

extension OrderKey {
    /// Reads `BATCH-LINE`, as reports write it.
    static func parts(of text: String) -> (batch: BatchIdentifier, line: LineNumber)? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let batch = Int64(parts[0]), let line = Int32(parts[1]), batch > 0, line > 0 else {
            return nil
        }
        return (BatchIdentifier(batch), LineNumber(line))
    }
}
