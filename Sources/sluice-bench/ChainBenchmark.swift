import Foundation

/// The whole chain, file to final, with the simulated channels on the same machine: `sluice demo`, whose every check
/// must hold.
package struct ChainBenchmark: Sendable {
    private static let goal: Double = 2_000

    let records: Int
    /// Below this size the channels' own delays are most of the time, and the rate is only told.
    private static let recordsToJudge = 500_000

    /// What of the demo's report is looked at.
    package struct Outcome: Decodable, Sendable {
        struct Batch: Decodable, Sendable { let orders: Int64 }
        struct Profile: Decodable, Sendable {
            struct Job: Decodable, Sendable {
                let job: String
                let runs: Int
                let processorMs: Int64
                let peakResidentKib: Int64
            }
            struct Statement: Decodable, Sendable {
                let statement: String
                let calls: Int64
                let ms: Int64
            }
            let jobs: [Job]
            let serverProcessorMs: Int64
            let simulatorProcessorMs: Int64
            let statements: [Statement]
        }
        let batches: [Batch]
        let chainSeconds: Double
        let ordersPerSecond: Int64
        let profile: Profile
    }

    func run() async throws -> BenchmarkReport {
        let folder = NSTemporaryDirectory() + "sluice-bench-chain-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let run = try await ProgramRun.run(
            ProgramRun.sluice,
            ["demo", "--records", String(records), "--profile", "--json"],
            environment: ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") },
            folder: folder
        )
        return Self.report(try Self.outcome(run.output), records: records)
    }

    /// Reads the demo's report.
    ///
    /// Throws `DecodingError` where something is missing.
    package static func outcome(_ json: String) throws -> Outcome {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(Outcome.self, from: Data(json.utf8))
    }

    /// The rate, and what each thousand of orders cost.
    package static func report(_ outcome: Outcome, records: Int) -> BenchmarkReport {
        let orders = max(1, outcome.batches.map(\.orders).reduce(0, +))
        var report = BenchmarkReport()
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "whole chain, two files of \(Figure.grouped(Int64(records))) records",
                measured: "\(Figure.grouped(outcome.ordersPerSecond)) orders/s",
                against: "\(Figure.grouped(Int64(goal))) orders/s",
                ratio: Double(outcome.ordersPerSecond) / goal,
                goal: records >= recordsToJudge ? .atLeast(1) : .none
            )
        )
        func note(_ who: String, _ milliseconds: Int64, _ more: String = "") {
            report.notes.append(
                "chain, \(who): \(Figure.milliseconds(milliseconds * 1_000_000 / orders)) of a processor "
                    + "per 1,000 orders\(more)"
            )
        }
        for job in outcome.profile.jobs {
            note(job.job, job.processorMs, ", \(job.runs) runs, \(Figure.grouped(job.peakResidentKib)) KiB at most")
        }
        note("PostgreSQL", outcome.profile.serverProcessorMs)
        note("simulated channels", outcome.profile.simulatorProcessorMs)
        for statement in outcome.profile.statements.prefix(8) {
            report.notes.append(
                "chain, statement: \(Figure.milliseconds(statement.ms * 1_000_000 / orders)) per 1,000 orders, "
                    + "\(statement.calls) calls: \(statement.statement.prefix(90))"
            )
        }
        return report
    }
}
