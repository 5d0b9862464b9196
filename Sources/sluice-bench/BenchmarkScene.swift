import Cryptography
import EmbeddedPostgres
import Foundation
import PostgresClient
import PostgresStore

/// A server, a folder and a configuration of their own, on which one benchmark works.
struct BenchmarkScene: Sendable {
    /// The database from which all others are made: schema, roles and merchants.
    static let template = "sluice_template"
    static let channels = ["harbor", "meridian"]

    let server: EmbeddedCluster
    /// Holds the configuration, the jobs, and what the programs write.
    private let files: BenchmarkFolder
    /// What every program is started with, its database excepted.
    let environment: [String: String]

    var folder: String { files.path }
    var configuration: String { "\(folder)/config" }

    /// Makes a scene, works on it and takes it away; the working directory must be the project's folder.
    static func with<Value>(_ work: (BenchmarkScene) async throws -> Value) async throws -> Value {
        let scene = try BenchmarkScene()
        do {
            try await scene.makeTemplate()
            let value = try await work(scene)
            scene.close()
            return value
        } catch {
            scene.close()
            throw error
        }
    }

    private init() throws {
        files = try BenchmarkFolder()
        environment = files.environment(channels: Self.channels)
        server = try EmbeddedCluster.start(
            EmbeddedCluster.Options(
                settings: ["shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "100"]
            )
        )
    }

    private func close() {
        server.stop()
        files.remove()
    }

    /// Changes a file of the configuration or a job, which must say what is replaced.
    func replace(_ text: String, by other: String, in file: String) throws {
        try files.replace(text, by: other, in: file)
    }

    /// Writes a file beside the configuration.
    func write(_ text: String, to file: String) throws {
        try text.write(toFile: "\(folder)/\(file)", atomically: true, encoding: .utf8)
    }

    func remove(_ file: String) throws { try FileManager.default.removeItem(atPath: "\(folder)/\(file)") }

    private func makeTemplate() async throws {
        try await administrator { pool in
            try await pool.withoutTransaction("create", deadline: .seconds(60), "CREATE DATABASE \(Self.template)")
        }
        try await sluice(["db", "migrate"], database: Self.template, role: "postgres")
    }

    /// A database like another one, whose files are copied; nobody may be connected to that.
    func makeDatabase(_ name: String, like template: String = Self.template) async throws {
        try await administrator { pool in
            try await pool.withoutTransaction(
                "create",
                deadline: .seconds(300),
                "CREATE DATABASE \(name) TEMPLATE \(template) STRATEGY FILE_COPY"
            )
        }
    }

    func dropDatabase(_ name: String) async throws {
        try await administrator { pool in
            try await pool.withoutTransaction("drop", deadline: .seconds(300), "DROP DATABASE \(name) WITH (FORCE)")
        }
    }

    /// Writes everything out, so that what is measured next does not pay for what was done before.
    func checkpoint() async throws {
        try await administrator { try await $0.withoutTransaction("checkpoint", deadline: .seconds(600), "CHECKPOINT") }
    }

    /// A pool of connections to a database.
    func pool(_ database: String, role: String = "postgres", connections: Int = 1) -> PostgresPool {
        PostgresPool(
            configuration: PostgresConfiguration(
                uri: server.uri(database: database, user: role),
                applicationName: "sluice-bench",
                transactionDeadline: .seconds(3_600),
                keepsPlans: true
            ),
            connectionsMax: connections
        )
    }

    /// Runs statements as the owner of everything.
    func execute(_ database: String, _ script: String) async throws {
        let pool = pool(database)
        do {
            try await pool.transaction("script") { try $0.executeScript(script) }
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    /// Runs a statement that cannot be in a transaction, as the owner of everything.
    func withoutTransaction(_ database: String, _ statement: String) async throws {
        let pool = pool(database)
        do {
            try await pool.withoutTransaction("statement", deadline: .seconds(3_600), statement)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    /// The first column of the first row.
    func number(_ database: String, _ sql: String) async throws -> Int64 {
        let pool = pool(database)
        do {
            let number = try await number(pool, sql)
            await pool.close()
            return number
        } catch {
            await pool.close()
            throw error
        }
    }

    /// The first column of the first row, over a pool that is open already.
    func number(_ pool: PostgresPool, _ sql: String) async throws -> Int64 {
        guard let number = try await pool.transaction("number", { try $0.query(sql).first?.int64(0) }) else {
            throw BenchmarkFailure("no row: \(sql)")
        }
        return number
    }

    /// The keys that the scene's programs work with.
    func keys() throws -> KeyRing {
        guard let data = environment["SLUICE_DATA_KEY_1"].flatMap(Hexadecimal.decode),
            let search = environment["SLUICE_SEARCH_KEY"].flatMap(Hexadecimal.decode)
        else { throw BenchmarkFailure("the scene's own keys are gone") }
        return try KeyRing(currentIdentifier: 1, keys: [1: data], searchKey: search)
    }

    /// What a program needs to work on a database.
    func variables(_ database: String, role: String = "sluice_worker") -> [String: String] {
        environment.merging(["SLUICE_DATABASE_URL": server.uri(database: database, user: role)]) { $1 }
    }

    /// Runs the built program to its end.
    @discardableResult
    func sluice(
        _ arguments: [String],
        database: String,
        role: String = "sluice_worker",
        accepted: Set<Int32> = [0]
    ) async throws -> ProgramRun {
        try await ProgramRun.run(
            ProgramRun.sluice,
            arguments,
            environment: variables(database, role: role),
            folder: folder,
            accepted: accepted
        )
    }

    /// Runs commands in one psql session, all in one transaction.
    @discardableResult
    func psql(_ database: String, _ commands: [String]) async throws -> ProgramRun {
        try await ProgramRun.run(
            "\(EmbeddedCluster.binaryDirectory())/psql",
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", "--single-transaction", "-d", server.uri(database: database)]
                + commands.flatMap { ["-c", $0] },
            environment: environment,
            folder: folder
        )
    }

    private func administrator(_ work: (PostgresPool) async throws -> Void) async throws {
        let pool = pool("postgres")
        do {
            try await work(pool)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }
}
