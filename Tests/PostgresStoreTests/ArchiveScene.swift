import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// A database three months on, with days of files whose orders are final, and an archiver.
struct ArchiveScene {
    static let worker = WorkerIdentifier("archive-worker")
    static let linesPerFile: Int64 = 50
    /// Many tests share a machine, and nobody waits for their tables.
    static let lockWithin = Duration.seconds(5)

    let database: TestDatabase
    let archiver: PostgresPool
    let store: SQLStore
    let lease: ArchiveLease
    /// The oldest live day.
    let day: BusinessDate

    var nextDay: BusinessDate { day.advanced(byDays: 1) }
    /// By which everything up to today may leave.
    var cutoff: BusinessDate { lease.asOf.advanced(byDays: -28) }

    /// `files`: so many on each of the two oldest days.
    static func make(files: Int64 = 4) async throws -> ArchiveScene {
        let scene = try await over(try await TestDatabase.make())
        try await scene.fill(scene.day, files: files)
        try await scene.fill(scene.nextDay, files: files)
        return scene
    }

    /// An archiver beside what a test has in its database.
    static func over(_ database: TestDatabase) async throws -> ArchiveScene {
        guard let keys = TestDatabase.keys else { throw TestFailure("the test's keys are unfit") }
        let archiver = database.pool(role: "sluice_archiver")
        var store = SQLStore(pool: archiver, keys: keys)
        store.archiveLockWithin = lockWithin
        let today = try await database.today()
        // As many as migrations make: each is a table that every reader without a day locks.
        _ = try await store.keepPartitions(until: today.advanced(byDays: 14))
        let lease = try await store.takeArchiveLease(
            worker: worker,
            lease: .hours(1),
            asOf: today.advanced(byDays: 90)
        )
        guard let lease else { throw TestFailure("the lease is somebody's") }
        let days = try await database.owner.transaction("days") { transaction in
            try transaction.query("SELECT oldest FROM sluice.live_days").map { try $0.daysSince1970(0) }
        }
        guard let oldest = days.first else { throw TestFailure("there are no days") }
        return ArchiveScene(
            database: database,
            archiver: archiver,
            store: store,
            lease: lease,
            day: BusinessDate(daysSince1970: oldest)
        )
    }

    func close() async {
        await archiver.close()
        await database.close()
    }

    /// Statements as the owner, under which no trigger judges what a test does to rows.
    func meddle(_ statements: String...) async throws {
        try await database.owner.transaction("meddle") { transaction in
            try transaction.executeScript("SET LOCAL session_replication_role = replica")
            for statement in statements { try transaction.executeScript(statement) }
        }
    }

    /// Changes rows under the triggers, as a worker's statement is.
    func change(_ statement: String) async throws { try await database.execute(statement) }

    /// The batch of the nth file of a day, from 1.
    func batch(_ number: Int64, on day: BusinessDate) async throws -> BatchIdentifier {
        BatchIdentifier(
            try await database.number(
                "SELECT batch_id FROM sluice.batch_file WHERE business_date = $1 ORDER BY batch_id OFFSET $2 LIMIT 1",
                [.date(daysSince1970: day.daysSince1970), .int64(number - 1)]
            )
        )
    }

    /// How many rows of a table's day stand in partitions of this name.
    func rows(_ table: HeavyTable, _ day: BusinessDate, in schema: String) async throws -> Int64 {
        try await database.number(
            """
            SELECT count(*) FROM \(schema).\(table) WHERE \(table == .exchange ? "exchange_day" : "business_date") = $1
            """,
            [.date(daysSince1970: day.daysSince1970)]
        )
    }

    /// Count, sum and hash of all rows of all tables, wherever they are.
    func books() async throws -> [String] {
        try await database.owner.transaction("books") { transaction in
            var books: [String] = []
            for table in HeavyTable.allCases {
                let sql = try transaction.query(
                    """
                    SELECT sluice.totals_of(t, c, '(SELECT ' || sluice.listed(c, '') || ' FROM sluice.' || t
                        || ' UNION ALL SELECT ' || sluice.listed(c, '') || ' FROM history.' || t || ') o')
                    FROM (SELECT $1::text AS t, sluice.columns_of($1) AS c) x
                    """,
                    [.text(table.rawValue)]
                ).first?.text(0)
                guard let sql, let totals = try transaction.query("SELECT (\(sql))::text").first?.text(0) else {
                    throw TestFailure("\(table) has no totals")
                }
                books.append("\(table) \(totals)")
            }
            return books
        }
    }

