import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// A database whose days leave for the history, and the archiver that takes them there: the only place where the
/// benchmarks know how a day is archived.
struct ArchiveProbe: Sendable {
    /// Pages that are counted or verified at once, as an archiving run does.
    private static let slicePages: Int32 = 2_000
    private static let worker = WorkerIdentifier(String(repeating: "a", count: 32))

    let scene: BenchmarkScene
    let database: String
    /// The oldest live day.
    let first: BusinessDate
    private let owner: PostgresPool
    private let store: SQLStore
    private let lease: ArchiveLease

    /// Makes a database with so many live days, works on it and takes it away.
    ///
    /// `lockWithin`: for how long a step may keep others from a live table, which what measures no lock may set longer:
    /// a commit that waits for the disk is then waited for.
    static func with<Value>(
        _ scene: BenchmarkScene,
        days: Int,
        lockWithin: Duration? = nil,
        _ work: (ArchiveProbe) async throws -> Value
    ) async throws -> Value {
        let database = "archived"
        try await scene.makeDatabase(database)
        let owner = scene.pool(database)
        let archiver = scene.pool(database, role: "sluice_archiver")
        let result: Result<Value, any Error>
        do {
            var store = SQLStore(pool: archiver, keys: try scene.keys())
            store.archiveLockWithin = lockWithin ?? store.archiveLockWithin
            let probe = try await ArchiveProbe(scene, database, owner, store, days: days)
            result = .success(try await work(probe))
        } catch {
            result = .failure(error)
        }
        await archiver.close()
        await owner.close()
        try await scene.dropDatabase(database)
        return try result.get()
    }

    private init(
        _ scene: BenchmarkScene,
        _ database: String,
        _ owner: PostgresPool,
        _ store: SQLStore,
        days: Int
    ) async throws {
        (self.scene, self.database, self.owner, self.store) = (scene, database, owner, store)
        try await scene.execute(database, "CREATE EXTENSION pg_walinspect")
        let known = try await owner.transaction("days") { transaction in
            try transaction.query("SELECT oldest - date '1970-01-01', current_date - oldest FROM sluice.live_days")
                .map { (try $0.int32(0), try $0.int32(1)) }
        }
        guard let (oldest, sinceOldest) = known.first else { throw BenchmarkFailure("there are no live days") }
        first = BusinessDate(daysSince1970: oldest)
        let last = first.advanced(byDays: Int32(days))
        _ = try await store.keepPartitions(until: last)
        // All of them are old enough to leave.
        let lease = try await store.takeArchiveLease(
            worker: Self.worker,
            lease: .hours(12),
            asOf: last.advanced(byDays: sinceOldest + 60)
        )
        guard let lease else { throw BenchmarkFailure("the lease of archiving is somebody's") }
        self.lease = lease
    }

    /// Puts rows in, and leaves their partitions as after a vacuum and a checkpoint.
    func fill(_ statements: String, vacuuming tables: [String]) async throws {
        try await scene.execute(database, statements)
        for table in tables {
            try await scene.withoutTransaction(database, "VACUUM (FREEZE, ANALYZE) sluice.\(table)")
        }
    }

    func execute(_ statements: String) async throws { try await scene.execute(database, statements) }

    /// Runs one statement as the owner of everything; answers how many rows it was about.
    func change(_ statement: String) async throws -> Int64 {
        Int64(try await owner.transaction("change", deadline: .seconds(3_600)) { try $0.execute(statement) })
    }

    // MARK: Whole days

    /// Takes a day of a table to the history by changing its table, and adds what that took.
    func swap(_ table: HeavyTable, _ day: BusinessDate, adding cost: inout ArchiveCost) async throws {
        let key = EntryKey(table: table, day: day, pass: 1)
        cost.change += try await forgotten(key, path: .swap, adding: &cost)
        cost.counting += try await counted(key)
        cost.change += try await logged(adding: &cost) {
            let outcome = try await patiently { try await store.swap(key, openMax: 0, lease) }
            guard outcome == .swapped else { throw BenchmarkFailure("\(key) does not leave: \(outcome.rawValue)") }
        }
        try await close(key, adding: &cost)
        guard let entry = try await store.entries(of: day).last(where: { $0.key == key }), let locked = entry.lockedFor
        else { throw BenchmarkFailure("\(key) has no receipt") }
        cost.longestLock = max(cost.longestLock, locked.microseconds)
        if table == .paymentOrder { cost.orders += entry.rows }
    }

    /// Begins a day: its file can take no more lines.
    func begin(_ day: BusinessDate, adding cost: inout ArchiveCost) async throws {
        cost.change += try await logged(adding: &cost) {
            let refusal = try await store.beginDay(day, cutoff: lease.asOf.advanced(byDays: -28), lease)
            guard refusal == nil else { throw BenchmarkFailure("\(day) does not begin: \(refusal?.rawValue ?? "")") }
        }
    }

