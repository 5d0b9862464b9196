import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// On a day of which the server has no statistics, as every day's first file finds it.
@Suite struct `Statements about a chunk's lines` {
    private static let orders: Int32 = 4_000
    private static let lines: ClosedRange<Int32> = 3_901...3_920

    @Test func `read these lines and not the file around them`() async throws {
        let harness = try await PostgresHarness.make(.direct)
        let database = harness.database
        let channel = try await harness.makeChannel(
            specificationSHA256: [UInt8](repeating: 1, count: 32),
            submitSlots: 1,
            querySlots: 1
        )
        let file = try await harness.seedFile(
            orders: Self.orders,
            chunks: [PlannedChunk(channel: channel, lines: Self.lines.map(LineNumber.init))]
        )
        let day = "sluice.payment_order_\(file.businessDate.compact)"
        let isAnalysed = try await database.number(
            "SELECT count(*) FROM pg_class WHERE oid = '\(day)'::regclass AND reltuples >= 0"
        )
        #expect(isAnalysed == 0, "the day has statistics, and proves nothing")

        let chunk = try await Self.chunk(of: file, database)
        // One session, whose reads are counted.
        let pool = PostgresPool(
            configuration: PostgresConfiguration(uri: database.uri, applicationName: "test"),
            connectionsMax: 1
        )
        let store = SQLStore(pool: pool, keys: try #require(TestDatabase.keys))
        let before = try await Self.fetched(pool, day)
        let orders = try await store.ordersToSubmit(of: chunk, limit: 500)
        let after = try await Self.fetched(pool, day)
        #expect(orders.map(\.line.value) == Array(Self.lines))
        #expect((20...40).contains(after - before), "\(after - before) rows were read for 20 lines")
        await pool.close()
        await harness.close()
    }

    private static func chunk(of file: SeededFile, _ database: TestDatabase) async throws -> ClaimedChunk {
        ClaimedChunk(
            chunkIdentifier: try await database.number("SELECT min(chunk_id) FROM sluice.work_chunk"),
            batch: file.batch,
            businessDate: file.businessDate,
            chunkNumber: 1,
            direction: .payout,
            channel: ChannelName("bank-1"),
            kind: .submit,
            lines: lines.map(LineNumber.init),
            submissionsCut: 0,
            submission: nil,
            worker: WorkerIdentifier("reader"),
            epoch: LeaseEpoch(1),
            now: Timestamp(unixMicroseconds: 0)
        )
    }

    /// How many rows of the day all sessions have fetched by its index, this session's included.
    private static func fetched(_ pool: PostgresPool, _ day: String) async throws -> Int64 {
        try await pool.transaction("flush") { _ = try $0.query("SELECT pg_stat_force_next_flush()::text") }
        return try await pool.transaction("fetched") { transaction in
            let rows = try transaction.query(
                "SELECT coalesce(idx_tup_fetch, 0) + coalesce(seq_tup_read, 0) FROM pg_stat_all_tables "
                    + "WHERE relid = '\(day)'::regclass"
            )
            return try rows.first?.int64(0) ?? 0
        }
    }
}
