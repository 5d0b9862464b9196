import Logging
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization

/// An archive scene whose lease is free, with runs of the stage on it.
struct ArchiveRunScene {
    let scene: ArchiveScene
    let store: SQLStore
    private let pool: PostgresPool

    /// As many connections as a deployment gives: for the work and for what stands beside it.
    private static let connections = 2

    static func make(files: Int64 = 4) async throws -> ArchiveRunScene {
        let scene = try await ArchiveScene.make(files: files)
        let pool = scene.database.pool(role: "sluice_archiver", connections: connections)
        var store = try SQLStore(pool: pool, keys: .closed())
        store.archiveLockWithin = ArchiveScene.lockWithin
        return ArchiveRunScene(scene: scene, store: store, pool: pool)
    }

    var day: BusinessDate { scene.day }
    var database: TestDatabase { scene.database }

    func close() async {
        await pool.close()
        await scene.close()
    }

    func stage(
        on store: (any ArchiveStore)? = nil,
        as worker: String = "runner",
        clock: ImpatientClock = ImpatientClock(),
        _ change: (inout ArchiveConfiguration) -> Void = { _ in }
    ) -> ArchivingStage {
        var configuration = ArchiveConfiguration()
        // Whatever else the machine does meanwhile.
        configuration.duty = 100
        configuration.limits.walRate = .max
        change(&configuration)
        return ArchivingStage(
            store: store ?? self.store,
            alarms: database.store,
            configuration: configuration,
            clock: clock,
            random: SeededRandom(seed: 3),
            worker: WorkerIdentifier(worker),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// One run of the oldest due day, unless told otherwise, after the scene's own lease was given back.
    func run(
        _ stage: ArchivingStage? = nil,
        days: Int? = 1,
        budget: TimeSpan = .hours(100),
        stop: StopSignal = StopSignal(),
        progress: @escaping @Sendable (ArchiveProgress) -> Void = { _ in }
    ) async throws -> ArchiveReport {
        try await store.releaseArchiveLease(scene.lease)
        let order = ArchiveOrder(asOf: scene.lease.asOf, budget: budget, daysMax: days)
        return try await (stage ?? self.stage()).run(order, stop: stop, progress: progress)
    }

    /// The alarms that were raised, as `kind/code`.
    func alarms() async throws -> [String] {
        try await database.owner.transaction("alarms") { transaction in
            try transaction.query("SELECT kind || '/' || code FROM sluice.alarm ORDER BY alarm_id")
                .map { try $0.text(0) }
        }
    }

    /// Makes the first lines of the nth file open, as if their result had not come.
    func open(lines: Int64, ofFile number: Int64 = 1) async throws {
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET state = 'unknown', cause = NULL, evidence_day = NULL,
                evidence_ordinal = NULL, decided_at = NULL
            WHERE batch_id = \(try await scene.batch(number, on: day)) AND line_no <= \(lines)
            """
        )
    }

    /// Makes every open order final.
    func finish() async throws {
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET state = 'succeeded', evidence_day = business_date, evidence_ordinal = 1,
                decided_at = now() WHERE state = 'unknown'
            """
        )
    }

    /// How many statements sleep.
    func sleeping() async throws -> Int64 {
        try await database.number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"
        )
    }

    /// Which of a day's tables are in history, and proven.
    func closed() async throws -> [HeavyTable] {
        try await store.entries(of: day).filter { $0.state == .closed }.map(\.key.table)
    }
}

/// A clock on which long waits are over at once: what is waited for in tests comes by itself.
final class ImpatientClock: EngineClock {
    private static let longFrom = TimeSpan.seconds(1)
    private let system = SystemClock()
    private let skipped = Mutex(TimeSpan.zero)

    func now() -> Timestamp { system.now().advanced(by: skipped.withLock { $0 }) }

    func bootNanoseconds() -> Int64 { system.bootNanoseconds() + skipped.withLock { $0 }.microseconds * 1_000 }

    func sleep(for span: TimeSpan) async throws {
        guard span >= Self.longFrom else { return try await system.sleep(for: span) }
        skipped.withLock { $0 = $0 + span }
        try Task.checkCancellation()
        await Task.yield()
    }
}

/// Counts calls, from any task.
final class Counter: Sendable {
    private let counts = Mutex<[ArchiveStandIn.Call: Int]>([:])

    /// Which time this is, from 1.
    func next(_ call: ArchiveStandIn.Call) -> Int {
        counts.withLock { counts in
            counts[call, default: 0] += 1
            return counts[call] ?? 0
        }
    }
}
