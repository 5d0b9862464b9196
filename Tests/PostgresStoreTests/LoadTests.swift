import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

struct `Loading a file` {
    private static let worker = WorkerIdentifier("loader")

    /// `numbers`: those of lines whose number is another.
    private static func slice(
        _ lines: ClosedRange<Int32>,
        prefix: String,
        numbers: [Int32: String] = [:]
    ) -> LoadSlice {
        var slice = LoadSlice(upTo: lines.upperBound)
        for line in lines {
            slice.appendOrder(
                LineNumber(line),
                number: numbers[line] ?? "\(prefix)\(line)",
                bankCode: "102100099996",
                purpose: ""
            )
        }
        return slice
    }

    @Test func `takes each slice once, in order, and none after the split`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 20, worker: Self.worker)
        let first = Self.slice(1...10, prefix: "A")
        #expect(try await database.store.load(first, of: file) == .loaded(duplicates: 0))
        await #expect(throws: (any Error).self, "the same slice again") {
            try await database.store.load(first, of: file)
        }
        await #expect(throws: (any Error).self, "a slice that leaves a gap") {
            try await database.store.load(Self.slice(12...20, prefix: "A"), of: file)
        }
        #expect(try await database.number("SELECT count(*) FROM sluice.payment_order") == 10)
        #expect(try await database.store.load(Self.slice(11...20, prefix: "A"), of: file) == .loaded(duplicates: 0))
        #expect(try await database.store.finishLoading(file) == .split)
        #expect(try await database.store.load(Self.slice(21...30, prefix: "A"), of: file) == .stale)
        #expect(try await database.number("SELECT count(*) FROM sluice.payment_order") == 20)
        await database.close()
    }

    @Test func `is refused to a worker whose lease was taken over`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 10, worker: Self.worker)
        try await database.execute("UPDATE sluice.batch_file SET due_at = now(), lease_until = now()")
        let taken = try await database.store.claimBatchFile(
            for: .intake,
            worker: WorkerIdentifier("other"),
            lease: .minutes(1)
        )
        #expect(taken?.id == file.id)
        #expect(try await database.store.load(Self.slice(1...10, prefix: "A"), of: file) == .stale)
        #expect(try await database.number("SELECT count(*) FROM sluice.payment_order") == 0)
        await database.close()
    }

    @Test func `comes up again at once when the worker frees what it holds of this stage, and nothing of others`()
        async throws
    {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 10, worker: Self.worker)
        let other = WorkerIdentifier("other")
        for (stage, worker) in [(FileStage.planning, Self.worker), (.settlement, Self.worker), (.intake, other)] {
            #expect(try await database.store.freeBatchFiles(of: worker, for: stage) == 0)
        }
        #expect(try await database.store.renewBatchFile(file, lease: .minutes(1)))
        #expect(try await database.store.freeBatchFiles(of: Self.worker, for: .intake) == 1)
        #expect(try await database.store.load(Self.slice(1...10, prefix: "A"), of: file) == .stale)
        let again = try await database.store.claimBatchFile(for: .intake, worker: other, lease: .minutes(1))
        #expect(again?.id == file.id)
        #expect(try await database.store.freeBatchFiles(of: Self.worker, for: .intake) == 0)
        await database.close()
    }

    @Test func `sets a number aside that the file, or an earlier one, has taken`() async throws {
        let database = try await TestDatabase.make()
        let earlier = try await database.makeSplittingFile(records: 2, name: "a.csv", worker: Self.worker)
        #expect(try await database.store.load(Self.slice(1...2, prefix: "E"), of: earlier) == .loaded(duplicates: 0))
        let file = try await database.makeSplittingFile(records: 4, name: "b.csv", worker: Self.worker)
        let slice = Self.slice(1...4, prefix: "N", numbers: [2: "N1", 4: "E2"])
        #expect(try await database.store.load(slice, of: file) == .loaded(duplicates: 2))
        let reasons = try await database.text(
            """
            SELECT string_agg(line_no || ' ' || (reasons -> 0 ->> 'code'), ', ' ORDER BY line_no)
            FROM sluice.quarantine_record WHERE batch_id = $1
            """,
            [.int64(file.id.value)]
        )
        #expect(reasons == "2 duplicate_in_file, 4 duplicate_of_earlier_file")
        await database.close()
    }

    @Test func `takes over a number that a cancelled order has given back`() async throws {
        let database = try await TestDatabase.make()
        let earlier = try await database.makeSplittingFile(records: 1, name: "a.csv", worker: Self.worker)
        _ = try await database.store.load(Self.slice(1...1, prefix: "E"), of: earlier)
        _ = try await database.store.finishLoading(earlier)
        #expect(try await database.number("SELECT sluice.cancel_order($1)", [.int64(earlier.id.value)]) == 1)
        let file = try await database.makeSplittingFile(records: 1, name: "b.csv", worker: Self.worker)
        #expect(try await database.store.load(Self.slice(1...1, prefix: "E"), of: file) == .loaded(duplicates: 0))
        let owner = try await database.text(
            "SELECT state || ' ' || batch_id FROM sluice.order_number_registry WHERE order_no = 'E1'"
        )
        #expect(owner == "order \(file.id)")
        await database.close()
    }

    @Test func `gives a number that two files carry at once to exactly one of them`() async throws {
        let database = try await TestDatabase.make()
        var files: [ClaimedBatchFile] = []
        for name in ["a.csv", "b.csv"] {
            files.append(try await database.makeSplittingFile(records: 500, name: name, worker: Self.worker))
        }
        let reversed = Dictionary(uniqueKeysWithValues: (Int32(1)...500).map { ($0, "S\(501 - $0)") })
        let other = Self.slice(1...500, prefix: "S", numbers: reversed)
        async let first = database.store.load(Self.slice(1...500, prefix: "S"), of: files[0])
        async let second = database.store.load(other, of: files[1])
        let outcomes = try await [first, second]
        #expect(Set(outcomes) == [.loaded(duplicates: 0), .loaded(duplicates: 500)])
        #expect(try await database.number("SELECT count(*) FROM sluice.payment_order") == 500)
        #expect(try await database.number("SELECT count(*) FROM sluice.quarantine_record") == 500)
        await database.close()
    }

    @Test func `commits slices that are asked for at once in their order`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 400, worker: Self.worker)
        let store = database.store
        let turns = [LoadTurn(isGiven: true)] + (1...8).map { _ in LoadTurn() }
        // Two at a time as intake asks for them; the number of line 101 is that of line 100, in the slice before.
        try await withThrowingTaskGroup(of: LoadOutcome.self) { group in
            for number in Int32(0)..<8 {
                let lines = number * 50 + 1...number * 50 + 50
                let slice = Self.slice(lines, prefix: "A", numbers: [101: "A100"])
                if number >= 2 { _ = try await group.next() }
                let turn = turns[Int(number)]
                let next = turns[Int(number) + 1]
                group.addTask {
                    let outcome = try await store.load(slice, of: file, turn: turn)
                    #expect(outcome == .loaded(duplicates: number == 2 ? 1 : 0))
                    next.give()
                    return outcome
                }
            }
        }
        #expect(try await database.store.finishLoading(file) == .split)
        #expect(try await database.number("SELECT count(*) FROM sluice.payment_order") == 399)
        #expect(try await database.number("SELECT count(*) FROM sluice.quarantine_record WHERE line_no = 101") == 1)
        await database.close()
    }

    @Test func `loads nothing of a slice whose turn is withdrawn, and all of it when it has come`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 20, worker: Self.worker)
        let second = Self.slice(11...20, prefix: "A")
        let turn = LoadTurn()
        turn.withdraw()
        #expect(try await database.store.load(second, of: file, turn: turn) == .outOfTurn)
        #expect(try await database.number("SELECT count(*) FROM sluice.payment_order") == 0)
        #expect(try await database.store.load(Self.slice(1...10, prefix: "A"), of: file) == .loaded(duplicates: 0))
        turn.give()
        #expect(try await database.store.load(second, of: file, turn: turn) == .loaded(duplicates: 0))
        #expect(try await database.number("SELECT count(*) FROM sluice.order_number_registry") == 20)
        await database.close()
    }

    @Test func `makes a slice anew when its file was held meanwhile`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 20, worker: Self.worker)
        let turn = LoadTurn()
        let store = database.store
        async let second = store.load(Self.slice(11...20, prefix: "A"), of: file, turn: turn)
        // It has made its rows when it waits for its turn.
        let limit = ContinuousClock.now.advanced(by: .seconds(20))
        while try await database.number(
            """
            SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND state = 'idle in transaction' AND query LIKE 'COPY sluice.payment_order%'
            """
        ) == 0 {
            try #require(ContinuousClock.now < limit, "the second slice never came to wait for its turn")
        }
        #expect(try await store.load(Self.slice(1...10, prefix: "A"), of: file) == .loaded(duplicates: 0))
        try await database.execute("UPDATE sluice.batch_file SET held_by = 'ceiling_file'")
        turn.give()
        #expect(try await second == .outOfTurn)
        #expect(try await store.load(Self.slice(11...20, prefix: "A"), of: file, turn: turn) == .loaded(duplicates: 0))
        #expect(try await database.number("SELECT count(*) FROM sluice.payment_order WHERE state = 'held'") == 10)
        await database.close()
    }

    @Test func `goes into the day itself, or by the table where the day is archived`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 20, worker: Self.worker)
        let day = "sluice.payment_order_\(file.businessDate.compact)"
        #expect(try await database.store.load(Self.slice(1...10, prefix: "A"), of: file) == .loaded(duplicates: 0))
        #expect(try await database.number("SELECT count(*) FROM ONLY \(day)") == 10)
        // The day goes to history while its file is still being loaded; its orders have a place all the same.
        try await database.owner.transaction("archive") { transaction in
            try transaction.executeScript(
                """
                ALTER TABLE sluice.payment_order DETACH PARTITION \(day);
                CREATE TABLE sluice.elsewhere PARTITION OF sluice.payment_order
                    FOR VALUES FROM ('\(file.businessDate)') TO ('\(file.businessDate.advanced(byDays: 1))');
                """
            )
        }
        #expect(try await database.store.load(Self.slice(11...20, prefix: "A"), of: file) == .loaded(duplicates: 0))
        #expect(try await database.number("SELECT count(*) FROM sluice.elsewhere") == 10)
        let refused = await #expect(throws: PostgresError.self) {
            try await database.owner.transaction("insert") { transaction in
                try transaction.executeScript("INSERT INTO \(day) SELECT * FROM sluice.elsewhere")
            }
        }
        #expect(refused?.sqlState == "SL015")
        #expect(try await database.number("SELECT count(*) FROM \(day)") == 10)
        await database.close()
    }

    @Test func `is refused by the day as by the table once it is over`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 10, worker: Self.worker)
        _ = try await database.store.load(Self.slice(1...10, prefix: "A"), of: file)
        _ = try await database.store.finishLoading(file)
        for table in ["payment_order", "payment_order_\(file.businessDate.compact)"] {
            let refused = await #expect(throws: PostgresError.self) {
                try await database.owner.transaction("insert") { transaction in
                    try transaction.executeScript(
                        """
                        INSERT INTO sluice.\(table) (batch_id, line_no, business_date, state, amount_minor, data_key_id,
                            currency, merchant_order_no, personal, account_hash)
                        SELECT batch_id, line_no + 100, business_date, state, amount_minor, data_key_id, currency,
                            merchant_order_no, personal, account_hash FROM sluice.payment_order LIMIT 1
                        """
                    )
                }
            }
            #expect(refused?.sqlState == "SL015", "\(table)")
        }
        await database.close()
    }

    @Test func `keeps nothing personal in the clear`() async throws {
        let database = try await TestDatabase.make()
        let file = try await database.makeSplittingFile(records: 1, worker: Self.worker)
        _ = try await database.store.load(Self.slice(1...1, prefix: "P"), of: file)
        let found = try await database.number(
            """
            SELECT count(*) FROM sluice.payment_order
            WHERE position('6222020200112233445'::bytea IN personal) > 0 OR position('王小明'::bytea IN personal) > 0
            """
        )
        #expect(found == 0)
        let clear = try await database.number("SELECT count(*) FROM sluice.batch_file_part WHERE NOT is_encrypted")
        #expect(clear == 0)
        await database.close()
    }
}

