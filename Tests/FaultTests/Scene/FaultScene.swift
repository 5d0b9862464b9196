import Cryptography
import EmbeddedPostgres
import Foundation
import Glibc
import PaymentCore
import PostgresClient
import Synchronization
import Testing

/// One small deployment whose parts are real processes: a database, simulated channels, configuration of its own.
final class FaultScene: Sendable {
    static let channels = ["harbor", "meridian"]
    /// The project's own folder.
    static let project = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    let server: EmbeddedCluster
    let database: String
    let owner: PostgresPool
    /// Holds the configuration, the jobs, and what the processes write.
    let folder: String
    private let variables: Mutex<[String: String]>
    private let programs = Mutex<[Program]>([])
    private let controlPort = Mutex<Int?>(nil)

    var configuration: String { "\(folder)/config" }
    var truthPath: String { "\(folder)/truth.jsonl" }

    /// Makes a scene, works with it and takes it away; what fails tells what the processes last said.
    ///
    /// `simulation`: what both companies do wrong; nil plays no company.
    ///
    /// `cluster`: whose server it uses; a scene that kills its server has one of its own.
    ///
    /// `stamped`: with which variables the database is migrated, where that is another environment than the scene's.
    ///
    /// `prepare`: changes the configuration before anything starts.
    static func with(
        _ simulation: Simulation? = nil,
        on cluster: FaultCluster = .shared,
        stamped: [String: String] = [:],
        prepare: (FaultScene) throws -> Void = { _ in },
        _ work: (FaultScene) async throws -> Void
    ) async throws {
        await FaultCluster.scenes.enter()
        do {
            let scene = try await FaultScene(cluster)
            do {
                try prepare(scene)
                try await scene.migrate(stamped)
                if let simulation { try await scene.play(simulation) }
                try await work(scene)
            } catch {
                Issue.record("\(error)\n\(scene.tails)")
            }
            await scene.close()
        } catch {
            Issue.record("no scene: \(error)")
        }
        await FaultCluster.scenes.leave()
    }

