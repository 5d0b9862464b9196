import Cryptography
import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Synchronization

/// The contract's harness over PostgreSQL: the store connects as `sluice_worker`, the looks at rows as the owner.
final class PostgresHarness: ContractHarness {
    let database: TestDatabase
    var store: any SubmissionStore { database.store }
    private let counter = Mutex(0)

    private init(database: TestDatabase) { self.database = database }

    static func make(_ route: TestDatabase.Route = .ofRun) async throws -> PostgresHarness {
        let database = try await TestDatabase.make(route)
        // Counts the updates of order rows, which the design bounds.
        try await database.owner.transaction("test") { transaction in
            try transaction.executeScript(
                """
                CREATE TABLE public.order_update (batch_id bigint, line_no int);
                CREATE FUNCTION public.count_order_update() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
                BEGIN INSERT INTO public.order_update VALUES (NEW.batch_id, NEW.line_no); RETURN NULL; END $$;
                CREATE TRIGGER count_update AFTER UPDATE ON sluice.payment_order FOR EACH ROW
                    EXECUTE FUNCTION public.count_order_update();
                """
            )
        }
        return PostgresHarness(database: database)
    }

    func close() async { await database.close() }

    func makeChannel(
        specificationSHA256: [UInt8],
        submitSlots: Int,
        querySlots: Int,
        interval: TimeSpan = .zero,
        breaker: LaneRules.Breaker = LaneRules.Breaker(failures: 100)
    ) async throws -> ChannelName {
        let number = counter.withLock { count in
            count += 1
            return count
        }
        let channel = ChannelName("bank-\(number)")
        try await database.store.activateChannel(
            ChannelActivation(
                channel: channel,
                environmentClass: .test,
                specificationSHA256: specificationSHA256,
                submitSlots: submitSlots,
                querySlots: querySlots,
                submitInterval: interval,
                queryInterval: interval,
                breaker: breaker
            )
        )
        return channel
    }

    func activate(specificationSHA256: [UInt8], channel: ChannelName) async throws {
        try await database.execute(
            "UPDATE sluice.channel SET specification_sha256 = $2 WHERE channel = $1",
            [.text(channel.value), .bytea(specificationSHA256)]
        )
    }

    func setRunning(_ isRunning: Bool, lane: Lane?, channel: ChannelName) async throws {
        let otto = try await database.otto()
        let reason = "the contract says so"
        let changed =
            isRunning
            ? try await database.store.resume(channel, lane: lane, by: otto, isDry: false)
            : try await database.store.pause(channel, lane: lane, reason: reason, by: otto, isDry: false)
        guard changed == (lane == nil ? 2 : 1) else { throw TestFailure("\(changed) lanes were paused or resumed") }
    }

    func seedFile(orders: Int32, chunks: [PlannedChunk]) async throws -> SeededFile {
        let worker = WorkerIdentifier("seeder")
        let file = try await database.makeSplittingFile(records: Int64(orders), worker: worker)
        var slice = LoadSlice(upTo: orders)
        for line in (1...orders).map(LineNumber.init) {
            slice.appendOrder(
                line,
                number: "N\(file.id)-\(line)",
                amountMinor: ContractScene.amountMinor(of: line),
                account: ContractScene.accountNumber(of: line),
                name: "Payee \(line)"
            )
        }
        _ = try await database.store.load(slice, of: file)
        _ = try await database.store.finishLoading(file)
        guard let split = try await database.store.claimBatchFile(for: .planning, worker: worker, lease: .minutes(5))
        else { throw TestFailure("the file is not split") }
        guard try await database.store.recordPlan(chunks, unroutable: [], of: split) else {
            throw TestFailure("the plan is not recorded")
        }
        return SeededFile(batch: file.id, businessDate: file.businessDate)
    }

    func cancelOrder(_ line: LineNumber, file: SeededFile) async throws -> Bool {
        try await database.number(
            "SELECT sluice.cancel_order($1, $2)",
            [.int64(file.batch.value), .int32(line.value)]
        ) == 1
    }

    func advance(by span: TimeSpan) async throws {
        let shift: [PostgresValue] = [.int64(span.microseconds)]
        for (table, columns) in [
            ("work_chunk", ["due_at", "lease_until"]), ("channel_slot", ["held_until"]),
            ("channel_lane", ["slow_until", "open_until", "next_call_at"]),
            ("submission", ["in_flight_until", "last_not_found_at", "first_sent_at", "last_send_ended_at"]),
            ("exchange", ["recorded_at", "send_by"]), ("order_to_plan", ["not_before"]),
        ] {
            let set = columns.map { "\($0) = \($0) - $1 * interval '1 microsecond'" }.joined(separator: ", ")
            try await database.execute("UPDATE sluice.\(table) SET \(set)", shift)
        }
    }

