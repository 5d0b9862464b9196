/// What taking days to the history took: the change of tables by itself, and its proofs beside it.
package struct ArchiveCost: Sendable, Equatable {
    /// A smaller volume is only told of: each day costs the same, however few its orders.
    static let ordersToJudge: Int64 = 5_000_000
    private static let secondsOfMillion = 1.0
    private static let bytesOfMillion = 1_000_000.0
    private static let lockMicroseconds: Int64 = 100_000

    package var orders: Int64 = 0
    /// The steps that lock, and those that lead to them.
    package var change: Duration = .zero
    /// Bytes of the write-ahead log for these steps.
    package var log: Int64 = 0
    /// What of it is images of whole pages, which each checkpoint makes due again.
    package var images: Int64 = 0
    /// The longest time that others were kept out, in microseconds.
    package var longestLock: Int64 = 0
    package var counting: Duration = .zero
    package var verifying: Duration = .zero
    /// Receipts closed, with the statistics of their days.
    package var closing: Duration = .zero

    package init() {}

    /// The budgets of the swap, and what was measured beside them.
    package func report(days: Int) -> BenchmarkReport {
        precondition(orders > 0, "nothing was archived")
        let (seconds, bytes) = (perMillion(Figure.seconds(of: change)), perMillion(Double(log)))
        func goal(_ goal: BenchmarkReport.Row.Goal) -> BenchmarkReport.Row.Goal {
            orders >= Self.ordersToJudge ? goal : .none
        }
        var report = BenchmarkReport()
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "swap of \(Figure.grouped(orders)) orders with their calls, \(days) days of five tables",
                measured: "\(Figure.milliseconds(Int64(seconds * 1_000_000))) a million orders",
                against: Figure.milliseconds(Int64(Self.secondsOfMillion * 1_000_000)),
                ratio: seconds / Self.secondsOfMillion,
                goal: goal(.atMost(1))
            )
        )
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "its write-ahead log",
                measured: "\(Figure.grouped(Int64(bytes))) bytes a million orders",
                against: "\(Figure.grouped(Int64(Self.bytesOfMillion))) bytes",
                ratio: bytes / Self.bytesOfMillion,
                goal: goal(.atMost(1))
            )
        )
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "its longest lock",
                measured: Figure.milliseconds(longestLock),
                against: Figure.milliseconds(Self.lockMicroseconds),
                ratio: Double(longestLock) / Double(Self.lockMicroseconds),
                goal: goal(.atMost(1))
            )
        )
        report.notes = [
            "swap, in all: \(Figure.seconds(change)), \(Figure.grouped(log)) bytes of log, of which "
                + "\(Figure.grouped(images)) are images of whole pages after a checkpoint",
            "swap, beside it: count \(proof(counting)), verification \(proof(verifying)), receipts and statistics "
                + proof(closing),
        ]
        return report
    }

    private func perMillion(_ value: Double) -> Double { value * 1_000_000 / Double(orders) }

    private func proof(_ duration: Duration) -> String {
        let million = perMillion(Figure.seconds(of: duration))
        return "\(Figure.seconds(duration)) (\(Figure.seconds(.seconds(million))) a million orders)"
    }
}
