import Foundation
import PaymentCore
import Pipeline
import Synchronization

/// Starts the jobs again and again, as cron would: one loop a job, each run a process of its own.
struct DemoCron: Sendable {
    /// Between the end of a run and the next start of its job.
    private static let pause = TimeSpan.milliseconds(300)

    let jobs: [String]
    /// `--config …`, and what else every run is started with.
    let arguments: [String]
    let environment: [String: String]
    let logDirectory: String

    /// Runs until the stop is asked for; a run that fails ends the demo with its log's last lines.
    func run(stop: StopSignal) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for job in jobs {
                group.addTask { try await repeatedly(job, stop: stop) }
            }
            try await group.waitForAll()
        }
    }

    /// One run of one job, to its end.
    func runOnce(_ job: String) async throws {
        let log = "\(logDirectory)/\(job).log"
        let process = try ChildProcess.start(["run", job] + arguments, environment: environment, log: log)
        let code = await process.exitCode()
        // Done; something waits for a person; another run holds the window; work left at the deadline.
        guard [0, 3, 4, 5].contains(code) else {
            throw DemoFailure("`sluice run \(job)` ended with code \(code): \(Self.tail(of: log))")
        }
    }

    private func repeatedly(_ job: String, stop: StopSignal) async throws {
        defer { stop.request() }
        let clock = SystemClock()
        while !stop.isRequested {
            try await runOnce(job)
            try await clock.sleep(for: Self.pause)
        }
    }

    private static func tail(of path: String) -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return "no log" }
        return text.split(separator: "\n").suffix(3).joined(separator: "\n")
    }
}
