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
    }

    /// What bringing a database to this program's schema did.
    package struct Migrated: Sendable {
        /// The numbers of the migrations applied now.
        package let applied: [Int32]
        package let merchants: Int
    }

    package let configuration: Configuration
    package let catalogue: Catalogue
    package let pool: PostgresPool
    package let store: SQLStore
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
        let catalogue = try catalogue ?? (needs.isEmpty ? empty : Catalogue.load(configuration))
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
        let pool = try Self.pool(configuration)
        let deployment = Deployment(
            configuration: configuration,
            catalogue: catalogue,
            pool: pool,
            store: SQLStore(pool: pool, keys: keys),
            logger: Self.logger(configuration),
            needs: needs,
            clock: clock,
            transport: transport,
            alarmSinks: alarmSinks
        )
        do {
            try await deployment.checkDatabase()
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
    }

    /// An engine of its own identity, for a worker or a run; one a process and start.
    ///
    /// Without `.channels` its stages `submit` and `poll` must not be run: no channel can be reached.
    package func engine() -> Engine {
        precondition(needs.contains(.keys), "an engine reads and writes personal data")
        let seed = SecureRandom.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var engine = Engine(
            store: store,
            configuration: catalogue.engineConfiguration(
                limits: configuration.limits,
                dayCeilings: configuration.dayCeilings
            ),
            transport: transport,
            clock: clock,
            random: SeededRandom(seed: seed),
            worker: WorkerIdentifier(Hexadecimal.encode(SecureRandom.bytes(16))),
            logger: logger
        )
        engine.alarmSinks = alarmSinks
        engine.archiving = archivingStage(worker: engine.worker)
        engine.connectionShare = Engine.ConnectionShare(
            connections: Int32(configuration.database.connections),
            budget: configuration.database.connectionBudget
        )
        return engine
    }

    /// What takes days past their age to the history.
    package func archivingStage(worker: WorkerIdentifier) -> ArchivingStage {
        let seed = SecureRandom.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        var archive = store
        archive.beforeSwapCommit = configuration.faults?.passing(.archiveSwapSent)
        return ArchivingStage(
            store: archive,
            alarms: store,
            configuration: ArchiveConfiguration(),
            clock: clock,
            random: SeededRandom(seed: seed),
            worker: worker,
            logger: logger
        )
    }

    /// Why nothing is activated in class production (R16).
    package static let activationTakesTwoPeople = CommandFailure(
        "nothing is activated: in class production an activation takes two people (R16)",
        mend: "the two-person activation comes with the review work",
        status: .configuration
    )

    /// Makes the file's version of a channel's specification the one that workers use, with its slots (R16).
    ///
    /// Throws `CommandFailure` in class production, where that takes two people.
    package func activate(_ channel: ChannelName) async throws -> ChannelSpecification {
        guard configuration.environment.environmentClass == .test else {
            throw Self.activationTakesTwoPeople
        }
        guard let specification = catalogue.channels[channel] else {
            let known = catalogue.channels.keys.sorted().map(\.value).joined(separator: ", ")
            throw CommandFailure(
                "there is no channel \(channel) in \(configuration.directory)/channels",
                mend: known.isEmpty ? "add its specification" : "name one of: \(known)",
                status: .configuration
            )
        }
        try await store.activateChannel(
            ChannelActivation(
                channel: channel,
                environmentClass: specification.environmentClass,
                specificationSHA256: specification.sha256,
                submitSlots: specification.concurrency.submit,
                querySlots: specification.concurrency.query,
                submitInterval: specification.rate.submit,
                queryInterval: specification.rate.query,
                breaker: specification.breaker
            )
        )
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

    /// Brings the database to this program's schema, stamps the environment and registers the merchants.
    package static func migrate(_ configuration: Configuration, catalogue: Catalogue? = nil) async throws -> Migrated {
        let merchants = try (catalogue ?? Catalogue.load(configuration)).merchants.values.sorted {
            $0.number < $1.number
        }
        let pool = try pool(configuration)
        do {
            let applied = try await Migrator(pool: pool).migrate(environment: configuration.environment)
            try await SQLStore(pool: pool, keys: .closed()).registerMerchants(
                merchants.map {
                    MerchantRegistration(
                        number: $0.number,
                        title: $0.title,
                        databaseRole: $0.databaseRole,
                        resultDueAfter: $0.resultDueAfter
                    )
                }
            )
            await pool.close()
            return Migrated(applied: applied, merchants: merchants.count)
        } catch {
            await pool.close()
            throw error
        }
    }

    /// A pool on the configured database; the caller closes it.
    package static func pool(_ configuration: Configuration) throws -> PostgresPool {
        let postgres = PostgresConfiguration(
            uri: try configuration.databaseURL(),
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
        return PostgresPool(configuration: postgres, connectionsMax: configuration.database.connections)
    }

    /// The log of this process: JSON lines on standard error.
    package static func logger(_ configuration: Configuration) -> Logger {
        Logger(label: "sluice") { _ in JSONLogHandler(level: configuration.logLevel) }
    }

    private func checkDatabase() async throws {
        let applied = try await Migrator(pool: pool).appliedMigrations()
        let missing = Migrator.migrations.filter { applied[$0.number] == nil }
        guard missing.isEmpty else {
            throw CommandFailure(
                "the database lacks \(missing.count) of \(Migrator.migrations.count) migrations",
                mend: "run: sluice db migrate",
                status: .configuration
            )
        }
        let stamp = try await store.environment()
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
