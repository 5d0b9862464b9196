import ChannelSimulator
import Cryptography
import EmbeddedPostgres
import Foundation
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store

/// The whole chain on an embedded PostgreSQL and simulated channels: earlier files, two big ones with planted faults,
/// the
/// jobs as cron would run them, and the proof against the other side's books.
struct Demo: Sendable {
    static let environment = EnvironmentStamp(name: "demo", environmentClass: .test)
    private static let earlierCount = 50
    private static let pooledSessions = 6
    private static let jobs = ["intake", "submit", "poll", "settle"]
    private static let channels = ["harbor", "meridian"]
    /// A run that has not ended by then is a defect of ours.
    private static func deadline(records: Int) -> TimeSpan { .seconds(300 + Int64(records) / 200) }

    let records: Int
    /// Whether the jobs reach the server through PgBouncer in transaction mode.
    let isPooled: Bool
    /// Whether to count where the time goes.
    let isProfiled: Bool
    let configDirectory: String
    let jobsDirectory: String
    let progress: DemoProgress

    /// What is running while the demo stays in the foreground.
    struct Running: Sendable {
        let server: EmbeddedCluster
        let pooler: EmbeddedPooler?
        let simulator: ChildProcess
        let directory: String
        /// What another process needs to work on the demo's database.
        let environment: [String: String]
        let databaseURL: String

        /// What the two servers have taken of the processors so far.
        var processorTimes: (server: Duration, simulator: Duration) {
            (
                ProcessTable.processorTime(of: server.processIdentifier),
                ProcessTable.processorTime(of: simulator.identifier)
            )
        }

        func stop() async {
            simulator.terminate()
            _ = await simulator.exitCode()
            pooler?.stop()
            server.stop()
            try? FileManager.default.removeItem(atPath: directory)
        }
    }

