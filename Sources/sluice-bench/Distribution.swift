/// Measured durations of one kind, in microseconds.
package struct Distribution: Sendable, Equatable {
    /// Ascending.
    private let samples: [Int64]

    /// At least one sample, in any order.
    package init(_ samples: [Int64]) {
        precondition(!samples.isEmpty, "a distribution of nothing has no percentiles")
        self.samples = samples.sorted()
    }

    /// How many samples there are.
    package var count: Int { samples.count }

    /// The smallest sample that so many per mille of all samples do not exceed.
    package func percentile(perMille: Int) -> Int64 {
        precondition((1...1_000).contains(perMille), "a percentile lies between 1 and 1,000 per mille")
        let rank = (samples.count * perMille + 999) / 1_000
        return samples[rank - 1]
    }

    /// Half of the samples do not exceed it.
    package var median: Int64 { percentile(perMille: 500) }
    /// 99 of a hundred samples do not exceed it.
    package var p99: Int64 { percentile(perMille: 990) }
    /// No sample exceeds it.
    package var longest: Int64 { percentile(perMille: 1_000) }

    /// As in `median 0.612 ms, p99 1.904 ms, longest 5.100 ms of 2000`.
    package var words: String {
        "median \(Figure.milliseconds(median)), p99 \(Figure.milliseconds(p99)), "
            + "longest \(Figure.milliseconds(longest)) of \(count)"
    }
}
