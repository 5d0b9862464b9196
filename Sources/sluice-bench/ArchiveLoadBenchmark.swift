import PaymentCore
import PostgresClient

/// A load of intake, submit and poll, by turns with and without the archiver at work beside it: what archiving costs
/// those who do not archive.
///
/// The archiver is the program as a night starts it, with its default pace, on days that are past their age.
struct ArchiveLoadBenchmark: Sendable {
    private static let database = "loaded"
    private static let days = 40
    /// Before a half is measured, what was before it runs out, and its own company begins.
    private static let runUp: Duration = .seconds(3)
    /// All of it is over; its budget is, or a signal came.
    private static let endings: Set<Int32> = [0, 3, 5]

    /// Of all days together that are to leave: as many as nobody archives in all the halves.
    let orders: Int
    let pairs: Int
    let half: Duration

    /// When a half was measured, on the database's clock.
    private struct Window: Sendable {
        let from: Int64
        let to: Int64
    }

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            try PaymentLoad.prepare(scene)
            try await scene.makeDatabase(Self.database)
            try await fill(scene)
            let pool = scene.pool(Self.database, connections: 2)
            do {
                let report = try await measure(scene, pool)
                await pool.close()
                return report
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    private func fill(_ scene: BenchmarkScene) async throws {
        try await scene.execute(Self.database, AgedDays.statements(past: Self.days))
        let first = try await scene.number(
            Self.database,
            "SELECT (\(AgedDays.first(past: Self.days)) - date '1970-01-01')::bigint"
        )
        for index in 0..<Self.days {
            let day = BusinessDate(daysSince1970: Int32(first) + Int32(index))
            let seed = ArchiveSeed(day: day, orders: orders / Self.days, batch: Int64(index) + 1)
            try await scene.execute(Self.database, seed.everything)
        }
        // The files that come now have numbers behind these.
        try await scene.execute(
            Self.database,
            "SELECT setval(pg_get_serial_sequence('sluice.batch_file', 'batch_id'), 1000)"
        )
        try await scene.withoutTransaction(Self.database, "VACUUM (FREEZE, ANALYZE)")
        try await scene.checkpoint()
    }

    private func measure(_ scene: BenchmarkScene, _ pool: PostgresPool) async throws -> BenchmarkReport {
        let load = try await PaymentLoad.start(scene, database: Self.database)
        let windows: [(alone: Window, beside: Window)]
        do {
            windows = try await withThrowingTaskGroup(of: [(alone: Window, beside: Window)]?.self) { group in
                group.addTask {
                    try await load.feed(pool)
                    return nil
                }
                group.addTask { try await halves(scene, pool) }
                // The load ends only by a failure.
                let first = try await group.next() ?? nil
                group.cancelAll()
                try await group.waitForAll()
                guard let first else { throw BenchmarkFailure("the load ended by itself") }
                return first
            }
        } catch {
            await load.stop()
            throw error
        }
        await load.stop()
        var compared = LoadHalves()
        for pair in windows {
            compared.add(alone: try await done(in: pair.alone, pool), beside: try await done(in: pair.beside, pool))
        }
        var report = compared.report
        let left = try await scene.number(
            pool,
            "SELECT coalesce(sum(row_count), 0)::bigint FROM sluice.archive_manifest"
        )
        report.notes.append("archive: \(Figure.grouped(left)) rows of five tables counted or gone meanwhile")
        return report
    }

    private func halves(_ scene: BenchmarkScene, _ pool: PostgresPool) async throws -> [(alone: Window, beside: Window)]
    {
        // The first seconds have nothing to ask for yet.
        try await ContinuousClock().sleep(for: Self.runUp + Self.runUp)
        var windows: [(alone: Window, beside: Window)] = []
        for pair in 0..<pairs {
            if pair % 2 == 0 {
                let alone = try await window(scene, pool)
                guard let beside = try await windowBesideArchiver(scene, pool) else { break }
                windows.append((alone, beside))
            } else {
                guard let beside = try await windowBesideArchiver(scene, pool) else { break }
                windows.append((try await window(scene, pool), beside))
            }
        }
        guard windows.count >= min(pairs, LoadHalves.pairsToJudge) else {
            throw BenchmarkFailure("nothing was left to archive after \(windows.count) pairs of halves")
        }
        return windows
    }

    /// Nil when the archiver had nothing left to do before the half was over.
    private func windowBesideArchiver(_ scene: BenchmarkScene, _ pool: PostgresPool) async throws -> Window? {
        let archiver = try RunningProgram(
            ProgramRun.sluice,
            ["archive", "run", "--json"],
            environment: scene.variables(Self.database, role: "sluice_archiver"),
            folder: scene.folder
        )
        do {
            let window = try await window(scene, pool)
            let wasAtWork = archiver.isRunning
            archiver.terminate()
            let end = await archiver.end()
            guard Self.endings.contains(end.status) else {
                throw BenchmarkFailure("the archiver ended with code \(end.status): \(end.log.suffix(2_000))")
            }
            return wasAtWork || pairs < LoadHalves.pairsToJudge ? window : nil
        } catch {
            archiver.terminate()
            _ = await archiver.end()
            throw error
        }
    }

    private func window(_ scene: BenchmarkScene, _ pool: PostgresPool) async throws -> Window {
        let now = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
        try await ContinuousClock().sleep(for: Self.runUp)
        let from = try await scene.number(pool, now)
        try await ContinuousClock().sleep(for: half)
        return Window(from: from, to: try await scene.number(pool, now))
    }

    /// What became final between two moments: orders, and for each submission the time since its intent.
    private func done(in window: Window, _ pool: PostgresPool) async throws -> LoadHalf {
        let between = "BETWEEN to_timestamp(\(window.from) / 1e6) AND to_timestamp(\(window.to) / 1e6)"
        let (orders, spans) = try await pool.transaction("half", deadline: .seconds(600)) { transaction in
            let orders = try transaction.query(
                "SELECT count(*) FROM sluice.payment_order WHERE decided_at \(between)"
            ).first?.int64(0)
            let spans = try transaction.query(
                """
                SELECT (extract(epoch FROM settled_at - intended_at) * 1000000)::bigint FROM sluice.submission
                WHERE settled_at \(between)
                """
            ).map { try $0.int64(0) }
            return (orders ?? 0, spans)
        }
        guard !spans.isEmpty, orders > 0 else { throw BenchmarkFailure("the load did nothing in a half") }
        return LoadHalf(
            ordersPerSecond: Double(orders) * 1_000_000 / Double(window.to - window.from),
            p99: Distribution(spans).p99
        )
    }
}