    /// Takes the orders of a day to the history one by one, chunk by chunk, and adds what that took.
    func moveDay(_ day: BusinessDate, adding cost: inout ArchiveCost) async throws {
        let key = EntryKey(table: .paymentOrder, day: day, pass: 1)
        try await begin(day, adding: &cost)
        cost.change += try await forgotten(key, path: .rows, adding: &cost)
        cost.counting += try await counted(key)
        cost.change += try await logged(adding: &cost) {
            let outcome = try await patiently { try await store.beginRowDay(key, lease) }
            guard outcome == .moving else { throw BenchmarkFailure("\(key) does not move: \(outcome.rawValue)") }
            try await move(key, from: .liveDay)
            let behind = try await patiently { try await store.endRowDay(key, lease) }
            guard behind == 0 else { throw BenchmarkFailure("\(key): \(behind) rows stayed behind") }
        }
        try await close(key, adding: &cost)
        cost.change += try await logged(adding: &cost) {
            _ = try await store.noteRowsLeft(.paymentOrder, day, lease)
            let isOver = try await patiently { try await store.retire(.paymentOrder, day, leftMax: 0, lease) }
            guard isOver else { throw BenchmarkFailure("\(key): the live day does not end") }
        }
    }

    /// Takes orders of one day out of the carry-over, each hashed on its way, and adds what that took.
    func movePass(_ day: BusinessDate, adding cost: inout ArchiveCost) async throws {
        var begun: EntryKey?
        cost.change += try await logged(adding: &cost) {
            let key = try await patiently { try await store.beginPass(.paymentOrder, day, lease) }
            begun = key
            try await move(key, from: .carryOver)
        }
        guard let begun else { throw BenchmarkFailure("\(day) has no pass") }
        try await close(begun, adding: &cost)
    }

    // MARK: Steps

    /// Forgets an earlier count and begins to note changes; answers how long the latter took.
    private func forgotten(_ key: EntryKey, path: ArchivePath, adding cost: inout ArchiveCost) async throws -> Duration
    {
        while try await !store.forgetCount(key.table, key.day, most: 1_000, lease) {}
        return try await logged(adding: &cost) {
            _ = try await patiently { try await store.prepare(key, path: path, lease) }
            try await store.validate(key.table, key.day, lease)
        }
    }

    private func counted(_ key: EntryKey) async throws -> Duration {
        try await ContinuousClock().measure {
            while try await !store.countSlice(key, pages: Self.slicePages, lease) {}
        }
    }

    private func close(_ key: EntryKey, adding cost: inout ArchiveCost) async throws {
        var found = ArchiveTotals()
        cost.verifying += try await ContinuousClock().measure {
            var block: Int64? = 0
            while let from = block {
                let slice = try await store.verifySlice(key.table, key.day, from: from, pages: Self.slicePages)
                found.add(slice.totals)
                block = slice.nextBlock
            }
        }
        let totals = found
        cost.closing += try await ContinuousClock().measure {
            let holds = try await patiently { try await store.close(key, found: totals, lease) }
            guard holds else { throw BenchmarkFailure("\(key) is not what was counted") }
        }
    }

    private func move(_ key: EntryKey, from source: RowSource) async throws {
        var most = ArchiveRules.firstChunk
        var last: RowKey?
        repeat {
            let began = ContinuousClock.now
            let chunk = try await store.moveRows(key, from: source, after: last, most: Int32(most), lease)
            let took = began.duration(to: .now)
            last = chunk.last
            most = ArchiveRules.nextChunk(
                after: most,
                took: .milliseconds(
                    took.components.seconds * 1_000 + took.components.attoseconds / 1_000_000_000_000_000
                )
            )
        } while last != nil
    }

    /// A step whose lock may be taken by autovacuum: again, as a run does; the time counts.
    private func patiently<Value: Sendable>(_ step: () async throws -> Value) async throws -> Value {
        for _ in 1..<ArchiveRules.lockTries {
            do { return try await step() } catch is ArchiveLockRefused {}
        }
        return try await step()
    }

    /// Runs steps; answers how long they took, and adds what they wrote of the log, which only they write now.
    private func logged(adding cost: inout ArchiveCost, _ steps: () async throws -> Void) async throws -> Duration {
        let position = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"
        let before = try await scene.number(owner, position)
        let took = try await ContinuousClock().measure { try await steps() }
        let after = try await scene.number(owner, position)
        cost.log += after - before
        // The steps do not wait for the disk, and what is not there yet cannot be looked at.
        try await execute("SELECT pg_logical_emit_message(true, 'sluice-bench', '')")
        cost.images += try await scene.number(
            owner,
            """
            SELECT coalesce(sum(fpi_size), 0)::bigint
            FROM pg_get_wal_stats('0/0'::pg_lsn + \(before), '0/0'::pg_lsn + \(after))
            """
        )
        return took
    }
}
