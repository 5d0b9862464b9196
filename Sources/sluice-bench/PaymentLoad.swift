import Foundation
import PostgresClient

/// Files that are taken in, sent to simulated companies and asked for, as fast as one worker and its database can.
struct PaymentLoad: Sendable {
    private static let recordsOfFile = 2_000
    /// With fewer orders than that unsent the next file is queued.
    private static let unsentLeast = 3_000
    private static let pause: Duration = .milliseconds(50)
    private static let startLimit: Duration = .seconds(30)

    let scene: BenchmarkScene
    let database: String
    private let variables: [String: String]
    private let simulator: RunningProgram
    private let worker: RunningProgram

    /// Makes submissions small and calls frequent, so that a short time has many of both.
    static func prepare(_ scene: BenchmarkScene) throws {
        for (channel, items) in [("harbor", 500), ("meridian", 400)] {
            let file = "config/channels/\(channel).yaml"
            try scene.replace("items_per_submission: \(items)", by: "items_per_submission: 100", in: file)
            try scene.replace("first: 500ms", by: "first: 100ms", in: file)
        }
        try scene.replace("chunk_orders: 500", by: "chunk_orders: 100", in: "config/sluice.yaml")
    }

    /// Starts companies that pay everything, and a worker of all stages.
    static func start(_ scene: BenchmarkScene, database: String) async throws -> PaymentLoad {
        let path = "\(scene.folder)/simulator.yaml"
        try scene.write(simulation(scene), to: "simulator.yaml")
        var variables = scene.variables(database)
        let simulator = try RunningProgram(
            ProgramRun.sluice,
            ["simulator", "--config", path, "--json"],
            environment: variables,
            folder: scene.folder
        )
        do {
            for (channel, port) in try await ports(of: simulator) {
                variables["SLUICE_CHANNEL_\(channel.uppercased())_URL"] = "http://127.0.0.1:\(port)"
            }
            for channel in BenchmarkScene.channels {
                _ = try await ProgramRun.run(
                    ProgramRun.sluice,
                    ["channel", "activate", channel],
                    environment: variables,
                    folder: scene.folder
                )
            }
            let worker = try RunningProgram(
                ProgramRun.sluice,
                ["worker"],
                environment: variables,
                folder: scene.folder
            )
            return PaymentLoad(
                scene: scene,
                database: database,
                variables: variables,
                simulator: simulator,
                worker: worker
            )
        } catch {
            simulator.terminate()
            throw error
        }
    }

    /// Keeps the worker busy until this task is cancelled.
    func feed(_ pool: PostgresPool) async throws {
        var files = 0
        while !Task.isCancelled {
            guard worker.isRunning, simulator.isRunning else {
                throw BenchmarkFailure("the load broke off: \(worker.tail)\n\(simulator.tail)")
            }
            let unsent = try await scene.number(
                pool,
                """
                SELECT coalesce(sum(cardinality(line_nos)), 0)
                    + (SELECT count(*) * \(Self.unsentLeast) FROM sluice.batch_file
                        WHERE state IN ('pending', 'splitting', 'split'))
                FROM sluice.work_chunk WHERE kind = 'submit'
                """
            )
            if unsent < Self.unsentLeast {
                try await submit(files)
                files += 1
            } else {
                try? await ContinuousClock().sleep(for: Self.pause)
            }
        }
    }

    func stop() async {
        worker.terminate()
        _ = await worker.end()
        simulator.terminate()
        _ = await simulator.end()
    }

    private func submit(_ number: Int) async throws {
        let path = "\(scene.folder)/load-\(number).csv"
        let file = PaymentFile(records: Self.recordsOfFile, flaws: .none, after: number * Self.recordsOfFile)
        try file.write(to: path)
        _ = try await ProgramRun.run(
            ProgramRun.sluice,
            [
                "file", "submit", path, "--merchant", IntakeTrial.merchant, "--direction", "payout", "--format",
                "payout-csv-utf8",
            ],
            environment: variables,
            folder: scene.folder
        )
        try scene.remove("load-\(number).csv")
    }

    private static func simulation(_ scene: BenchmarkScene) -> String {
        var lines = [
            "seed: 7", "truth_file: \(scene.folder)/truth.jsonl", "hold: 4s", "stop_with_parent: true", "channels:",
        ]
        for channel in BenchmarkScene.channels {
            lines += [
                "  - file: \(scene.configuration)/channels/\(channel).yaml",
                "    secret: env:SLUICE_CHANNEL_\(channel.uppercased())_SECRET", "    port: 0",
                "    settle: {first: 10ms, last: 50ms}",
            ]
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func ports(of simulator: RunningProgram) async throws -> [(channel: String, port: Int)] {
        let end = ContinuousClock.now + startLimit
        while !simulator.output.hasSuffix("\n") {
            guard simulator.isRunning, ContinuousClock.now < end else {
                throw BenchmarkFailure("the simulated channels did not start: \(simulator.tail)")
            }
            try await ContinuousClock().sleep(for: pause)
        }
        let ports = try JSONDecoder().decode([String: Int].self, from: Data(simulator.output.utf8))
        return BenchmarkScene.channels.compactMap { channel in ports[channel].map { (channel, $0) } }
    }
}
