import PaymentCore

/// Orders that leave for the history one by one, against the best plain SQL: one statement that deletes them and
/// inserts what it deleted.
///
/// Each side has a day of its own with as many orders, filled, vacuumed and checkpointed just before; the order of the
/// two alternates from pair to pair. The peer proves nothing and leaves no receipt.
struct ArchiveRowsBenchmark: Sendable {
    private static let goal = 0.8
    /// A smaller day is moved before anything has warmed up: its ratio is only told.
    private static let ordersToJudge = 200_000
    private static let carryOver = "payment_order_carry_over"
    private static let reference =
        "reference (chunks of 5,000 orders, one session, 2 cores): 63,000 records/s, 863 bytes of log an order"

    /// Of a day.
    let orders: Int
    let pairs: Int

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            try await ArchiveProbe.with(scene, days: 2 * pairs, lockWithin: .seconds(5)) { probe in
                var report = try await wholeDays(probe)
                report.add(try await rowsThatStayed(probe))
                report.notes.append(Self.reference)
                return report
            }
        }
    }

    /// Whole days that go by rows: counted before, and moved without a hash.
    private func wholeDays(_ probe: ArchiveProbe) async throws -> BenchmarkReport {
        var comparison = comparison(
            "orders moved by rows, \(Figure.grouped(Int64(orders))) of a day",
            goal: orders >= Self.ordersToJudge ? .atLeast(Self.goal) : .none
        )
        var cost = ArchiveCost()
        for pair in 0..<pairs {
            for side in comparison.order(inRound: pair) {
                // Ours are the oldest days, one after the other; the peer's come behind all of them.
                let day = probe.first.advanced(byDays: Int32(side == 1 ? pair : pairs + pair))
                let partition = "payment_order_\(day.compact)"
                try await fill(probe, day, partition)
                if side == 1 {
                    let before = cost.change
                    try await probe.moveDay(day, adding: &cost)
                    comparison.add(cost.change - before, of: side)
                } else {
                    comparison.add(try await plain(probe, day, from: partition), of: side)
                }
            }
        }
        return report(comparison, cost, "days moved by rows")
    }

    /// Rows that had stayed live when their day left: hashed on their way, as nobody has counted them.
    private func rowsThatStayed(_ probe: ArchiveProbe) async throws -> BenchmarkReport {
        var comparison = comparison("orders that had stayed, each hashed on its way", goal: .none)
        var cost = ArchiveCost()
        for pair in 0..<pairs {
            for side in comparison.order(inRound: pair) {
                let day = probe.first.advanced(byDays: -Int32(2 * pair + side + 1))
                try await probe.execute("TRUNCATE sluice.\(Self.carryOver)")
                try await fill(probe, day, Self.carryOver)
                if side == 1 {
                    let before = cost.change
                    try await probe.movePass(day, adding: &cost)
                    comparison.add(cost.change - before, of: side)
                } else {
                    comparison.add(try await plain(probe, day, from: Self.carryOver), of: side)
                }
            }
        }
        return report(comparison, cost, "orders that had stayed")
    }

    private func comparison(_ name: String, goal: BenchmarkReport.Row.Goal) -> LoadComparison {
        LoadComparison(
            records: orders,
            sides: [.init(name: "one plain statement"), .init(name: name, goal: goal)],
            what: "archive"
        )
    }

    private func fill(_ probe: ArchiveProbe, _ day: BusinessDate, _ partition: String) async throws {
        // Each file has a number of its own.
        let seed = ArchiveSeed(day: day, orders: orders, batch: Int64(day.daysSince1970))
        try await probe.fill(seed.ordersAlone(into: partition), vacuuming: [partition])
        try await probe.scene.checkpoint()
    }

    private func plain(_ probe: ArchiveProbe, _ day: BusinessDate, from partition: String) async throws -> Duration {
        try await probe.execute("SELECT sluice.make_history_day('payment_order', '\(day)')")
        let began = ContinuousClock.now
        let moved = try await probe.change(
            """
            WITH moved AS (DELETE FROM sluice.\(partition) WHERE business_date = '\(day)' RETURNING *)
            INSERT INTO history.payment_order_\(day.compact) SELECT * FROM moved
            """
        )
        let took = began.duration(to: .now)
        guard moved == Int64(orders) else { throw BenchmarkFailure("the plain statement moved \(moved) orders") }
        return took
    }

    private func report(_ comparison: LoadComparison, _ cost: ArchiveCost, _ what: String) -> BenchmarkReport {
        var report = comparison.report
        let all = Int64(orders * pairs)
        report.notes.append(
            "\(what): \(cost.log / max(1, all)) bytes of log an order; beside it count "
                + "\(Figure.seconds(cost.counting)), verification \(Figure.seconds(cost.verifying)), receipts and "
                + "statistics \(Figure.seconds(cost.closing)) for \(Figure.grouped(all)) orders"
        )
        return report
    }
}
