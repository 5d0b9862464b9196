/// What a load got done in a while, and how long it took for each.
package struct LoadHalf: Sendable, Equatable {
    package let ordersPerSecond: Double
    /// The time that 99 of a hundred submissions do not exceed, in microseconds.
    package let p99: Int64

    package init(ordersPerSecond: Double, p99: Int64) { (self.ordersPerSecond, self.p99) = (ordersPerSecond, p99) }
}

/// Halves of a load, each with something beside it and without, one after the other.
package struct LoadHalves: Sendable {
    private static let latencyGoal = 1.10
    private static let throughputGoal = 0.95
    /// Of fewer pairs the middle says nothing: they are only told.
    static let pairsToJudge = 6

    package private(set) var pairs: [(alone: LoadHalf, beside: LoadHalf)] = []

    package init() {}

    package mutating func add(alone: LoadHalf, beside: LoadHalf) { pairs.append((alone, beside)) }

    /// What the company costs the load: the middle of the pairs' ratios.
    package var report: BenchmarkReport {
        precondition(!pairs.isEmpty, "a load without halves says nothing")
        let isJudged = pairs.count >= Self.pairsToJudge
        var report = BenchmarkReport()
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "p99 of intake, submit and poll while days leave, intent to end",
                measured: Figure.milliseconds(Int64(middle { Double($0.beside.p99) })),
                against: "without, \(Figure.milliseconds(Int64(middle { Double($0.alone.p99) })))",
                ratio: middle { Double($0.beside.p99) / Double(max(1, $0.alone.p99)) },
                goal: isJudged ? .atMost(Self.latencyGoal) : .none
            )
        )
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "its throughput",
                measured: perSecond(middle { $0.beside.ordersPerSecond }),
                against: "without, \(perSecond(middle { $0.alone.ordersPerSecond }))",
                ratio: middle { $0.beside.ordersPerSecond / max(1, $0.alone.ordersPerSecond) },
                goal: isJudged ? .atLeast(Self.throughputGoal) : .none
            )
        )
        report.notes = pairs.enumerated().map { index, pair in
            "archive, pair \(index + 1): alone \(words(pair.alone)), while days leave \(words(pair.beside))"
        }
        return report
    }

    private func middle(_ value: ((alone: LoadHalf, beside: LoadHalf)) -> Double) -> Double {
        Figure.middle(pairs.map(value))
    }

    private func perSecond(_ orders: Double) -> String { "\(Figure.grouped(Int64(orders))) orders/s" }

    private func words(_ half: LoadHalf) -> String {
        "\(perSecond(half.ordersPerSecond)), p99 \(Figure.milliseconds(half.p99))"
    }
}