    func start() async throws -> Running {
        let directory = NSTemporaryDirectory() + "sluice-demo-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        progress.say("starting PostgreSQL")
        var options = EmbeddedCluster.Options()
        options.settings = ["shared_buffers": "256MB", "max_wal_size": "2GB", "max_connections": "100"]
        if isProfiled { options.settings.merge(DemoProfile.serverSettings) { $1 } }
        let server = try EmbeddedCluster.start(options)
        let administrator = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(), applicationName: "sluice-demo"),
            connectionsMax: 1
        )
        try await administrator.withoutTransaction("create database", deadline: .seconds(30), "CREATE DATABASE sluice")
        await administrator.close()

        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        environment["SLUICE_DATA_KEY_1"] = Hexadecimal.encode(SecureRandom.bytes(32))
        environment["SLUICE_SEARCH_KEY"] = Hexadecimal.encode(SecureRandom.bytes(32))
        environment["SLUICE_ENVIRONMENT_NAME"] = Self.environment.name
        environment["SLUICE_ENVIRONMENT_CLASS"] = Self.environment.environmentClass.rawValue
        for channel in Self.channels {
            environment["SLUICE_CHANNEL_\(channel.uppercased())_SECRET"] = Hexadecimal.encode(SecureRandom.bytes(24))
        }
        let configuration = try copyConfiguration(to: directory)
        environment["SLUICE_CONFIG"] = configuration
        let owner = server.uri(database: "sluice", user: "postgres")
        progress.say("making the schema")
        try await run(["db", "migrate"], environment.merging(["SLUICE_DATABASE_URL": owner]) { $1 }, directory)
        let pooler = isPooled ? try startPooler(before: server) : nil
        environment["SLUICE_DATABASE_POOLED"] = String(isPooled)
        environment["SLUICE_DATABASE_URL"] =
            pooler?.uri(database: "sluice", user: "sluice_worker")
            ?? server.uri(database: "sluice", user: "sluice_worker")

        progress.say("starting the simulated channels")
        let simulator = try ChildProcess.start(
            ["simulator", "--config", "\(configuration)/demo/simulator.yaml", "--json"],
            environment: environment,
            log: "\(directory)/simulator.log",
            readsOutput: true
        )
        guard let line = simulator.firstLine(),
            let ports = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Int]
        else { throw DemoFailure("the simulator did not say on which ports it listens; see its log") }
        for channel in Self.channels {
            guard let port = ports[channel] else { throw DemoFailure("the simulator does not play channel \(channel)") }
            environment["SLUICE_CHANNEL_\(channel.uppercased())_URL"] = "http://127.0.0.1:\(port)"
            try await run(["channel", "activate", channel], environment, directory)
        }
        return Running(
            server: server,
            pooler: pooler,
            simulator: simulator,
            directory: directory,
            environment: environment,
            databaseURL: owner
        )
    }

    /// A pooler with fewer sessions than one process alone may have connections.
    private func startPooler(before server: EmbeddedCluster) throws -> EmbeddedPooler {
        progress.say("starting PgBouncer")
        return try EmbeddedPooler.start(
            before: server,
            EmbeddedPooler.Options(sessionsMax: Self.pooledSessions, roles: ["sluice_worker"])
        )
    }

    /// Queues the files, runs the jobs until nothing happens by itself any more, and lays the books side by side.
    func work(_ running: Running) async throws -> DemoReport {
        let began = ContinuousClock.now
        let pool = PostgresPool(
            configuration: PostgresConfiguration(uri: running.databaseURL, applicationName: "sluice-demo"),
            connectionsMax: 4
        )
        let books = DemoBooks(pool: pool)
        let store = SQLStore(pool: pool, keys: try keys(running))
        let cron = DemoCron(
            jobs: Self.jobs,
            arguments: ["--jobs", jobsDirectory],
            environment: running.environment,
            logDirectory: running.directory
        )

        progress.say("loading the earlier files")
        var earlier: [(BatchIdentifier, DemoRecords)] = []
        for direction in [PaymentCore.Direction.withhold, .payout] {
            let records = DemoRecords(
                direction: direction,
                count: Self.earlierCount,
                earlierCount: Self.earlierCount,
                isEarlier: true
            )
            let made = try DemoFileMaker.make(records, in: running.directory)
            earlier.append(
                (try await DemoFileMaker.queue(made, environment: Self.environment.name, store: store), records)
            )
        }
        try await cron.runOnce("intake")

        progress.say("queueing two files of \(records) records")
        let made = try [PaymentCore.Direction.withhold, .payout].map { direction in
            try DemoFileMaker.make(
                DemoRecords(
                    direction: direction,
                    count: self.records,
                    earlierCount: Self.earlierCount,
                    isEarlier: false
                ),
                in: running.directory
            )
        }
        if isProfiled { try await DemoProfile.begin(pool) }
        let before = running.processorTimes
        // From here on the chain is at work: from the first byte queued to the last result file.
        let chainBegan = ContinuousClock.now
        var files: [(BatchIdentifier, DemoRecords)] = []
        for made in made {
            let batch = try await DemoFileMaker.queue(made, environment: Self.environment.name, store: store)
            files.append((batch, made.records))
            try FileManager.default.removeItem(atPath: made.path)
        }
        let sessionsMax = try await watch(cron, files: files, books: books)
        let chainDuration = chainBegan.duration(to: .now)
        var profile: DemoProfile?
        if isProfiled {
            let after = running.processorTimes
            profile = DemoProfile(
                jobs: DemoProfile.jobs(Self.jobs, logDirectory: running.directory),
                server: after.server - before.server,
                simulator: after.simulator - before.simulator,
                statements: try await DemoProfile.statements(pool)
            )
        }

        progress.say("laying the books side by side")
        let truth = try TruthFile.read(path: "\(running.directory)/truth.jsonl")
        let all = (earlier + files).map { (batch: $0.0, records: $0.1) }
        let findings = try await DemoProof(truth: truth).compare(all, pool: pool)
        var funnels: [DemoBooks.Funnel] = []
        var reasons: [[DemoBooks.Reason]] = []
        var misplaced = 0
        for (batch, records) in files {
            funnels.append(try await books.funnel(of: batch, direction: records.direction))
            reasons.append(try await books.reasons(of: batch))
            misplaced += try await books.misplaced(of: batch, records: records)
        }
        let report = DemoReport(
            funnels: funnels,
            reasons: reasons,
            channels: try await books.channels(),
            waiting: try await books.waiting(),
            findings: findings,
            misplaced: misplaced,
            forgotten: try await books.forgotten(),
            sessionsMax: sessionsMax,
            chainDuration: chainDuration,
            profile: profile,
            databaseURL: running.databaseURL,
            duration: began.duration(to: .now)
        )
        await pool.close()
        return report
    }

    /// Lets cron work until all is at rest; answers how many sessions of the engine the server saw at once.
    private func watch(
        _ cron: DemoCron,
        files: [(BatchIdentifier, DemoRecords)],
        books: DemoBooks
    ) async throws -> Int64 {
        let stop = StopSignal()
        let clock = SystemClock()
        let endsAt = clock.now().advanced(by: Self.deadline(records: records))
        let sessionsMax = try await withThrowingTaskGroup(of: Int64.self) { group in
            group.addTask {
                try await cron.run(stop: stop)
                return 0
            }
            group.addTask {
                defer { stop.request() }
                var sessionsMax: Int64 = 0
                while !stop.isRequested {
                    var bars: [DemoProgress.Bar] = []
                    for (batch, records) in files {
                        let (loaded, final) = try await books.progress(of: batch)
                        bars.append(
                            DemoProgress.Bar(
                                title: records.direction.rawValue,
                                loaded: loaded,
                                final: final,
                                count: Int64(records.count)
                            )
                        )
                    }
                    progress.show(bars)
                    sessionsMax = max(sessionsMax, try await books.sessions())
                    if try await books.isSettled() { break }
                    guard clock.now() < endsAt else {
                        throw DemoFailure("the demo did not come to rest in time; the logs tell why")
                    }
                    try await clock.sleep(for: .milliseconds(500))
                }
                return sessionsMax
            }
            return try await group.reduce(0, max)
        }
        progress.end()
        return sessionsMax
    }

    private func keys(_ running: Running) throws -> KeyRing {
        guard let data = running.environment["SLUICE_DATA_KEY_1"].flatMap(Hexadecimal.decode),
            let search = running.environment["SLUICE_SEARCH_KEY"].flatMap(Hexadecimal.decode)
        else { throw DemoFailure("the demo's own keys are gone") }
        return try KeyRing(currentIdentifier: 1, keys: [1: data], searchKey: search)
    }

    /// The configuration that the demo works with: the project's own, with the demo's channels in the channels' place.
    private func copyConfiguration(to directory: String) throws -> String {
        let target = "\(directory)/config"
        let files = FileManager.default
        guard files.fileExists(atPath: "\(configDirectory)/demo/simulator.yaml") else {
            throw DemoFailure(
                "\(configDirectory)/demo is missing; start the demo in the project's folder, or say --config DIR"
            )
        }
        try files.copyItem(atPath: configDirectory, toPath: target)
        try files.removeItem(atPath: "\(target)/channels")
        try files.copyItem(atPath: "\(target)/demo/channels", toPath: "\(target)/channels")
        // The simulator reads the very files that the engine reads.
        let path = "\(target)/demo/simulator.yaml"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "file: Config/demo/channels/", with: "file: \(target)/channels/")
            .replacingOccurrences(of: ".sluice-demo/truth.jsonl", with: "\(directory)/truth.jsonl")
            .write(toFile: path, atomically: true, encoding: .utf8)
        return target
    }

    private func run(_ arguments: [String], _ environment: [String: String], _ directory: String) async throws {
        let log = "\(directory)/setup.log"
        let process = try ChildProcess.start(arguments, environment: environment, log: log)
        let code = await process.exitCode()
        guard code == 0 else {
            let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw DemoFailure(
                "`sluice \(arguments.joined(separator: " "))` ended with code \(code): \(text.suffix(2_000))"
            )
        }
    }
}