    private init(_ cluster: FaultCluster) async throws {
        folder = NSTemporaryDirectory() + "sluice-faults-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        let files = FileManager.default
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try files.copyItem(atPath: "\(Self.project)/Config", toPath: "\(folder)/config")
        try files.removeItem(atPath: "\(folder)/config/channels")
        try files.copyItem(atPath: "\(folder)/config/demo/channels", toPath: "\(folder)/config/channels")
        try files.copyItem(atPath: "\(Self.project)/Jobs", toPath: "\(folder)/jobs")
        server = try await cluster.running()
        database = try await cluster.makeDatabase()
        owner = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(database: database), applicationName: "test-owner"),
            connectionsMax: 2
        )
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        environment["SLUICE_CONFIG"] = "\(folder)/config"
        environment["SLUICE_JOBS"] = "\(folder)/jobs"
        environment["SLUICE_DATABASE_URL"] = server.uri(database: database, user: "sluice_worker")
        environment["SLUICE_DATA_KEY_1"] = Hexadecimal.encode(SecureRandom.bytes(32))
        environment["SLUICE_SEARCH_KEY"] = Hexadecimal.encode(SecureRandom.bytes(32))
        // Small steps, so that there is a between; and a dead worker is missed soon.
        environment["SLUICE_LIMITS_SLICE_RECORDS"] = "40"
        environment["SLUICE_LIMITS_CHUNK_ORDERS"] = "50"
        environment["SLUICE_LIMITS_HEARTBEAT"] = "300ms"
        environment["SLUICE_LIMITS_SILENCE"] = "2s"
        environment["SLUICE_LIMITS_IDLE"] = "50ms"
        for channel in Self.channels {
            environment["SLUICE_CHANNEL_\(channel.uppercased())_SECRET"] = Hexadecimal.encode(SecureRandom.bytes(24))
            environment["SLUICE_CHANNEL_\(channel.uppercased())_URL"] = "http://127.0.0.1:9"
        }
        variables = Mutex(environment)
    }

    /// What lets something befall the companies while they work.
    var control: SimulatorControl { SimulatorControl(port: controlPort.withLock { $0 } ?? 0) }

    /// What every process of the scene is started with.
    var environment: [String: String] { variables.withLock { $0 } }

    /// Brings the database to the schema, as its owner.
    private func migrate(_ variables: [String: String]) async throws {
        await FaultCluster.migrations.enter()
        do {
            try await runMigration(variables)
        } catch {
            await FaultCluster.migrations.leave()
            throw error
        }
        await FaultCluster.migrations.leave()
    }

    private func runMigration(_ variables: [String: String]) async throws {
        var variables = variables
        variables["SLUICE_DATABASE_URL"] = server.uri(database: database)
        guard !variables.keys.contains("SLUICE_ENVIRONMENT_CLASS") else {
            // Its channels would be of the other class.
            variables["SLUICE_CONFIG"] = "\(folder)/bare"
            try FileManager.default.createDirectory(atPath: "\(folder)/bare", withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: "\(configuration)/sluice.yaml",
                toPath: "\(folder)/bare/sluice.yaml"
            )
            try await run(["db", "migrate"], variables)
            return
        }
        try await run(["db", "migrate"], variables)
    }

    /// Sets the companies to work.
    private func play(_ simulation: Simulation) async throws {
        let path = "\(folder)/simulator.yaml"
        try simulation.text(channels: Self.channels, configuration: configuration, truthPath: truthPath)
            .write(toFile: path, atomically: true, encoding: .utf8)
        let simulator = try start(["simulator", "--config", path, "--json"])
        try await Condition.wait("the ports", within: .seconds(20), because: { simulator.tail }) {
            simulator.output.hasSuffix("\n") || simulator.status != nil
        }
        guard let ports = try simulator.json() as? [String: Int] else { throw SceneFailure(simulator.tail) }
        controlPort.withLock { $0 = ports["control"] }
        for channel in Self.channels {
            let url = "http://127.0.0.1:\(ports[channel] ?? 0)"
            variables.withLock { $0["SLUICE_CHANNEL_\(channel.uppercased())_URL"] = url }
            try await run(["channel", "activate", channel])
        }
    }

    private func close() async {
        for program in programs.withLock({ $0 }) {
            program.send(SIGCONT)
            program.send(SIGKILL)
        }
        await owner.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Programs

    /// Starts the program; variables of `more` win.
    func start(_ arguments: [String], _ more: [String: String] = [:]) throws -> Program {
        let number = programs.withLock { $0.count + 1 }
        let program = try Program.start(
            arguments,
            environment: environment.merging(more) { $1 },
            folder: folder,
            name: "\(number)-\(Hexadecimal.encode(SecureRandom.bytes(2)))-\(arguments[0])"
        )
        programs.withLock { $0.append(program) }
        return program
    }

    /// Runs the program to its end, which must be as expected.
    @discardableResult
    func run(
        _ arguments: [String],
        _ more: [String: String] = [:],
        expecting status: Program.Status = 0,
        within limit: TimeSpan = .seconds(60)
    ) async throws -> Program {
        let program = try start(arguments, more)
        let ended = try await program.end(within: limit)
        guard ended == status else { throw SceneFailure("expected exit \(status): \(program.tail)") }
        return program
    }

    /// The last words of all processes, for a failure's message.
    var tails: String { programs.withLock { $0 }.suffix(8).map(\.tail).joined(separator: "\n") }

    /// What all processes wrote so far, to both streams.
    var everythingSaid: [String] { programs.withLock { $0 }.flatMap { [$0.output, $0.log] } }

    // MARK: Files

    /// Changes a text of a file of the configuration, which must be there.
    @discardableResult
    func edit(_ file: String, _ right: String, _ wrong: String) throws -> Int {
        let path = "\(configuration)/\(file)"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        guard let place = text.range(of: right) else { throw SceneFailure("\(file) does not say: \(right)") }
        try text.replacingOccurrences(of: right, with: wrong).write(toFile: path, atomically: true, encoding: .utf8)
        return text[..<place.lowerBound].count { $0 == "\n" } + 1
    }

    /// Takes all files out of folders of the configuration.
    func empty(_ folders: [String]) throws {
        for folder in folders { try FileManager.default.removeItem(atPath: "\(configuration)/\(folder)") }
    }

    /// Writes a file beside the scene's configuration; answers its path.
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
            throw SceneFailure("cannot write \(path)")
        }
        return path
    }

    /// The arguments that queue a file.
    func submission(of text: BatchText, path: String) -> [String] {
        [
            "file", "submit", path, "--merchant", text.merchant, "--direction", text.direction.rawValue, "--format",
            text.format, "--json",
        ]
    }

    /// Queues a file, under a name of its own unless one is given; answers its number.
    func submit(_ text: BatchText, name: String? = nil, _ more: [String] = []) async throws -> Int64 {
        let path = try write(text.bytes, to: name ?? "batch-\(programs.withLock { $0.count }).txt")
        return try Self.batch(try await run(submission(of: text, path: path) + more))
    }

    static func batch(_ program: Program) throws -> Int64 {
        guard let answer = try program.json() as? [String: Any], let batch = answer["batch_id"] as? Int else {
            throw SceneFailure(program.tail)
        }
        return Int64(batch)
    }

    // MARK: The database

    func number(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int64 {
        try await owner.transaction("test") { transaction in
            guard let row = try transaction.query(sql, parameters).first else { throw SceneFailure("no row: \(sql)") }
            return try row.int64(0)
        }
    }

    func text(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> String {
        try await owner.transaction("test") { transaction in
            guard let row = try transaction.query(sql, parameters).first else { throw SceneFailure("no row: \(sql)") }
            return try row.text(0)
        }
    }

    /// The state of a batch file and the code of its verdict, as in `refused totals_mismatch`.
    func state(of batch: Int64) async throws -> String {
        try await text(
            "SELECT state || coalesce(' ' || (verdict ->> 'code'), '') FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(batch)]
        )
    }

    /// Waits until a query gives something else than zero.
    func until(
        _ what: String,
        within limit: TimeSpan = .seconds(60),
        every interval: TimeSpan = .milliseconds(5),
        _ sql: String
    ) async throws {
        try await Condition.wait(what, within: limit, every: interval, because: { tails }) {
            try await number(sql) != 0
        }
    }

    /// Waits until nothing happens by itself any more: each file is loaded and planned, no chunk is live, and every
    /// file has its result.
    func untilAtRest(within limit: TimeSpan = .seconds(90)) async throws {
        try await until("rest", within: limit, every: .milliseconds(50), Self.rest)
    }

    /// Whether nothing happens by itself any more.
    func isAtRest() async throws -> Bool { try await number(Self.rest) != 0 }

    private static let rest = """
        SELECT count(*) FILTER (WHERE is_at_rest) FROM (SELECT NOT EXISTS (SELECT FROM sluice.work_chunk)
            AND NOT EXISTS (SELECT FROM sluice.batch_file f WHERE f.state IN ('pending', 'splitting', 'split'))
            AND NOT EXISTS (SELECT FROM sluice.batch_file f WHERE f.state = 'working'
                AND NOT EXISTS (SELECT FROM sluice.result_file r WHERE r.batch_id = f.batch_id)) AS is_at_rest) rest
        """

    /// Waits for a moment at which a process does something, and stops it there: when this returns the process sleeps
    /// in the midst of it, for `SIGKILL` or `SIGCONT` to follow.
    func freeze(_ program: Program, at what: String, within limit: TimeSpan = .seconds(60), _ sql: String) async throws
    {
        try await Condition.wait(what, within: limit, every: .milliseconds(2), because: { tails }) {
            guard program.status == nil else { throw SceneFailure("ended before \(what): \(program.tail)") }
            guard try await number(sql) != 0 else { return false }
            program.send(SIGSTOP)
            // What it had under way at the server may have ended the moment meanwhile.
            if try await number(sql) != 0 { return true }
            program.send(SIGCONT)
            return false
        }
    }
}