    func envelopeSHA256(_ bytes: [UInt8]) -> [UInt8] { SHA256.hash(bytes) }

    func orders(of file: SeededFile) async throws -> [StoredOrder] {
        try await database.owner.transaction("test") { transaction in
            try transaction.query(
                """
                SELECT line_no, state, cause, code, attempt_no, submission_no, item_no, evidence_day, evidence_ordinal,
                    amount_minor, currency, (SELECT count(*) FROM public.order_update u
                        WHERE u.batch_id = o.batch_id AND u.line_no = o.line_no)
                FROM sluice.payment_order o WHERE batch_id = $1 ORDER BY line_no
                """,
                [.int64(file.batch.value)]
            ).map { row in
                StoredOrder(
                    line: LineNumber(try row.int32(0)),
                    state: try Self.word(row, 1),
                    cause: row.isNull(2) ? nil : try Self.word(row, 2),
                    code: try row.optionalText(3),
                    attempt: try row.int16(4),
                    submission: try row.optionalInt32(5).map(SubmissionNumber.init),
                    item: row.isNull(6) ? nil : try row.int32(6),
                    evidence: row.isNull(7)
                        ? nil
                        : RecordedCall(
                            ordinal: try row.int32(8),
                            day: BusinessDate(daysSince1970: try row.daysSince1970(7))
                        ),
                    amountMinor: try row.int64(9),
                    currency: try row.text(10),
                    updates: Int(try row.int64(11))
                )
            }
        }
    }

    func attempts(of file: SeededFile) async throws -> [StoredAttempt] {
        try await database.owner.transaction("test") { transaction in
            try transaction.query(
                """
                SELECT line_no, channel, submission_no, cause, code FROM sluice.payment_attempt WHERE batch_id = $1
                ORDER BY line_no, attempt_no
                """,
                [.int64(file.batch.value)]
            ).map { row in
                StoredAttempt(
                    line: LineNumber(try row.int32(0)),
                    channel: ChannelName(try row.text(1)),
                    submission: SubmissionNumber(try row.int32(2)),
                    cause: try Self.word(row, 3),
                    code: try row.text(4)
                )
            }
        }
    }

    func waiting(of file: SeededFile) async throws -> [LineNumber] {
        try await database.owner.transaction("test") { transaction in
            try transaction.query(
                "SELECT line_no FROM sluice.order_to_plan WHERE batch_id = $1 AND not_before <= now() ORDER BY line_no",
                [.int64(file.batch.value)]
            ).map { LineNumber(try $0.int32(0)) }
        }
    }

    func exchanges(of file: SeededFile) async throws -> [StoredExchange] {
        let rows: [(StoredExchange, [UInt8])] = try await database.owner.transaction("test") { transaction in
            try transaction.query(
                """
                SELECT submission_no, ordinal, exchange_day, kind, epoch, worker_id, outcome, coalesce(header_code,
                    reason),
                    http_status, response, is_late, ARRAY(SELECT key FROM jsonb_each_text(volatile_elements) ORDER BY
                        key),
                    ARRAY(SELECT value FROM jsonb_each_text(volatile_elements) ORDER BY key)
                FROM sluice.exchange WHERE batch_id = $1 ORDER BY submission_no, ordinal
                """,
                [.int64(file.batch.value)]
            ).map { row in
                let exchange = StoredExchange(
                    submission: SubmissionNumber(try row.int32(0)),
                    call: RecordedCall(
                        ordinal: try row.int32(1),
                        day: BusinessDate(daysSince1970: try row.daysSince1970(2))
                    ),
                    kind: try Self.word(row, 3),
                    epoch: LeaseEpoch(try row.int64(4)),
                    worker: WorkerIdentifier(try row.text(5)),
                    outcome: row.isNull(6) ? nil : try Self.word(row, 6),
                    code: try row.optionalText(7),
                    status: row.isNull(8) ? nil : try row.int32(8),
                    response: [],
                    volatileElements: Dictionary(
                        uniqueKeysWithValues: zip(try row.textArray(11), try row.textArray(12))
                    ),
                    isLate: try row.bool(10)
                )
                return (exchange, row.isNull(9) ? [] : try row.bytes(9))
            }
        }
        var exchanges: [StoredExchange] = []
        for (exchange, sealed) in rows {
            var opened = exchange
            if !sealed.isEmpty {
                opened.response = try await database.store.openResponse(
                    sealed,
                    of: file.batch,
                    submission: exchange.submission,
                    call: exchange.call
                )
            }
            exchanges.append(opened)
        }
        return exchanges
    }