    /// A step that may find its lock taken, by autovacuum or by a slow machine: again, as a run does.
    ///
    /// `answer`: what the step would have answered if it is done, asked where the answer to COMMIT was lost.
    func patiently<Value: Sendable>(
        answer: () async throws -> Value? = { nil },
        _ step: () async throws -> Value
    ) async throws -> Value {
        let limit = ContinuousClock.now.advanced(by: .seconds(60))
        while ContinuousClock.now < limit {
            do { return try await step() } catch is ArchiveLockRefused {
            } catch is ArchiveCommitUnknown {
                if let value = try await answer() { return value }
            }
        }
        return try await step()
    }

    func swap(_ key: EntryKey, openMax: Int32 = 1_000) async throws -> SwapOutcome {
        try await patiently(answer: { try await state(key) == .swapped ? .swapped : nil }) {
            try await store.swap(key, openMax: openMax, lease)
        }
    }

    func beginRowDay(_ key: EntryKey) async throws -> SwapOutcome {
        try await patiently(answer: { try await state(key) == .moving ? .moving : nil }) {
            try await store.beginRowDay(key, lease)
        }
    }

    func reverse(_ table: HeavyTable, _ day: BusinessDate, isMismatch: Bool = false) async throws {
        try await patiently(answer: { try await store.carryOverEnds()[table] == day ? () : nil }) {
            _ = try await store.reverse(table, day, isMismatch: isMismatch, why: "wanted", lease)
        }
    }

    private func state(_ key: EntryKey) async throws -> ArchiveState? {
        try await store.entries(of: key.day).first { $0.key == key }?.state
    }

    func begin(_ day: BusinessDate) async throws {
        let refusal = try await store.beginDay(day, cutoff: cutoff, lease)
        guard refusal == nil else { throw TestFailure("the day does not begin: \(String(describing: refusal))") }
    }

    func entry(_ table: HeavyTable, _ day: BusinessDate) async throws -> ArchiveEntry? {
        try await store.entries(of: day).last { $0.key.table == table }
    }

    /// Prepares and counts a day in slices of one page.
    func count(_ table: HeavyTable, _ day: BusinessDate, path: ArchivePath = .swap) async throws -> EntryKey {
        let known = try await entry(table, day)
        let goesOn = known.map { $0.state.isOpen || $0.state == .mismatch } ?? false
        let pass = (known?.key.pass ?? 0) + (goesOn ? 0 : 1)
        let key = EntryKey(table: table, day: day, pass: pass)
        while try await !store.forgetCount(table, day, most: 1_000, lease) {}
        _ = try await patiently { try await store.prepare(key, path: path, lease) }
        try await patiently { try await store.validate(table, day, lease) }
        while try await !store.countSlice(key, pages: 1, lease) {}
        return key
    }

    func found(_ table: HeavyTable, _ day: BusinessDate) async throws -> ArchiveTotals {
        var totals = ArchiveTotals()
        var block: Int64? = 0
        while let from = block {
            let slice = try await store.verifySlice(table, day, from: from, pages: 2)
            totals.add(slice.totals)
            block = slice.nextBlock
        }
        return totals
    }

    /// What follows a swap: held rows go back, the day is read and its entry closed.
    func prove(_ key: EntryKey) async throws -> Bool {
        while try await store.carryHeld(key.table, key.day, most: 7, lease) > 0 {}
        return try await store.close(key, found: found(key.table, key.day), lease)
    }

    /// Takes all tables of a day through the swap.
    func archive(_ day: BusinessDate) async throws {
        try await begin(day)
        for table in HeavyTable.allCases {
            let key = try await count(table, day)
            let outcome = try await swap(key)
            guard outcome == .swapped, try await prove(key) else { throw TestFailure("\(key): \(outcome)") }
        }
    }

    /// Takes every day up to today through the swap: what a test has made today is as old as that then.
    func archiveUntilToday() async throws {
        let today = try await database.today()
        var next = day
        while next <= today {
            try await archive(next)
            next = next.advanced(byDays: 1)
        }
    }

    /// Takes rows that stay no longer out of the carry-over.
    func pass(_ table: HeavyTable, _ day: BusinessDate) async throws -> Int64 {
        let key = try await patiently { try await store.beginPass(table, day, lease) }
        let moved = try await move(key, from: .carryOver, most: 7)
        guard try await store.close(key, found: found(table, day), lease) else {
            throw TestFailure("\(key) is not what its receipts tell")
        }
        return moved
    }

