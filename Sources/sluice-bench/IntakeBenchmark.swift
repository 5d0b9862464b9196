import Foundation

/// Intake against a psql session that COPYs the same rows, already encrypted, into `payment_order` and the registry of
/// order numbers, with indexes and triggers on.
///
/// Each side loads into a fresh database of the same server; the order of the two alternates from pair to pair. The
/// peer's rows are exactly those that intake made: dumped from its first load, in COPY's binary form, the faster one.
struct IntakeBenchmark: Sendable {
    static let budgetKibibytes = 64 * 1_024
    private static let goal = 0.8

    let records: Int
    let pairs: Int

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            let trial = try IntakeTrial(scene)
            let file = PaymentFile(records: records)
            try await trial.queue(file, in: "queued")
            // One whose file is being loaded, so that the triggers let the peer's rows in.
            try await scene.makeDatabase("splitting", like: "queued")
            try await scene.execute("splitting", "UPDATE sluice.batch_file SET state = 'splitting'")

            // The first load of each makes what the server then has: its log's files, its buffers. It is the source of
            // the peer's rows, too.
            _ = try await load(trial, file: file, keepingRows: true)
            _ = try await copy(scene, file: file)
            var loads: [IntakeTrial.Load] = []
            var copies: [Duration] = []
            for pair in 1...pairs {
                if pair % 2 == 1 {
                    loads.append(try await load(trial, file: file, keepingRows: false))
                    copies.append(try await copy(scene, file: file))
                } else {
                    copies.append(try await copy(scene, file: file))
                    loads.append(try await load(trial, file: file, keepingRows: false))
                }
            }
            return report(loads, copies)
        }
    }

    private func load(_ trial: IntakeTrial, file: PaymentFile, keepingRows: Bool) async throws -> IntakeTrial.Load {
        let scene = trial.scene
        return try await trial.load(
            records,
            queuedIn: "queued",
            expecting: .init(orders: records - file.badRecords, quarantined: file.badRecords)
        ) { database in
            guard keepingRows else { return }
            try await scene.psql(
                database,
                [
                    "\\copy (SELECT * FROM sluice.payment_order ORDER BY line_no) TO '\(scene.folder)/orders.copy' "
                        + "(FORMAT binary)",
                    "\\copy (SELECT * FROM sluice.order_number_registry WHERE state = 'order' ORDER BY order_no) TO "
                        + "'\(scene.folder)/registry.copy' (FORMAT binary)",
                ]
            )
        }
    }

    private func copy(_ scene: BenchmarkScene, file: PaymentFile) async throws -> Duration {
        try await scene.makeDatabase("copied", like: "splitting")
        try await scene.checkpoint()
        let run = try await scene.psql(
            "copied",
            [
                "\\copy sluice.payment_order FROM '\(scene.folder)/orders.copy' (FORMAT binary)",
                "\\copy sluice.order_number_registry FROM '\(scene.folder)/registry.copy' (FORMAT binary)",
            ]
        )
        let rows = try await scene.number(
            "copied",
            "SELECT (SELECT count(*) FROM sluice.payment_order) + (SELECT count(*) FROM sluice.order_number_registry)"
        )
        guard rows == 2 * Int64(records - file.badRecords) else {
            throw BenchmarkFailure("the peer copied \(rows) rows")
        }
        try await scene.dropDatabase("copied")
        return run.duration
    }

    private func report(_ loads: [IntakeTrial.Load], _ copies: [Duration]) -> BenchmarkReport {
        let ratios = zip(loads, copies).map { Figure.seconds(of: $1) / Figure.seconds(of: $0.duration) }
        let loaded = Figure.middle(loads.map(\.recordsPerSecond))
        let copied = Figure.middle(copies.map { Double(records) / Figure.seconds(of: $0) })
        var report = BenchmarkReport()
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "intake of \(Figure.grouped(Int64(records))) CSV records",
                measured: Figure.perSecond(loaded),
                against: "psql COPY, \(Figure.perSecond(copied))",
                ratio: Figure.middle(ratios),
                goal: records >= IntakeTrial.recordsToJudge ? .atLeast(Self.goal) : .none
            )
        )
        report.rows.append(.residentMemory(loads.map(\.peakKibibytes).max() ?? 0))
        for (index, (load, copy)) in zip(loads, copies).enumerated() {
            report.notes.append(
                "intake, pair \(index + 1): sluice \(Figure.seconds(load.duration)), psql \(Figure.seconds(copy)), "
                    + "ratio \(Figure.ratio(ratios[index]))"
            )
        }
        return report
    }
}

extension BenchmarkReport.Row {
    /// What the program above it took of memory at most.
    static func residentMemory(_ peakKibibytes: Int) -> Self {
        let budget = IntakeBenchmark.budgetKibibytes
        return Self(
            benchmark: "its resident memory",
            measured: "\(Figure.grouped(Int64(peakKibibytes))) KiB at most",
            against: "\(Figure.grouped(Int64(budget))) KiB",
            ratio: Double(peakKibibytes) / Double(budget),
            goal: .atMost(1)
        )
    }
}
