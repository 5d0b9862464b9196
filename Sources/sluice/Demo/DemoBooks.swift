import BatchFiles
import PaymentCore
import PostgresClient

/// What the demo reads back from the database for its report.
struct DemoBooks: Sendable {
    /// One file's way through the funnel.
    struct Funnel: Sendable {
        let batch: BatchIdentifier
        let direction: Direction
        let records: Int64
        let orders: Int64
        let quarantined: Int64
        let succeeded: Int64
        let failed: Int64
        let unknown: Int64
        let open: Int64
        let recordsMinor: Int128
        let ordersMinor: Int128
        let quarantinedMinor: Int128
        let succeededMinor: Int128
        let failedMinor: Int128
        let openMinor: Int128
        /// R14: every line and every unit has its place.
        let holds: Bool
    }

    struct Reason: Sendable {
        let code: String
        let count: Int64
        /// The first record of this reason: its line and its masked value.
        let line: Int32
        let maskedValue: String
    }

    struct Channel: Sendable {
        let name: String
        let kind: String
        let calls: Int64
        let unknown: Int64
        let notSent: Int64
        let medianMicroseconds: Int64
        let p99Microseconds: Int64
    }

    struct Waiting: Sendable {
        let incident: String
        let items: Int64
    }

    let pool: PostgresPool