    func move(_ key: EntryKey, from source: RowSource, most: Int32) async throws -> Int64 {
        var last: RowKey?
        var moved: Int64 = 0
        repeat {
            let chunk = try await store.moveRows(key, from: source, after: last, most: most, lease)
            moved += chunk.rows
            last = chunk.last
        } while last != nil
        return moved
    }

    func brokenInvariants() async throws -> [Invariant] {
        var broken: [Invariant] = []
        for invariant in [Invariant.partitionsAreAhead, .noOpenOrderIsArchived, .rowsStandOnce, .receiptsAddUp]
        where try await !database.store.check(invariant).holds {
            broken.append(invariant)
        }
        return broken
    }
}

extension ArchiveScene {
    /// Final orders, their submissions, calls and attempts, and rejected records.
    func fill(_ day: BusinessDate, files: Int64) async throws {
        let lines = Self.linesPerFile
        try await meddle(
            """
            INSERT INTO sluice.batch_file (merchant_id, direction, format, file_name, environment, business_date,
                state, content_sha256, content_bytes, part_count, record_count, loaded_count, result_due_at)
            SELECT m.merchant_id, 'payout', 'test', 'f', 'test', '\(day)', 'working', sha256('a'), 1, 1, \(lines),
                \(lines), now() FROM generate_series(1, \(files)), (SELECT merchant_id FROM sluice.merchant LIMIT 1) m
            """,
            """
            INSERT INTO sluice.payment_order (batch_id, line_no, business_date, state, cause, amount_minor, attempt_no,
                item_no, submission_no, data_key_id, currency, merchant_order_no, channel, code, personal, account_hash,
                evidence_day, evidence_ordinal, decided_at)
            SELECT f.batch_id, n, f.business_date, (CASE WHEN n % 10 = 0 THEN 'failed' ELSE 'succeeded' END)
                    ::sluice.order_state, CASE WHEN n % 10 = 0 THEN 'customer'::sluice.failure_cause END, 100 + n, 1,
                (n - 1) % 10 + 1, (n - 1) / 10 + 1, 1, 'CNY', f.batch_id || '-' || n, 'harbor', '0000',
                decode(repeat(md5(n::text), 5), 'hex'), decode(md5(n::text), 'hex'), f.business_date, 1,
                f.business_date + interval '10 hours'
            FROM sluice.batch_file f, generate_series(1, \(lines)) n WHERE f.business_date = '\(day)'
            """,
            """
            INSERT INTO sluice.submission (batch_id, submission_no, business_date, channel, direction, number,
                number_scope, trade_date, attempt_no, phase, line_nos, amount_minor, currency, envelope,
                envelope_sha256, data_key_id, specification_sha256, sends, sends_unsent, next_ordinal, polls,
                not_founds, ever_taken, settled_at)
            SELECT f.batch_id, s, f.business_date, 'harbor', 'payout', f.batch_id || '/' || s, '*', f.business_date, 1,
                'settled', ARRAY(SELECT generate_series(s * 10 - 9, s * 10)), 1, 'CNY', '\\x01', sha256('e'), 1,
                sha256('s'), 1, 0, 2, 0, 0, true, now()
            FROM sluice.batch_file f, generate_series(1, \(lines / 10)) s WHERE f.business_date = '\(day)'
            """,
            """
            INSERT INTO sluice.exchange (batch_id, submission_no, ordinal, exchange_day, business_date, channel, kind,
                epoch, worker_id, send_by, outcome, response, ended_at)
            SELECT s.batch_id, s.submission_no, 1, s.business_date, s.business_date, 'harbor', 'send', 1, 'w', now(),
                'answered', '\\x02', now() FROM sluice.submission s WHERE s.business_date = '\(day)'
            """,
            """
            INSERT INTO sluice.payment_attempt (batch_id, line_no, business_date, attempt_no, channel, submission_no,
                cause, code, evidence_day, evidence_ordinal)
            SELECT o.batch_id, o.line_no, o.business_date, 0, 'harbor', o.submission_no, 'channel', 'x',
                o.business_date, 1 FROM sluice.payment_order o WHERE o.business_date = '\(day)' AND o.line_no % 5 = 0
            """,
            """
            INSERT INTO sluice.quarantine_record (batch_id, line_no, business_date, state, origin, reasons, charset,
                byte_from, byte_to, physical_line, raw, data_key_id, closed_code, closed_at)
            SELECT f.batch_id, \(lines) + 1, f.business_date, 'rejected', 'intake', '[]', 'UTF-8', 0, 1, 1, '\\x00', 1,
                'superseded', now() FROM sluice.batch_file f WHERE f.business_date = '\(day)'
            """
        )
    }
}