struct `Statements over daily partitions` {
    @Test func `touch only the day that they name`() async throws {
        let database = try await TestDatabase.make()
        let today = try await database.today()
        let plan: String = try await database.owner.transaction("plan") { transaction in
            try transaction.query(
                """
                EXPLAIN SELECT line_no FROM sluice.payment_order
                WHERE batch_id = $1 AND business_date = $2 AND line_no = ANY ($3) AND state = 'ready'
                """,
                [.int64(1), .date(daysSince1970: today.daysSince1970), .intArray([1, 2])]
            ).map { try $0.text(0) }.joined(separator: "\n")
        }
        #expect(plan.contains("payment_order_\(today.compact)"))
        #expect(!plan.contains("carry_over"))
        #expect(!plan.contains("Append"))
        await database.close()
    }

    @Test func `find a partition for every day ahead, and none is made twice`() async throws {
        let database = try await TestDatabase.make()
        let made = try await database.store.keepPartitionsAhead(days: 20)
        #expect(made > 0)
        #expect(try await database.store.keepPartitionsAhead(days: 20) == 0)
        let missing = try await database.number(
            """
            SELECT count(*) FROM sluice.live_days d, generate_series(0, d.newest - d.oldest) AS n
            WHERE to_regclass('sluice.payment_order_' || to_char(d.oldest + n::int, 'YYYYMMDD')) IS NULL
            """
        )
        #expect(missing == 0)
        await database.close()
    }
}
