import BatchFiles
import ChannelKit
import ChannelSimulator
import Cryptography
import EmbeddedPostgres
import Foundation
import Logging
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Transcoding

/// One small deployment in one test process: a cluster, simulated channels, and engines that work on them.
final class EngineScene: Sendable {
    static let environment = EnvironmentStamp(name: "test", environmentClass: .test)
    static let merchant = MerchantNumber("MER-1")

    let server: EmbeddedCluster
    let owner: PostgresPool
    let store: SQLStore
    let pool: PostgresPool
    let simulator: ChannelSimulatorServer
    let configuration: EngineConfiguration
    let directory: String
    /// The key with which personal data is sealed, under id 1.
    let dataKey: [UInt8]
    private let endpoints: [ResolvedEndpoint]

    /// `plan`: what the simulated company does wrong; both channels the same, which take `currency`.
    static func make(
        plan: BehaviourPlan = BehaviourPlan(),
        holdMilliseconds: Int64 = 3_000,
        currency: Currency = .cny,
        bankCodeForm: BankCodeForm = .cnaps
    ) async throws -> EngineScene {
        let directory = NSTemporaryDirectory() + "sluice-scene-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let server = try EmbeddedCluster.start()
        let administrator = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(), applicationName: "test"),
            connectionsMax: 1
        )
        try await administrator.withoutTransaction("create", deadline: .seconds(30), "CREATE DATABASE sluice")
        await administrator.close()
        let owner = PostgresPool(
            configuration: PostgresConfiguration(uri: server.uri(database: "sluice"), applicationName: "test-owner"),
            connectionsMax: 2
        )
        _ = try await Migrator(pool: owner).migrate(environment: environment)
        let dataKey = SecureRandom.bytes(32)
        let keys = try KeyRing(
            currentIdentifier: 1,
            keys: [1: dataKey],
            searchKey: SecureRandom.bytes(32)
        )
        try await SQLStore(pool: owner, keys: keys).registerMerchants([
            MerchantRegistration(number: merchant, title: "Test", databaseRole: nil, resultDueAfter: .hours(1))
        ])
        let pool = PostgresPool(
            configuration: PostgresConfiguration(
                uri: server.uri(database: "sluice", user: "sluice_worker"),
                applicationName: "test-worker"
            ),
            connectionsMax: 8
        )
        let store = SQLStore(pool: pool, keys: keys)
        return try await EngineScene(
            server: server,
            owner: owner,
            pool: pool,
            store: store,
            directory: directory,
            dataKey: dataKey,
            plan: plan,
            holdMilliseconds: holdMilliseconds,
            currency: currency,
            bankCodeForm: bankCodeForm
        )
    }

    private init(
        server: EmbeddedCluster,
        owner: PostgresPool,
        pool: PostgresPool,
        store: SQLStore,
        directory: String,
        dataKey: [UInt8],
        plan: BehaviourPlan,
        holdMilliseconds: Int64,
        currency: Currency,
        bankCodeForm: BankCodeForm
    ) async throws {
        self.server = server
        self.owner = owner
        self.pool = pool
        self.store = store
        self.directory = directory
        self.dataKey = dataKey
        let root = Self.root
        func text(of channel: String) throws -> String {
            try String(contentsOfFile: "\(root)/Config/demo/channels/\(channel).yaml", encoding: .utf8)
                .replacingOccurrences(of: "currencies: [CNY]", with: "currencies: [\(currency.code)]")
        }
        var channels: [SimulatorConfiguration.Channel] = []
        for name in ["harbor", "meridian"] {
            channels.append(
                SimulatorConfiguration.Channel(
                    description: try ChannelDescription.read(try text(of: name), file: name),
                    secret: Secret("secret-of-\(name)"),
                    plan: plan
                )
            )
        }
        var simulation = SimulatorConfiguration(seed: 7, truthFile: "\(directory)/truth.jsonl", channels: channels)
        simulation.holdMilliseconds = holdMilliseconds
        simulator = try ChannelSimulatorServer.start(simulation)
        var specifications: [ChannelName: ChannelSpecification] = [:]
        var endpoints: [ResolvedEndpoint] = []
        for name in ["harbor", "meridian"] {
            let specification = try ChannelSpecification.parse(Array(try text(of: name).utf8), file: name)
            specifications[specification.name] = specification
            endpoints.append(
                try specification.resolve(environment: [
                    "SLUICE_CHANNEL_\(name.uppercased())_URL": "http://127.0.0.1:\(simulator.ports[name] ?? 0)",
                    "SLUICE_CHANNEL_\(name.uppercased())_SECRET": "secret-of-\(name)",
                ])
            )
            try await store.activateChannel(
                ChannelActivation(
                    channel: specification.name,
                    environmentClass: .test,
                    specificationSHA256: specification.sha256,
                    submitSlots: specification.concurrency.submit,
                    querySlots: specification.concurrency.query
                )
            )
        }
        self.endpoints = endpoints
        configuration = EngineConfiguration(
            formats: [
                "payout-csv": DeclaredFormat(.delimited(try Self.layout())),
                "payout-iso": DeclaredFormat(.iso20022(try Self.messageLayout())),
                // Whenever the tests run: the dates in their files say nothing.
                "payout-nacha": DeclaredFormat(
                    .nacha(try NACHALayout(name: "payout-nacha", direction: .payout, effectiveDate: .any))
                ),
            ],
            merchants: [
                Self.merchant: MerchantProfile(
                    number: Self.merchant,
                    title: "Test",
                    databaseRole: nil,
                    resultDueAfter: .hours(1),
                    rules: try RecordRules(
                        bankCodeForm: bankCodeForm,
                        severities: [.accountCheckDigit: .quarantine]
                    ),
                    tolerance: FileTolerance(badPerTenThousandMax: 5_000),
                    routes: [
                        .payout: [
                            Route(channel: ChannelName("harbor"), weight: 60),
                            Route(channel: ChannelName("meridian"), weight: 40),
                        ]
                    ]
                )
            ],
            channels: specifications,
            limits: EngineLimits(sliceRecords: 300, chunkOrders: 100, idle: .milliseconds(50))
        )
    }

    func close() async {
        simulator.stop()
        await pool.close()
        await owner.close()
        server.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func engine() throws -> Engine {
        let clock = SystemClock()
        let transport = try HTTPChannelTransport(
            endpoints: endpoints,
            environmentClass: .test,
            now: { clock.now() },
            random: { SecureRandom.bytes($0) }
        )
        return Engine(
            store: store,
            configuration: configuration,
            transport: transport,
            clock: clock,
            random: SeededRandom(seed: 11),
            worker: WorkerIdentifier(Hexadecimal.encode(SecureRandom.bytes(16))),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Queues a payout file of these lines, the head added.
    func queue(
        _ lines: [String],
        name: String = "payout.csv",
        declaredCount: Int64? = nil
    ) async throws -> BatchIdentifier {
        let text = (["order_no,card_no,name,cnaps,amount,remark"] + lines).joined(separator: "\n") + "\n"
        return try await queue(bytes: Array(text.utf8), name: name, declaredCount: declaredCount)
    }

    func queue(
        bytes: [UInt8],
        name: String,
        format: String = "payout-csv",
        businessDate: BusinessDate? = nil,
        declaredCount: Int64? = nil
    ) async throws -> BatchIdentifier {
        try await store.submitBatchFile(
            BatchFileToSubmit(
                merchant: Self.merchant,
                direction: .payout,
                format: format,
                fileName: name,
                environment: "test",
                businessDate: businessDate,
                declaredCount: declaredCount,
                contentSHA256: SHA256.hash(bytes),
                contentBytes: Int64(bytes.count),
                partCount: (bytes.count + 1_048_575) / 1_048_576
            )
        ) { number in Array(bytes[((number - 1) * 1_048_576)..<min(bytes.count, number * 1_048_576)]) }
    }

    /// Works until nothing happens by itself any more.
    func workToRest(_ engine: Engine) async throws { try await work(engine) { try await self.isAtRest() } }

    /// Works until a condition in SQL holds.
    func work(_ engine: Engine, until sql: String) async throws {
        try await work(engine) { try await self.number("SELECT (\(sql))::int") == 1 }
    }

    private func work(_ engine: Engine, until isDone: @escaping @Sendable () async throws -> Bool) async throws {
        let stop = StopSignal()
        try await engine.run(
            stages: Set(Engine.Stage.ofWorkers),
            host: "test",
            processIdentifier: 1,
            stop: stop
        ) {
            for _ in 0..<1_200 {
                if try await isDone() { return }
                try await engine.clock.sleep(for: .milliseconds(100))
            }
            throw SceneFailure("the engine did not come to rest within two minutes")
        }
    }

    func isAtRest() async throws -> Bool {
        try await number(
            """
            SELECT (NOT EXISTS (SELECT FROM sluice.work_chunk)
                AND NOT EXISTS (SELECT FROM sluice.batch_file f WHERE f.state IN ('pending', 'splitting', 'split'))
                AND NOT EXISTS (SELECT FROM sluice.batch_file f WHERE f.state = 'working' AND f.parent_batch_id IS NULL
                    AND NOT EXISTS (SELECT FROM sluice.result_file r WHERE r.batch_id = f.batch_id)))::int
            """
        ) == 1
    }

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

    /// How many orders of a batch are in each state.
    func states(of batch: BatchIdentifier) async throws -> [String: Int64] {
        try await owner.transaction("test") { transaction in
            var states: [String: Int64] = [:]
            for row in try transaction.query(
                "SELECT state, count(*) FROM sluice.payment_order WHERE batch_id = $1 GROUP BY state",
                [.int64(batch.value)]
            ) {
                states[try row.text(0)] = try row.int64(1)
            }
            return states
        }
    }

    /// A line that passes every check.
    static func line(_ number: Int, account: String? = nil, amount: String? = nil, order: String? = nil) -> String {
        let account = account ?? card(number)
        return
            "\(order ?? "N\(1_000_000 + number)"),\(account),Payee "
            + "\(number),102100099996,\(amount ?? "\(10 + number).50"),rent"
    }

    /// A card number of this serial with the check digit that Luhn wants.
    static func card(_ serial: Int, ending: String? = nil) -> String {
        let body = "62220200" + String(1_000_000_000 + serial)
        var sum = 0
        for (index, byte) in body.utf8.reversed().enumerated() {
            let digit = Int(byte) - 48
            sum += index % 2 == 0 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit
        }
        return body + String((10 - sum % 10) % 10)
    }

    static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        while !FileManager.default.fileExists(atPath: url.appendingPathComponent("Package.swift").path) {
            url.deleteLastPathComponent()
        }
        return url.path
    }()

    /// The schemas that the repository ships.
    static func schemas() throws -> ISO20022Schemas {
        let folder = "\(root)/Config/schemas/iso20022"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".xsd") }
        return try ISO20022Schemas(
            files: names.sorted().map { ($0, Array(try Data(contentsOf: URL(filePath: "\(folder)/\($0)")))) }
        )
    }

    private static func messageLayout() throws -> ISO20022Layout {
        try ISO20022Layout(name: "payout-iso", direction: .payout, schemas: try schemas())
    }

    static func layout() throws -> DelimitedLayout {
        try DelimitedLayout(
            name: "payout-csv",
            charset: .utf8,
            separator: UInt8(ascii: ","),
            quote: UInt8(ascii: "\""),
            header: .columnTitles,
            amountUnit: .major,
            defaultCurrency: .cny,
            columns: [
                LayoutColumn(title: "order_no", field: .merchantOrderNumber, isRequired: true),
                LayoutColumn(title: "card_no", field: .accountNumber, isRequired: true),
                LayoutColumn(title: "name", field: .accountName, isRequired: true),
                LayoutColumn(title: "cnaps", field: .bankCode, isRequired: true),
                LayoutColumn(title: "amount", field: .amount, isRequired: true),
                LayoutColumn(title: "remark", field: .purpose),
            ]
        )
    }
}

struct SceneFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
