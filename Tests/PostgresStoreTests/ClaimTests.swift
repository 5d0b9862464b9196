import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

struct `A claim on PostgreSQL` {
    private static let specification = [UInt8](repeating: 0x51, count: 32)

    private static func lane(_ channel: String, _ lane: Lane, limit: Int) -> LaneClaim {
        LaneClaim(
            channel: ChannelName(channel),
            lane: lane,
            specificationSHA256: specification,
            lease: .minutes(5),
            limit: limit
        )
    }

    private static func activate(_ channel: String, slots: Int, in store: SQLStore) async throws {
        try await store.activateChannel(
            ChannelActivation(
                channel: ChannelName(channel),
                environmentClass: .test,
                specificationSHA256: specification,
                submitSlots: slots,
                querySlots: slots
            )
        )
    }

    /// Puts due chunks of fresh orders into a submit lane; nothing but the claim ever reads them.
    private static func fill(_ channel: String, chunks: Int, orders: Int, _ database: TestDatabase) async throws {
        try await database.execute(
            """
            INSERT INTO sluice.work_chunk (batch_id, business_date, chunk_no, direction, channel, lane, kind, line_nos,
                due_at)
            SELECT 1, current_date, n, 'payout', $1, 'submit', 'submit',
                ARRAY(SELECT generate_series(n * $3, n * $3 + $3 - 1)), now()
            FROM generate_series(1, $2) AS n
            """,
            [.text(channel), .int32(Int32(chunks)), .int32(Int32(orders))]
        )
    }

    /// What the claimers hold, and what was wrong about it.
    private final class Ledger: Sendable {
        let books = Mutex(Books())
    }

    private struct Books: Sendable {
        var held: [ChannelName: Set<Int64>] = [:]
        var heldMost: [ChannelName: Int] = [:]
        var done: Set<Int64> = []
        var wrongs: [String] = []

        mutating func take(_ chunk: ClaimedChunk, slots: [ChannelName: Int]) {
            if done.contains(chunk.chunkIdentifier) { wrongs.append("chunk \(chunk.chunkIdentifier) came again") }
            let isNew = held[chunk.channel, default: []].insert(chunk.chunkIdentifier).inserted
            if !isNew { wrongs.append("chunk \(chunk.chunkIdentifier) is held twice") }
            let count = held[chunk.channel]?.count ?? 0
            heldMost[chunk.channel] = max(heldMost[chunk.channel] ?? 0, count)
            if count > slots[chunk.channel] ?? 0 { wrongs.append("\(count) chunks of \(chunk.channel) are out") }
        }

        mutating func giveBack(_ chunk: ClaimedChunk) {
            held[chunk.channel]?.remove(chunk.chunkIdentifier)
            done.insert(chunk.chunkIdentifier)
        }
    }

    @Test func `of one among two hundred never takes a lane beyond its slots, and nothing is left over`() async throws {
        let database = try await TestDatabase.make()
        let slots = [ChannelName("harbor"): 7, ChannelName("meridian"): 3]
        let chunks = 150
        for (channel, count) in slots {
            try await Self.activate(channel.value, slots: count, in: database.store)
            try await Self.fill(channel.value, chunks: chunks, orders: 1, database)
        }
        let ledger = Ledger()
        let store = database.store
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                let worker = WorkerIdentifier("claimer-\(number)")
                group.addTask {
                    while ledger.books.withLock({ $0.done.count < 2 * chunks && $0.wrongs.isEmpty }) {
                        let claim = ChunkClaim(
                            worker: worker,
                            lanes: [
                                Self.lane("harbor", .submit, limit: 2), Self.lane("meridian", .submit, limit: 2),
                            ]
                        )
                        let taken = try await store.claimChunks(claim)
                        ledger.books.withLock { books in
                            for chunk in taken { books.take(chunk, slots: slots) }
                        }
                        for chunk in taken {
                            // Out of the books before the slot is free: so that the books never show too few.
                            await Task.yield()
                            ledger.books.withLock { $0.giveBack(chunk) }
                            try await store.releaseChunk(chunk, next: .finish)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let books = ledger.books.withLock { $0 }
        #expect(books.wrongs.isEmpty, "\(books.wrongs.prefix(5))")
        #expect(books.done.count == 2 * chunks)
        #expect(books.heldMost.values.allSatisfy { $0 > 1 }, "the claimers met one another: \(books.heldMost)")
        #expect(try await database.number("SELECT count(*) FROM sluice.work_chunk") == 0)
        #expect(try await database.number("SELECT count(*) FROM sluice.channel_slot WHERE held_until IS NOT NULL") == 0)
        await database.close()
    }

    /// A claim must not pay for what waits elsewhere, nor for what waits behind it on its own lane.
    @Test(arguments: [false, true])
    func `reads a few rows of the work table, whatever waits there`(_ isAnalyzed: Bool) async throws {
        let database = try await TestDatabase.make()
        for channel in ["backlog", "busy"] { try await Self.activate(channel, slots: 4, in: database.store) }
        try await Self.fill("backlog", chunks: 20_000, orders: 500, database)
        try await Self.fill("busy", chunks: 50, orders: 1, database)
        if isAnalyzed { try await database.execute("ANALYZE sluice.work_chunk") }
        // One connection, so that its own counts can be told to the server before they are asked for.
        let pool = PostgresPool(
            configuration: PostgresConfiguration(
                uri: database.uri,
                applicationName: "test-claim"
            ),
            connectionsMax: 1
        )
        guard let keys = TestDatabase.keys else { throw TestFailure("the test's keys are unfit") }
        let store = SQLStore(pool: pool, keys: keys)
        func rowsRead() async throws -> (byIndex: Int64, byScan: Int64) {
            try await pool.transaction("flush") { _ = try $0.query("SELECT pg_stat_force_next_flush()") }
            return try await pool.transaction("rows read") { transaction in
                let rows = try transaction.query(
                    """
                    SELECT coalesce(idx_tup_fetch, 0), seq_tup_read FROM pg_stat_user_tables
                    WHERE schemaname = 'sluice' AND relname = 'work_chunk'
                    """
                )
                guard let row = rows.first else { throw TestFailure("the server counts nothing") }
                return (try row.int64(0), try row.int64(1))
            }
        }
        let claims = [
            [Self.lane("busy", .submit, limit: 4)], [Self.lane("backlog", .submit, limit: 4)],
            [
                Self.lane("busy", .query, limit: 4), Self.lane("backlog", .query, limit: 4),
                Self.lane("busy", .submit, limit: 4), Self.lane("backlog", .submit, limit: 4),
            ],
        ]
        for lanes in claims {
            let before = try await rowsRead()
            let chunks = try await store.claimChunks(ChunkClaim(worker: WorkerIdentifier("w"), lanes: lanes))
            let after = try await rowsRead()
            #expect(chunks.count == 4 * lanes.count { $0.lane == .submit })
            #expect(after.byScan == before.byScan, "no scan of the table")
            let read = after.byIndex - before.byIndex
            #expect((1...80).contains(read), "\(read) rows for \(chunks.count) chunks")
            for chunk in chunks { try await store.releaseChunk(chunk, next: .schedule(.submit, after: .zero)) }
        }
        await pool.close()
        await database.close()
    }
}
