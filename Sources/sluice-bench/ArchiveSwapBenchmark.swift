import PaymentCore

/// Days of final orders that leave for the history by changing their tables: what that costs beside the counts that
/// prove it.
///
/// Rows of all five tables are real ones, put in by SQL; the steps are the store's own, under the archiver's role.
struct ArchiveSwapBenchmark: Sendable {
    static let days = 20
    /// What the change of tables and the move of rows were measured to cost when the design was made.
    private static let reference = [
        "reference (one table of 1,000,000 orders, 370 MB, 2 cores): detach and attach 17.7 ms, 94 kB of log; "
            + "count and sum 227 ms",
        "reference, in one transaction with 3 orders that stay: about 3 ms",
    ]

    /// Of all days together.
    let orders: Int

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            try await ArchiveProbe.with(scene, days: Self.days) { probe in
                let days = (0..<Self.days).map { probe.first.advanced(byDays: Int32($0)) }
                let ofDay = orders / Self.days
                for (index, day) in days.enumerated() {
                    let seed = ArchiveSeed(day: day, orders: ofDay, batch: Int64(index) + 1)
                    try await probe.fill(
                        seed.everything,
                        vacuuming: HeavyTable.allCases.map { "\($0)_\(day.compact)" }
                    )
                }
                try await scene.checkpoint()
                var cost = ArchiveCost()
                for day in days {
                    try await probe.begin(day, adding: &cost)
                    for table in HeavyTable.allCases { try await probe.swap(table, day, adding: &cost) }
                }
                guard cost.orders == Int64(ofDay * Self.days) else {
                    throw BenchmarkFailure("\(cost.orders) of \(ofDay * Self.days) orders left")
                }
                var report = cost.report(days: Self.days)
                report.notes += Self.reference
                return report
            }
        }
    }
}
