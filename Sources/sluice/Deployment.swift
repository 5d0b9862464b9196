package import ChannelKit
import Cryptography
import Glibc
package import Logging
package import PaymentCore
package import Pipeline
package import PostgresClient
package import PostgresStore
import Store

/// The parts of one deployment, wired from its configuration: the composition root of all commands.
package struct Deployment: Sendable {
    /// What a command needs beside the database.
    package struct Needs: OptionSet, Sendable {
        package let rawValue: Int

        package init(rawValue: Int) { self.rawValue = rawValue }

        /// The keys of personal data: whoever decrypts or encrypts.
        package static let keys = Needs(rawValue: 1)
        /// Addresses and secrets of all channels: whoever calls them.
        package static let channels = Needs(rawValue: 2)
        /// The role that archives, with connections of its own.
        package static let archive = Needs(rawValue: 4)
    }

    /// What bringing a database to this program's schema did.
    package struct Migrated: Sendable {
        /// The numbers of the migrations applied now.
        package let applied: [Int32]
        package let merchants: Int
        /// Whether the section `review` said something new.
        package let hasNewReviewPolicy: Bool
    }

    package let configuration: Configuration
    package let catalogue: Catalogue
    package let pool: PostgresPool
    package let store: SQLStore
    /// The store as the role that archives has it; nil where nothing is archived.
    private let archiveStore: SQLStore?
    private let archivePool: PostgresPool?
    package let logger: Logger
    private let needs: Needs
    private let clock: SystemClock
    private let transport: HTTPChannelTransport
    private let alarmSinks: [any AlarmSink]

    /// Connects, and refuses a database of another environment (R13) or another schema.
    ///
    /// `catalogue`: layouts, channels and merchants; nil reads them only if the keys or channels are needed, so that a
    /// mistake in one of them keeps nobody from looking at an order.
    ///
    /// Throws `YAMLError`, `ConfigurationError`, `EndpointError` or `CommandFailure` with exit status 2;
    /// `PostgresError`.
    package static func open(
        _ configuration: Configuration,
        catalogue: Catalogue? = nil,
        needs: Needs = []
    ) async throws -> Deployment {
        let empty = Catalogue(formats: [:], channels: [:], merchants: [:])
        let readsCatalogue = !needs.isDisjoint(with: [.keys, .channels])
        let catalogue = try catalogue ?? (readsCatalogue ? Catalogue.load(configuration) : empty)
        let keys = try needs.contains(.keys) ? configuration.keyRing() : KeyRing.closed()
        let clock = SystemClock()
        let endpoints =
            try needs.contains(.channels)
            ? catalogue.channels.values.sorted { $0.name < $1.name }.map {
                try $0.resolve(environment: configuration.variables)
            } : []
        let transport = try HTTPChannelTransport(
            endpoints: endpoints,
            environmentClass: configuration.environment.environmentClass,
            now: { clock.now() },
            random: SecureRandom.bytes,
            beforeFirstByte: configuration.faults?.passing(.beforeFirstByte)
        )
        // Only who works delivers alarms.
        let alarmSinks = try needs.contains(.keys) ? AlarmSinks.make(configuration, clock: clock) : []
        let archivePool = try needs.contains(.archive) ? Self.archivePool(configuration) : nil
        var archiveStore = try archivePool.map { SQLStore(pool: $0, keys: try .closed()) }
        archiveStore?.archiveLockWithin = configuration.archive.lockWithin
        archiveStore?.beforeSwapCommit = configuration.faults?.passing(.archiveSwapSent)
        // Who archives and does nothing else needs no other role.
        let pool = try needs == .archive ? archivePool ?? Self.pool(configuration) : Self.pool(configuration)
        var store = SQLStore(pool: pool, keys: keys)
        store.beforeApprovalCommit = configuration.faults?.passing(.reviewApprovalSent)
        store.afterApprovalCommit = configuration.faults?.passing(.reviewApprovalCommitted)
        let deployment = Deployment(
            configuration: configuration,
            catalogue: catalogue,
            pool: pool,
            store: store,
            archiveStore: archiveStore,
            archivePool: archivePool,
            logger: Self.logger(configuration),
            needs: needs,
            clock: clock,
            transport: transport,
            alarmSinks: alarmSinks
        )
        do {
            try await deployment.checkDatabase(pool)
            if let archivePool, archivePool !== pool { try await deployment.checkDatabase(archivePool) }
        } catch {
            await deployment.close()
            throw error
        }
        return deployment
    }

    /// Opens, works and closes, whatever happens.
    package static func with<Value>(
        _ configuration: Configuration,
        catalogue: Catalogue? = nil,
        needs: Needs = [],
        _ work: (Deployment) async throws -> Value
    ) async throws -> Value {
        let deployment = try await open(configuration, catalogue: catalogue, needs: needs)
        do {
            let value = try await FaultPlan.$current.withValue(configuration.faults) { try await work(deployment) }
            await deployment.close()
            return value
        } catch {
            await deployment.close()
            throw error
        }
    }

    /// Ends calls under way and closes the connections.
    package func close() async {
        transport.shutdown()
        await pool.close()
        if let archivePool, archivePool !== pool { await archivePool.close() }
    }

    /// An engine of its own identity, for a worker or a run; one a process and start.
    ///
    /// Without `.channels` its stages `submit` and `poll` must not be run: no channel can be reached.
    package func engine() -> Engine {
        precondition(needs.contains(.keys), "an engine reads and writes personal data")
        var engine = Engine(
            store: store,
            configuration: catalogue.engineConfiguration(
                limits: configuration.limits,
                dayCeilings: configuration.dayCeilings
            ),
            transport: transport,
            clock: clock,
            random: Self.random(),
            worker: Self.newWorker(),
            logger: logger
        )
        engine.alarmSinks = alarmSinks
        engine.auditHeads = configuration.auditHeadFile.map { AuditHeadKeeping(store: store, heads: $0) }
        if needs.contains(.archive) { engine.archiving = archivingStage(worker: engine.worker) }
        engine.connectionShare = Engine.ConnectionShare(
            connections: Int32(connections),
            budget: configuration.database.connectionBudget
        )
        return engine
    }

    /// Connections of this process, at most.
    private var connections: Int {
        configuration.database.connections + (archivePool == nil ? 0 : ArchiveSettings.connections)
    }

    // MARK: Archiving

    /// The store as the role that archives has it.
    package var archive: SQLStore {
        guard let archiveStore else { preconditionFailure("whoever archives says so among its needs") }
        return archiveStore
    }

    /// Refuses a role that may not archive, before anything is begun.
    package func requireArchiver() async throws {
        guard try await archive.archiveStatus().mayArchive else {
            throw CommandFailure(
                "the role of this database URL may not archive",
                mend: "connect as sluice_archiver: set archive.database_url, or SLUICE_ARCHIVE_DATABASE_URL",
                status: .configuration
            )
        }
    }

    /// What archives; `worker`: of an engine, nil for an identity of its own.
    package func archivingStage(worker: WorkerIdentifier? = nil) -> ArchivingStage {
        let store = archive
        var stage = ArchivingStage(
            store: store,
            alarms: store,
            configuration: configuration.archive.rules,
            clock: clock,
            random: Self.random(),
            worker: worker ?? Self.newWorker(),
            logger: logger
        )
        let retention = ArchiveRetention(stage, store: store, exports: configuration.exportFolder)
        stage.upkeep = { try await retention.keep($0) }
        return stage
    }

    /// The clock of archiving's parts that are no stage.
    package var archivingClock: any EngineClock { clock }

    /// Draws for commands that draw.
    package var random: SeededRandom { Self.random() }

    private static func random() -> SeededRandom {
        SeededRandom(seed: SecureRandom.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private static func newWorker() -> WorkerIdentifier {
        WorkerIdentifier(Hexadecimal.encode(SecureRandom.bytes(16)))
    }

    // MARK: Channels

    /// Makes the file's version of a channel's specification the one that workers use, with its slots (R16).
    ///
    /// The database refuses it in class production, where that takes two people.
    package func activate(_ channel: ChannelName) async throws -> ChannelSpecification {
        let specification = try specification(of: channel)
        try await store.activateChannel(activation(of: channel))
        return specification
    }

    /// What the configuration says of a channel, as an activation.
    func activation(of channel: ChannelName) throws -> ChannelActivation {
        let specification = try specification(of: channel)
        return ChannelActivation(
            channel: channel,
            environmentClass: specification.environmentClass,
            specificationSHA256: specification.sha256,
            submitSlots: specification.concurrency.submit,
            querySlots: specification.concurrency.query,
            submitInterval: specification.rate.submit,
            queryInterval: specification.rate.query,
            breaker: specification.breaker
        )
    }

    private func specification(of channel: ChannelName) throws -> ChannelSpecification {
        guard let specification = catalogue.channels[channel] else {
            let known = catalogue.channels.keys.sorted().map(\.value).joined(separator: ", ")
            throw CommandFailure(
                "there is no channel \(channel) in \(configuration.directory)/channels",
                mend: known.isEmpty ? "add its specification" : "name one of: \(known)",
                status: .configuration
            )
        }
        return specification
    }

    /// Says once which configured channels get no work here, and why.
    package func warnOfInactiveChannels() async throws {
        let active = try await store.channels()
        for specification in catalogue.channels.values.sorted(by: { $0.name < $1.name }) {
            let row = active.first { $0.channel == specification.name }
            guard row?.specificationSHA256 != specification.sha256 else { continue }
            logger.warning(
                row == nil
                    ? "channel is not activated and gets no work; run: sluice channel activate \(specification.name)"
                    : """
                    another version of the channel's specification is active, so this process gets no work of it; \
                    run: sluice channel activate \(specification.name)
                    """,
                metadata: ["channel": "\(specification.name)"]
            )
        }
    }

    /// What a worker is known by beside its identity.
    package static var process: (host: String, identifier: Int32) {
        var name = [CChar](repeating: 0, count: 256)
        let isNamed = gethostname(&name, name.count - 1) == 0
        let host = String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return (isNamed && !host.isEmpty ? host : "unnamed", getpid())
    }

    // MARK: The schema

    /// Brings the database to this program's schema, stamps the environment, registers the merchants and writes how
    /// people work in review.
    package static func migrate(_ configuration: Configuration, catalogue: Catalogue? = nil) async throws -> Migrated {
        let merchants = try (catalogue ?? Catalogue.load(configuration)).merchants.values.sorted {
            $0.number < $1.number
        }
        let pool = try pool(configuration)
        do {
            let applied = try await Migrator(pool: pool).migrate(environment: configuration.environment)
            let store = try SQLStore(pool: pool, keys: .closed())
            try await store.registerMerchants(
                merchants.map {
                    MerchantRegistration(
                        number: $0.number,
                        title: $0.title,
                        databaseRole: $0.databaseRole,
                        resultDueAfter: $0.resultDueAfter
                    )
                }
            )
            let hasNewReviewPolicy = try await store.setReviewPolicy(configuration.review)
            await pool.close()
            return Migrated(
                applied: applied,
                merchants: merchants.count,
                hasNewReviewPolicy: hasNewReviewPolicy
            )
        } catch {
            await pool.close()
            throw error
        }
    }

    /// A pool on the configured database; the caller closes it.
    package static func pool(_ configuration: Configuration) throws -> PostgresPool {
        try pool(
            configuration,
            uri: try configuration.databaseURL(),
            connections: configuration.database.connections
        )
    }

    /// A pool of the role that archives; the caller closes it.
    package static func archivePool(_ configuration: Configuration) throws -> PostgresPool {
        try pool(
            configuration,
            uri: try configuration.archive.databaseURL ?? configuration.databaseURL(),
            connections: ArchiveSettings.connections
        )
    }

    private static func pool(
        _ configuration: Configuration,
        uri: String,
        connections: Int
    ) throws -> PostgresPool {
        let postgres = PostgresConfiguration(
            uri: uri,
            applicationName: "sluice",
            keepsPlans: !configuration.database.isPooled
        )
        // Parsed here for its error: a mistyped address is a mistake of the configuration, not of the server.
        guard (try? postgres.with(database: "sluice")) != nil else {
            throw ConfigurationError(
                "the database's URI cannot be parsed",
                mend: "write it as in postgresql://sluice_worker@host:5432/sluice"
            )
        }
        return PostgresPool(configuration: postgres, connectionsMax: connections)
    }

    /// The log of this process: JSON lines on standard error.
    package static func logger(_ configuration: Configuration) -> Logger {
        Logger(label: "sluice") { _ in JSONLogHandler(level: configuration.logLevel) }
    }

    private func checkDatabase(_ pool: PostgresPool) async throws {
        let applied = try await Migrator(pool: pool).appliedMigrations()
        let missing = Migrator.migrations.filter { applied[$0.number] == nil }
        guard missing.isEmpty else {
            throw CommandFailure(
                "the database lacks \(missing.count) of \(Migrator.migrations.count) migrations",
                mend: "run: sluice db migrate",
                status: .configuration
            )
        }
        let stamp = try await SQLStore(pool: pool, keys: .closed()).environment()
        guard stamp == configuration.environment else {
            throw CommandFailure(
                "the database belongs to environment \(Self.words(stamp)), the configuration says"
                    + " \(Self.words(configuration.environment)) (R13)",
                mend: "connect to the right database, or use the right configuration",
                status: .configuration
            )
        }
    }

    private static func words(_ stamp: EnvironmentStamp?) -> String {
        stamp.map { "\($0.name) (\($0.environmentClass.rawValue))" } ?? "(none)"
    }
}
