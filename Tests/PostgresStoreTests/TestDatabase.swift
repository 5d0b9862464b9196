import Cryptography
import EmbeddedPostgres
import Foundation
import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// One cluster a test process, one database a suite or test, made from a migrated template.
final class TestDatabase: Sendable {
    /// How the engine's connections reach the server; the owner's go straight.
    enum Route: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case direct
        /// Through PgBouncer in transaction mode, with fewer sessions than the engine has connections.
        case pooled

        /// What the tests take that do not name one: `SLUICE_TEST_ROUTE`, direct unless told otherwise.
        static let ofRun =
            ProcessInfo.processInfo.environment["SLUICE_TEST_ROUTE"].flatMap(Route.init) ?? .direct

        var testDescription: String { rawValue }
    }

    private struct Cluster: Sendable {
        let server: EmbeddedCluster
        let pooler: EmbeddedPooler
        var databases = 0
    }

    private static let cluster = Mutex<Cluster?>(nil)
    private static let template = "sluice_template"
    static let merchant = MerchantNumber("MER-TEST")
    static let workerConnections = 8
    /// What the pooler opens for the worker's connections together.
    static let pooledSessions = 2
    static let keys = try? KeyRing(
        currentIdentifier: 1,
        keys: [1: [UInt8](repeating: 7, count: 32)],
        searchKey: [UInt8](repeating: 9, count: 32)
    )

    let uri: String
    /// As the owner of everything: for set-up and for looking at rows.
    let owner: PostgresPool
    /// As the engine connects.
    let worker: PostgresPool
    let store: SQLStore
    private let server: EmbeddedCluster
    private let name: String

    static func make(_ route: Route = .ofRun) async throws -> TestDatabase {
        let server = try await shared()
        let number = cluster.withLock { cluster in
            cluster?.databases += 1
            return cluster?.databases ?? 0
        }
        let name = "sluice_test_\(number)"
        let administrator = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(), applicationName: "test"),
            connectionsMax: 1
        )
        try await administrator.withoutTransaction(
            "create database",
            deadline: .seconds(60),
            "CREATE DATABASE \(name) TEMPLATE \(template)"
        )
        await administrator.close()
        return try TestDatabase(server: server, name: name, route: route)
    }

    private init(server: EmbeddedCluster, name: String, route: Route) throws {
        guard let keys = Self.keys else { throw TestFailure("the test's keys are unfit") }
        self.server = server
        self.name = name
        uri = server.uri(database: name)
        owner = PostgresPool(
            configuration: PostgresConfiguration(uri: uri, applicationName: "test-owner"),
            connectionsMax: 2
        )
        worker = PostgresPool(
            configuration: PostgresConfiguration(
                uri: route == .pooled
                    ? try Self.pooler().uri(database: name, user: "sluice_worker")
                    : server.uri(database: name, user: "sluice_worker"),
                applicationName: "test-worker",
                keepsPlans: route == .direct
            ),
            connectionsMax: Self.workerConnections
        )
        store = SQLStore(pool: worker, keys: keys)
    }

    /// A pool of another role.
    func pool(role: String, connections: Int = 1) -> PostgresPool {
        PostgresPool(
            configuration: PostgresConfiguration(
                uri: server.uri(database: name, user: role),
                applicationName: "test-role"
            ),
            connectionsMax: connections
        )
    }

    func close() async {
        await worker.close()
        await owner.close()
    }

    private static func pooler() throws -> EmbeddedPooler {
        guard let pooler = cluster.withLock({ $0?.pooler }) else { throw TestFailure("the pooler does not run") }
        return pooler
    }

    private static func shared() async throws -> EmbeddedCluster {
        if let server = cluster.withLock({ $0?.server }) { return server }
        return try await starter.start()
    }

    /// Starts the cluster once, whoever comes first.
    private static let starter = Starter()

    private actor Starter {
        private var running: Task<EmbeddedCluster, any Error>?

        func start() async throws -> EmbeddedCluster {
            if let running { return try await running.value }
            let task = Task { try await TestDatabase.startCluster() }
            running = task
            return try await task.value
        }
    }

    private static func startCluster() async throws -> EmbeddedCluster {
        var options = EmbeddedCluster.Options()
        options.settings = ["max_connections": "400", "shared_buffers": "256MB"]
        let server = try EmbeddedCluster.start(options)
        let administrator = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(), applicationName: "test"),
            connectionsMax: 1
        )
        try await administrator.withoutTransaction(
            "create database",
            deadline: .seconds(60),
            "CREATE DATABASE \(template)"
        )
        await administrator.close()
        let pool = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(database: template), applicationName: "test"),
            connectionsMax: 1
        )
        _ = try await Migrator(pool: pool).migrate(
            environment: EnvironmentStamp(name: "test", environmentClass: .test)
        )
        guard let keys else { throw TestFailure("the test's keys are unfit") }
        try await SQLStore(pool: pool, keys: keys).registerMerchants([
            MerchantRegistration(
                number: merchant,
                title: "Test merchant",
                databaseRole: nil,
                resultDueAfter: .hours(1)
            )
        ])
        await pool.close()
        let pooler = try EmbeddedPooler.start(
            before: server,
            EmbeddedPooler.Options(sessionsMax: pooledSessions, roles: ["sluice_worker"], idleSeconds: 2)
        )
        cluster.withLock { $0 = Cluster(server: server, pooler: pooler) }
        return server
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