    func chunks(of file: SeededFile) async throws -> [StoredChunk] {
        try await database.owner.transaction("test") { transaction in
            try transaction.query(
                """
                SELECT chunk_id, chunk_no, channel, kind, coalesce(line_nos, '{}'), submissions_cut, submission_no,
                    epoch,
                    lease_worker IS NOT NULL AND lease_until > now(), due_at <= now()
                FROM sluice.work_chunk WHERE batch_id = $1 ORDER BY chunk_id
                """,
                [.int64(file.batch.value)]
            ).map { row in
                StoredChunk(
                    chunkIdentifier: try row.int64(0),
                    chunkNumber: try row.int32(1),
                    channel: ChannelName(try row.text(2)),
                    kind: try Self.word(row, 3),
                    lines: try row.intArray(4).map(LineNumber.init),
                    submissionsCut: try row.int32(5),
                    submission: try row.optionalInt32(6).map(SubmissionNumber.init),
                    epoch: LeaseEpoch(try row.int64(7)),
                    isLeased: try row.bool(8),
                    isDue: try row.bool(9)
                )
            }
        }
    }

    func reviews(of file: SeededFile) async throws -> [StoredReview] {
        try await database.owner.transaction("test") { transaction in
            try transaction.query(
                "SELECT cause, code, submission_no, line_no FROM sluice.review_item WHERE batch_id = $1 AND closed_at "
                    + "IS NULL",
                [.int64(file.batch.value)]
            ).map { row in
                StoredReview(
                    cause: try Self.word(row, 0),
                    code: try row.text(1),
                    submission: try row.optionalInt32(2).map(SubmissionNumber.init),
                    line: try row.optionalInt32(3).map(LineNumber.init)
                )
            }
        }
    }

    func moves(of file: SeededFile) async throws -> [StoredMoves] {
        try await database.owner.transaction("test") { transaction in
            try transaction.query(
                """
                SELECT payload ->> 'from', payload ->> 'to', payload ->> 'currency', sum((payload ->>
                    'count')::bigint)::bigint,
                    sum((payload ->> 'amount_minor')::bigint)
                FROM sluice.outbox WHERE batch_id = $1 AND topic = 'orders_moved' AND payload ? 'from' GROUP BY 1, 2, 3
                """,
                [.int64(file.batch.value)]
            ).map { row in
                StoredMoves(
                    from: try Self.word(row, 0),
                    to: try Self.word(row, 1),
                    currency: try row.text(2),
                    tally: Tally(count: try row.int64(3), amountMinor: try row.int128(4))
                )
            }
        }
    }

    func alarms(of channel: ChannelName) async throws -> [StoredAlarm] {
        try await database.owner.transaction("test") { transaction in
            try transaction.query(
                "SELECT kind, code, occurrences FROM sluice.alarm WHERE channel = $1 AND acknowledged_at IS NULL",
                [.text(channel.value)]
            ).map { row in
                StoredAlarm(
                    kind: try Self.word(row, 0),
                    channel: channel,
                    code: try row.text(1),
                    occurrences: try row.int64(2)
                )
            }
        }
    }

    func slotsHeld(channel: ChannelName, lane: Lane) async throws -> Int {
        Int(
            try await database.number(
                "SELECT count(*) FROM sluice.channel_slot WHERE channel = $1 AND lane = $2::sluice.lane AND "
                    + "held_until > now()",
                [.text(channel.value), .text(lane.rawValue)]
            )
        )
    }

    func health(channel: ChannelName, lane: Lane) async throws -> LaneHealth {
        guard let status = try await database.store.lanes(of: channel).first(where: { $0.lane == lane }) else {
            throw TestFailure("channel \(channel) has no \(lane.rawValue) lane")
        }
        return status.health
    }

    private static func word<Word: RawRepresentable<String>>(_ row: PostgresRow, _ column: Int) throws -> Word {
        guard let word = Word(rawValue: try row.text(column)) else { throw TestFailure("an unexpected word") }
        return word
    }
}
