import Foundation

/// Intake against a psql session that COPYs the same rows, already encrypted, into `payment_order` and the registry of
/// order numbers, with indexes and triggers on.
///
/// Each side loads into a fresh database of the same server; the order of the two alternates from pair to pair. The
/// peer's rows are exactly those that intake made: dumped from its first load, in COPY's binary form, the faster one.
struct IntakeBenchmark: Sendable {
    private static let budgetKibibytes = 64 * 1_024
    /// The goal so far; the budget in the end is 0.8 (architecture §9).
    private static let goal = 0.5
    /// A smaller file is loaded before the process has warmed up: its ratio is only told.
    private static let recordsToJudge = 200_000

    let records: Int
    let pairs: Int

    private struct Load: Sendable {
        let duration: Duration
        let peakKibibytes: Int
    }

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            let file = PaymentFile(records: records)
            let path = "\(scene.folder)/payout.csv"
            try file.write(to: path)
            try loadOnly(scene)
            try await makeTemplates(scene, file: path)

            var loads: [Load] = []
            var copies: [Duration] = []
            for pair in 1...pairs {
                // The first load is also the source of the peer's rows.
                if pair % 2 == 1 {
                    loads.append(try await load(scene, file: file, keepingRows: pair == 1))
                    copies.append(try await copy(scene, file: file))
                } else {
                    copies.append(try await copy(scene, file: file))
                    loads.append(try await load(scene, file: file, keepingRows: false))
                }
            }
            return report(loads, copies)
        }
    }

    /// A job that reads files and plans nothing: planning is no part of loading.
    private func loadOnly(_ scene: BenchmarkScene) throws {
        let path = "\(scene.folder)/jobs/intake.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let stages = "stages: [intake, plan]"
        guard text.contains(stages) else { throw BenchmarkFailure("Jobs/intake.yaml does not say: \(stages)") }
        try text.replacingOccurrences(of: stages, with: "stages: [intake]")
            .write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// One database with the file queued, and one whose file is being loaded, so that the triggers let its rows in.
    private func makeTemplates(_ scene: BenchmarkScene, file: String) async throws {
        try await scene.makeDatabase("queued")
        try await scene.sluice(
            [
                "file", "submit", file, "--merchant", "MER-PAYOUT", "--direction", "payout", "--format",
                "payout-csv-utf8",
            ],
            database: "queued"
        )
        try await scene.makeDatabase("splitting", like: "queued")
        try await scene.execute("splitting", "UPDATE sluice.batch_file SET state = 'splitting'")
    }

    private func load(_ scene: BenchmarkScene, file: PaymentFile, keepingRows: Bool) async throws -> Load {
        try await scene.makeDatabase("loaded", like: "queued")
        try await scene.checkpoint()
        // Records set aside wait for a person: that is exit code 3.
        let run = try await scene.sluice(["run", "intake"], database: "loaded", accepted: [0, 3])
        let orders = try await scene.number("loaded", "SELECT count(*) FROM sluice.payment_order")
        guard orders == Int64(records - file.badRecords) else {
            throw BenchmarkFailure("intake loaded \(orders) orders of \(records) records: \(run.log.suffix(2_000))")
        }
        guard let peak = run.logged("peak_resident_kib", message: "run ended") else {
            throw BenchmarkFailure("the run did not say what it took of memory: \(run.log.suffix(2_000))")
        }
        if keepingRows {
            try await scene.psql(
                "loaded",
                [
                    "\\copy (SELECT * FROM sluice.payment_order ORDER BY line_no) TO '\(scene.folder)/orders.copy' "
                        + "(FORMAT binary)",
                    "\\copy (SELECT * FROM sluice.order_number_registry WHERE state = 'order' ORDER BY order_no) TO "
                        + "'\(scene.folder)/registry.copy' (FORMAT binary)",
                ]
            )
        }
        try await scene.dropDatabase("loaded")
        return Load(duration: run.duration, peakKibibytes: peak)
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

    private func report(_ loads: [Load], _ copies: [Duration]) -> BenchmarkReport {
        let ratios = zip(loads, copies).map { Figure.seconds(of: $1) / Figure.seconds(of: $0.duration) }
        let middle = Self.middle(ratios)
        let loaded = Self.middle(loads.map { Figure.seconds(of: $0.duration) })
        let copied = Self.middle(copies.map { Figure.seconds(of: $0) })
        let peak = loads.map(\.peakKibibytes).max() ?? 0
        var report = BenchmarkReport()
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "intake of \(Figure.grouped(Int64(records))) CSV records",
                measured: "\(Figure.grouped(Int64(Double(records) / loaded))) records/s",
                against: "psql COPY, \(Figure.grouped(Int64(Double(records) / copied))) records/s",
                ratio: middle,
                goal: records >= Self.recordsToJudge ? .atLeast(Self.goal) : .none
            )
        )
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "its resident memory",
                measured: "\(Figure.grouped(Int64(peak))) KiB at most",
                against: "\(Figure.grouped(Int64(Self.budgetKibibytes))) KiB",
                ratio: Double(peak) / Double(Self.budgetKibibytes),
                goal: .atMost(1)
            )
        )
        for (index, (load, copy)) in zip(loads, copies).enumerated() {
            report.notes.append(
                "intake, pair \(index + 1): sluice \(Figure.seconds(load.duration)), psql \(Figure.seconds(copy)), "
                    + "ratio \(Figure.ratio(ratios[index]))"
            )
        }
        return report
    }

    private static func middle(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}