extension TestDatabase {
    /// The store as the owner has it, beside whoever a test is about.
    var ownerStore: SQLStore { get throws { SQLStore(pool: owner, keys: try .closed()) } }

    /// Runs a statement as the owner.
    @discardableResult
    func execute(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int {
        try await owner.transaction("test") { try $0.execute(sql, parameters) }
    }

    /// The first column of the first row, as the owner.
    func number(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> Int64 {
        try await owner.transaction("test") { transaction in
            guard let row = try transaction.query(sql, parameters).first else { throw TestFailure("no row: \(sql)") }
            return try row.int64(0)
        }
    }

    func text(_ sql: String, _ parameters: [PostgresValue] = []) async throws -> String {
        try await owner.transaction("test") { transaction in
            guard let row = try transaction.query(sql, parameters).first else { throw TestFailure("no row: \(sql)") }
            return try row.text(0)
        }
    }

    func today() async throws -> BusinessDate {
        try await owner.transaction("test") { transaction in
            guard let row = try transaction.query("SELECT current_date").first else { throw TestFailure("no date") }
            return BusinessDate(daysSince1970: try row.daysSince1970(0))
        }
    }

    /// Queues a file and takes it through pass 1 as if it were verified, so that it can be loaded.
    func makeSplittingFile(
        records: Int64,
        direction: Direction = .payout,
        name: String = "f.csv",
        date: BusinessDate? = nil,
        worker: WorkerIdentifier
    ) async throws -> ClaimedBatchFile {
        let content = Array("\(name) \(Hexadecimal.encode(SecureRandom.bytes(8)))".utf8)
        _ = try await store.submitBatchFile(
            BatchFileToSubmit(
                merchant: Self.merchant,
                direction: direction,
                format: "test",
                fileName: name,
                environment: "test",
                businessDate: date,
                contentSHA256: SHA256.hash(content),
                contentBytes: Int64(content.count),
                partCount: 1
            )
        ) { _ in content }
        guard let pending = try await store.claimBatchFile(for: .intake, worker: worker, lease: .minutes(5)) else {
            throw TestFailure("the file is not claimed")
        }
        _ = try await store.takePart(1, of: pending)
        let verdict = RecordedVerdict.load(recordCount: records, amountUnreadable: 0)
        let duplicates = DuplicateRules(sameName: .off)
        guard
            try await store.recordVerdict(
                verdict,
                judgedBy: nil,
                of: pending,
                ceilings: AmountCeilings(),
                duplicates: duplicates
            )
        else {
            throw TestFailure("the verdict is not recorded")
        }
        return pending
    }
}

extension SQLStore {
    /// Loads a slice that waits for no other.
    func load(
        _ slice: LoadSlice,
        of file: ClaimedBatchFile,
        turn: LoadTurn = LoadTurn(isGiven: true)
    ) async throws -> LoadOutcome {
        try await load(slice, of: file, turn: turn, duplicates: DuplicateRules())
    }
}
