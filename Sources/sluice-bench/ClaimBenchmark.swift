import PaymentCore
import PostgresClient
import PostgresStore

/// How long a claim takes while millions of orders wait on another lane, and whether that backlog moves it.
///
/// Orders and chunks are real rows, put in by SQL; the claims are the store's own.
struct ClaimBenchmark: Sendable {
    private static let limitMicroseconds: Int64 = 5_000
    private static let database = "claims"
    private static let chunkOrders = 500
    /// Chunks of the lane that is measured.
    private static let ownChunks = 200
    private static let ordersOfFile = 1_000_000
    /// A smaller backlog is only told of.
    private static let backlogToJudge = 1_000_000

    /// Orders that wait on the other lane.
    let backlog: Int
    let claims: Int

    func run() async throws -> BenchmarkReport {
        try await BenchmarkScene.with { scene in
            try await scene.makeDatabase(Self.database)
            let pool = scene.pool(Self.database, role: "sluice_worker", connections: 2)
            do {
                let report = try await measure(scene, store: SQLStore(pool: pool, keys: try scene.keys()))
                await pool.close()
                return report
            } catch {
                await pool.close()
                throw error
            }
        }
    }

    private func measure(_ scene: BenchmarkScene, store: SQLStore) async throws -> BenchmarkReport {
        let quiet = ClaimProbe(store: store, channel: ChannelName("quiet"))
        let busy = ClaimProbe(store: store, channel: ChannelName("busy"))
        try await quiet.activate()
        try await busy.activate()
        try await scene.execute(Self.database, Self.seed(batch: 1, channel: quiet.channel, chunks: Self.ownChunks))
        try await scene.checkpoint()
        // The first claims pay for connections and plans.
        _ = try await quiet.measure(claims: max(1, claims / 10))
        let alone = try await quiet.measure(claims: claims)

        let chunks = backlog / Self.chunkOrders
        let chunksOfFile = Self.ordersOfFile / Self.chunkOrders
        for (index, first) in stride(from: 0, to: chunks, by: chunksOfFile).enumerated() {
            let seed = Self.seed(
                batch: Int64(index) + 2,
                channel: busy.channel,
                chunks: min(chunksOfFile, chunks - first)
            )
            try await scene.execute(Self.database, seed)
        }
        try await scene.checkpoint()
        _ = try await quiet.measure(claims: max(1, claims / 10))
        let beside = try await quiet.measure(claims: claims)
        return report(alone: alone, beside: beside)
    }

    /// One file with its orders, ready, and its chunks, due; triggers are off, as nothing is loaded here.
    private static func seed(batch: Int64, channel: ChannelName, chunks: Int) -> String {
        """
        SET LOCAL session_replication_role = replica;
        INSERT INTO sluice.batch_file (batch_id, merchant_id, direction, format, file_name, environment, business_date,
            content_sha256, content_bytes, part_count, state, record_count, loaded_count, result_due_at)
        OVERRIDING SYSTEM VALUE
        SELECT \(batch), min(merchant_id), 'payout', 'benchmark', 'benchmark', 'benchmark', current_date,
            sha256('\(batch)'), 0, 0, 'working', \(chunks * chunkOrders), \(chunks * chunkOrders),
            now() + interval '1 day'
        FROM sluice.merchant;
        INSERT INTO sluice.payment_order (batch_id, line_no, business_date, state, amount_minor, data_key_id, currency,
            merchant_order_no, bank_code, personal, account_hash)
        SELECT \(batch), n, current_date, 'ready', 10000 + n, 1, 'CNY', 'N' || n, '102100099996',
            decode(repeat('5a', 96), 'hex'), decode(repeat('a5', 16), 'hex')
        FROM generate_series(1, \(chunks * chunkOrders)) AS n;
        INSERT INTO sluice.work_chunk (batch_id, business_date, chunk_no, direction, channel, lane, kind, line_nos,
            due_at)
        SELECT \(batch), current_date, c, 'payout', '\(channel.value)', 'submit', 'submit',
            ARRAY(SELECT n FROM generate_series((c - 1) * \(chunkOrders) + 1, c * \(chunkOrders)) AS n),
            now() - interval '1 minute'
        FROM generate_series(1, \(chunks)) AS c;
        """
    }

    private func report(alone: Distribution, beside: Distribution) -> BenchmarkReport {
        let waiting = "\(Figure.grouped(Int64(backlog))) orders wait on another lane"
        var report = BenchmarkReport()
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "claim while \(waiting)",
                measured: "p99 \(Figure.milliseconds(beside.p99))",
                against: Figure.milliseconds(Self.limitMicroseconds),
                ratio: Double(beside.p99) / Double(Self.limitMicroseconds),
                goal: backlog >= Self.backlogToJudge ? .atMost(1) : .none
            )
        )
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "the same against an empty other lane",
                measured: "median \(Figure.milliseconds(beside.median))",
                against: "median \(Figure.milliseconds(alone.median))",
                ratio: Double(beside.median) / Double(max(1, alone.median)),
                goal: backlog >= Self.backlogToJudge ? .atMost(1.25) : .none
            )
        )
        report.notes.append("claim, other lane empty: \(alone.words)")
        report.notes.append("claim, \(waiting): \(beside.words)")
        return report
    }
}