    func funnel(of batch: BatchIdentifier, direction: Direction) async throws -> Funnel {
        try await pool.transaction("funnel", deadline: .seconds(120), readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT sum(records)::bigint, sum(orders)::bigint, sum(quarantined)::bigint, sum(succeeded)::bigint,
                    sum(failed)::bigint, sum(unknown)::bigint, sum(open)::bigint, sum(records_minor), sum(orders_minor),
                    sum(quarantined_minor), sum(succeeded_minor), sum(failed_minor), sum(open_minor),
                    bool_and(records = orders + quarantined + rejected + released
                        AND records_minor = orders_minor + quarantined_minor + rejected_minor + released_minor
                        AND orders = succeeded + failed + returned + cancelled + open
                        AND orders_minor = succeeded_minor + failed_minor + returned_minor + cancelled_minor +
                            open_minor),
                    (SELECT f.record_count FROM sluice.batch_file f WHERE f.batch_id = $1)
                FROM sluice.batch_totals WHERE batch_id = $1
                    AND business_date = (SELECT f.business_date FROM sluice.batch_file f WHERE f.batch_id = $1)
                """,
                [.int64(batch.value)]
            )
            guard let row = rows.first, !row.isNull(0) else { throw DemoFailure("batch \(batch) has no totals") }
            let records = try row.int64(0)
            return Funnel(
                batch: batch,
                direction: direction,
                records: records,
                orders: try row.int64(1),
                quarantined: try row.int64(2),
                succeeded: try row.int64(3),
                failed: try row.int64(4),
                unknown: try row.int64(5),
                open: try row.int64(6),
                recordsMinor: try row.int128(7),
                ordersMinor: try row.int128(8),
                quarantinedMinor: try row.int128(9),
                succeededMinor: try row.int128(10),
                failedMinor: try row.int128(11),
                openMinor: try row.int128(12),
                holds: try row.bool(13) && records == row.optionalInt64(14) ?? -1
            )
        }
    }

    func reasons(of batch: BatchIdentifier) async throws -> [Reason] {
        try await pool.transaction("reasons", deadline: .seconds(60), readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT q.reasons -> 0 ->> 'code', count(*), min(q.line_no), (array_agg(q.reasons -> 0 ->> 'value' ORDER
                    BY q.line_no))[1]
                FROM sluice.quarantine_record q WHERE q.batch_id = $1 AND q.origin = 'intake'
                    AND q.business_date = (SELECT f.business_date FROM sluice.batch_file f WHERE f.batch_id = $1)
                GROUP BY 1 ORDER BY 1
                """,
                [.int64(batch.value)]
            ).map { row in
                Reason(
                    code: try row.text(0),
                    count: try row.int64(1),
                    line: try row.int32(2),
                    maskedValue: try row.optionalText(3) ?? ""
                )
            }
        }
    }

    /// How many records are in quarantine for another reason than planted, or are not though planted, or are though
    /// not.
    func misplaced(of batch: BatchIdentifier, records: DemoRecords) async throws -> Int {
        let found: [Int32: String] = try await pool.transaction("quarantine", deadline: .seconds(60), readOnly: true) {
            transaction in
            var found: [Int32: String] = [:]
            try transaction.forEachRow(
                """
                SELECT q.line_no, q.reasons -> 0 ->> 'code' FROM sluice.quarantine_record q
                WHERE q.batch_id = $1 AND q.origin = 'intake'
                    AND q.business_date = (SELECT f.business_date FROM sluice.batch_file f WHERE f.batch_id = $1)
                """,
                [.int64(batch.value)]
            ) { row in
                found[try row.int32(0)] = try row.text(1)
            }
            return found
        }
        var misplaced = 0
        for line in 1...records.count where records.fault(line: line)?.reason.rawValue != found[Int32(line)] {
            misplaced += 1
        }
        return misplaced
    }

    func channels() async throws -> [Channel] {
        try await pool.transaction("channels", deadline: .seconds(60), readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT channel, kind, count(*), count(*) FILTER (WHERE outcome = 'unknown'), count(*) FILTER (WHERE
                    outcome = 'not_sent'),
                    coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY latency_us), 0)::bigint,
                    coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY latency_us), 0)::bigint
                FROM sluice.exchange GROUP BY channel, kind ORDER BY channel, kind
                """
            ).map { row in
                Channel(
                    name: try row.text(0),
                    kind: try row.text(1),
                    calls: try row.int64(2),
                    unknown: try row.int64(3),
                    notSent: try row.int64(4),
                    medianMicroseconds: try row.int64(5),
                    p99Microseconds: try row.int64(6)
                )
            }
        }
    }

    func waiting() async throws -> [Waiting] {
        try await pool.transaction("waiting", readOnly: true) { transaction in
            try transaction.query(
                "SELECT incident, count(*) FROM sluice.review_item WHERE closed_at IS NULL GROUP BY incident ORDER BY "
                    + "incident LIMIT 50"
            ).map { Waiting(incident: try $0.text(0), items: try $0.int64(1)) }
        }
    }

    /// Loaded and final orders, for the progress bars; sums of what the outbox says, never a count of orders.
    func progress(of batch: BatchIdentifier) async throws -> (loaded: Int64, final: Int64) {
        try await pool.transaction("progress", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT f.loaded_count, (SELECT coalesce(sum((o.payload ->> 'count')::bigint), 0)::bigint FROM
                    sluice.outbox o
                    WHERE o.batch_id = $1 AND o.topic = 'orders_moved' AND o.payload ->> 'to' IN ('succeeded', 'failed',
                        'cancelled'))
                FROM sluice.batch_file f WHERE f.batch_id = $1
                """,
                [.int64(batch.value)]
            )
            guard let row = rows.first else { return (0, 0) }
            return (try row.int64(0), try row.int64(1))
        }
    }

    /// Whether nothing is left that happens by itself: each file is loaded and planned, no chunk is live, and every
    /// file
    /// has its result.
    func isSettled() async throws -> Bool {
        try await pool.transaction("is settled", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT NOT EXISTS (SELECT FROM sluice.work_chunk)
                    AND NOT EXISTS (SELECT FROM sluice.batch_file f WHERE f.state IN ('pending', 'splitting', 'split'))
                    AND NOT EXISTS (SELECT FROM sluice.batch_file f WHERE f.state = 'working'
                        AND NOT EXISTS (SELECT FROM sluice.result_file r WHERE r.batch_id = f.batch_id))
                """
            )
            return try rows.first?.bool(0) ?? false
        }
    }

    /// How many sessions the engine's processes have at the server now; behind a pooler, the pooler's.
    func sessions() async throws -> Int64 {
        try await pool.transaction("sessions", readOnly: true) { transaction in
            let rows = try transaction.query(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'sluice_worker' AND datname = current_database()"
            )
            return try rows.first?.int64(0) ?? 0
        }
    }

    /// Open orders that neither a chunk nor a review item looks after: there must be none.
    func forgotten() async throws -> Int64 {
        try await pool.transaction("forgotten", deadline: .seconds(120), readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT count(*) FROM sluice.payment_order o
                WHERE o.state IN ('ready', 'submitting', 'processing', 'unknown')
                    AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.closed_at IS
                        NULL
                        AND (r.line_no = o.line_no OR (r.line_no IS NULL AND r.submission_no = o.submission_no)))
                """
            )
            return try rows.first?.int64(0) ?? 0
        }
    }
}
