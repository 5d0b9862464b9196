import PaymentCore
import StrictYAML

/// Reads how fast each lane may call, and when one that fails call after call stops calling.
struct PaceReader {
    private static let opens = Duration.milliseconds(100)...Duration.seconds(3_600)

    let root: YAMLMapping

    /// `rate` may be left out, and each of its lanes: then concurrency alone bounds the lane.
    func rate() throws(YAMLError) -> ChannelSpecification.Rate {
        guard let mapping = try root.optionalMapping("rate") else {
            return ChannelSpecification.Rate(submit: .zero, query: .zero)
        }
        return ChannelSpecification.Rate(
            submit: try interval(mapping, "submit"),
            query: try interval(mapping, "query")
        )
    }

    /// The least time between two calls, rounded up, so that a lane is never faster than its rate.
    private func interval(_ mapping: YAMLMapping, _ lane: String) throws(YAMLError) -> TimeSpan {
        guard let text = try mapping.optionalString(lane) else { return .zero }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let units: [Substring: Int64] = ["s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000]
        guard parts.count == 2, let unit = units[parts[1]], (1...7).contains(parts[0].utf8.count),
            parts[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(parts[0]), count > 0
        else {
            throw mapping.error(
                at: lane,
                what: "not a rate",
                mend: "write calls a second, minute or hour, as in 20/s, 600/m or 1000/h"
            )
        }
        guard unit / count >= 1_000 else {
            throw mapping.error(
                at: lane,
                what: "faster than 1000 calls a second",
                mend: "write at most 1000/s, or leave the lane out for no rate"
            )
        }
        return TimeSpan(microseconds: (unit + count - 1) / count)
    }

    /// `breaker` may be left out, and each of its keys.
    func breaker() throws(YAMLError) -> LaneRules.Breaker {
        let standard = LaneRules.Breaker()
        guard let mapping = try root.optionalMapping("breaker") else { return standard }
        let open = try mapping.optionalDuration("open", in: Self.opens).map { TimeSpan($0) } ?? standard.open
        let openMax = try mapping.optionalDuration("open_max", in: Self.opens).map { TimeSpan($0) } ?? standard.openMax
        guard openMax >= open else {
            throw mapping.error(at: "open_max", what: "shorter than `open`", mend: "choose at least the first time")
        }
        return LaneRules.Breaker(
            failures: Int32(try mapping.optionalInt("failures", in: 1...1_000) ?? Int(standard.failures)),
            open: open,
            openMax: openMax
        )
    }
}
