package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: MonitoringStore {
    package func sweep(notSweptFor interval: TimeSpan) async throws -> SweepOutcome? {
        // Noted before it is looked through: a file that cannot be swept holds up no other.
        let taken = try await pool.transaction("take a file to sweep") { transaction in
            try transaction.query(
                """
                UPDATE sluice.batch_file SET swept_at = now() WHERE batch_id = (
                    SELECT f.batch_id FROM sluice.batch_file f WHERE f.state = 'working'
                        AND coalesce(f.swept_at, f.received_at) <= now() - $1 * interval '1 microsecond'
                    ORDER BY f.swept_at NULLS FIRST, f.batch_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
                RETURNING batch_id, business_date
                """,
                [.microseconds(interval)]
            ).first.map { (batch: BatchIdentifier(try $0.int64(0)), businessDate: try $0.date(1)) }
        }
        guard let taken else { return nil }
        let key: [PostgresValue] = [.int64(taken.batch.value), .date(taken.businessDate)]
        // Bounded by one file, which has at most some millions of lines.
        return try await pool.transaction("sweep", deadline: .seconds(120)) { transaction in
            _ = try transaction.execute("SET LOCAL statement_timeout = '120s'")
            let rows = try transaction.query(Self.mend, key)
            guard let row = rows.first else { throw StoreDefect("an aggregate has no row") }
            let outcome = SweepOutcome(
                batch: taken.batch,
                submissions: Int(try row.int64(0)),
                orders: Int(try row.int64(1)),
                strange: Int(try row.int64(2)),
                late: Int(try row.int64(3))
            )
            if !outcome.isClean { try insert([outcome.alarm], transaction) }
            return outcome
        }
    }

    /// One statement on one snapshot, so that nothing in passing from a chunk to a submission looks forgotten.
    ///
    /// Whatever it adds is harmless if it was not needed: an order is intended once (compare-and-set on `ready`), a
    /// submission has one chunk (unique), and to be asked for once more moves no money.
    private static let mend = """
        WITH forgotten AS MATERIALIZED (
            SELECT o.line_no, o.state, o.submission_no FROM sluice.payment_order o
            WHERE o.batch_id = $1 AND o.business_date = $2
                AND o.state IN ('ready', 'submitting', 'processing', 'unknown')
                AND CASE WHEN o.state = 'ready'
                    THEN NOT EXISTS (SELECT FROM (SELECT unnest(w.line_nos) AS line_no FROM sluice.work_chunk w
                            WHERE w.batch_id = $1 AND w.kind = 'submit') AS w WHERE w.line_no = o.line_no)
                        AND NOT EXISTS (SELECT FROM sluice.order_to_plan w
                            WHERE w.batch_id = $1 AND w.line_no = o.line_no)
                    ELSE NOT EXISTS (SELECT FROM sluice.work_chunk w
                            WHERE w.batch_id = $1 AND w.submission_no = o.submission_no)
                        AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = $1
                            AND r.closed_at IS NULL AND r.line_no IS NULL AND r.submission_no = o.submission_no)
                    END
                AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = $1 AND r.closed_at IS NULL
                    AND (r.line_no = o.line_no OR (r.line_no IS NULL AND r.submission_no IS NULL)))
        ), lost AS MATERIALIZED (
            SELECT f.submission_no, min(f.line_no) AS line_no, s.channel, s.direction,
                s.batch_id IS NOT NULL AND s.phase NOT IN ('settled', 'refused') AS is_open
            FROM forgotten f LEFT JOIN sluice.submission s
                ON s.batch_id = $1 AND s.business_date = $2 AND s.submission_no = f.submission_no
            WHERE f.state <> 'ready' GROUP BY f.submission_no, s.batch_id, s.channel, s.direction, s.phase
        ), asked AS (
            INSERT INTO sluice.work_chunk (batch_id, business_date, chunk_no, direction, channel, lane, kind,
                submission_no, due_at)
            SELECT $1, $2, l.submission_no / 1000, l.direction, l.channel, 'query', 'query', l.submission_no, now()
            FROM lost l WHERE l.is_open ON CONFLICT DO NOTHING RETURNING 1
        ), waiting AS (
            INSERT INTO sluice.order_to_plan (batch_id, business_date, line_no)
            SELECT $1, $2, f.line_no FROM forgotten f WHERE f.state = 'ready' ON CONFLICT DO NOTHING RETURNING 1
        ), held AS (
            -- Held orders wait for a person: without an item nobody would be asked.
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no)
            SELECT 'account_at_risk/' || $1::bigint, 'account_at_risk', 'item_was_missing', $1::bigint, $2::date,
                o.line_no
            FROM sluice.payment_order o
            WHERE o.batch_id = $1 AND o.business_date = $2 AND o.state = 'held'
                AND coalesce(o.code, '') NOT LIKE 'ceiling\\_%'
                AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = $1 AND r.closed_at IS NULL
                    AND r.cause = 'account_at_risk' AND r.line_no = o.line_no)
            UNION ALL
            SELECT DISTINCT 'ceiling/' || $1::bigint, 'ceiling', o.code, $1::bigint, $2::date, NULL::int
            FROM sluice.payment_order o
            WHERE o.batch_id = $1 AND o.business_date = $2 AND o.state = 'held' AND o.code LIKE 'ceiling\\_%'
                AND NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = $1 AND r.closed_at IS NULL
                    AND r.cause = 'ceiling')
            ON CONFLICT DO NOTHING RETURNING 1
        ), unattended AS (
            -- A second send waits for a lane that nobody works now (its window is closed, or it is paused): what may
            -- have arrived is asked for at all hours, and absence is counted anew.
            UPDATE sluice.work_chunk w SET lane = 'query', kind = 'query', due_at = now()
            FROM sluice.submission s
            WHERE w.batch_id = $1 AND w.kind = 'send' AND w.lease_worker IS NULL
                AND w.due_at < now() - interval '5 minutes'
                AND s.batch_id = $1 AND s.business_date = $2 AND s.submission_no = w.submission_no
                AND s.sends > s.sends_unsent AND s.phase NOT IN ('settled', 'refused')
            RETURNING s.submission_no
        ), counted_anew AS (
            UPDATE sluice.submission s SET not_founds = 0, last_not_found_at = NULL FROM unattended u
            WHERE s.batch_id = $1 AND s.business_date = $2 AND s.submission_no = u.submission_no
        ), strange AS (
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, submission_no, channel)
            SELECT 'contradiction/' || coalesce(l.channel, '-') || '/' || $1::bigint, 'contradiction',
                'open_order_of_ended_submission', $1, $2, l.submission_no, l.channel
            FROM lost l WHERE NOT l.is_open ON CONFLICT DO NOTHING RETURNING 1
        )
        SELECT (SELECT count(*) FROM asked), (SELECT count(*) FROM waiting),
            (SELECT count(*) FROM strange) + (SELECT count(*) FROM held), (SELECT count(*) FROM unattended)
        """

    package func merchantsAtWork(beside known: [MerchantNumber]) async throws -> [MerchantNumber] {
        try await pool.transaction("merchants at work", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT m.merchant_no FROM sluice.merchant m WHERE m.merchant_no <> ALL ($1)
                    AND EXISTS (SELECT FROM sluice.batch_file f WHERE f.merchant_id = m.merchant_id
                        AND f.state IN ('pending', 'splitting', 'split', 'working'))
                ORDER BY m.merchant_no LIMIT 100
                """,
                [.textArray(known.map(\.value))]
            ).map { MerchantNumber(try $0.text(0)) }
        }
    }

    package func endingProtection(_ clocks: [ProtectionClock]) async throws -> [EndingProtection] {
        try await pool.transaction("ending protection", readOnly: true) { transaction in
            try transaction.query(
                """
                WITH watched AS MATERIALIZED (
                    SELECT w.batch_id, w.business_date, w.submission_no FROM sluice.work_chunk w
                        WHERE w.submission_no IS NOT NULL AND w.channel = ANY ($1)
                    UNION SELECT r.batch_id, r.business_date, r.submission_no FROM sluice.review_item r
                        WHERE r.closed_at IS NULL AND r.submission_no IS NOT NULL AND r.channel = ANY ($1)
                ), ending AS MATERIALIZED (
                    SELECT s.batch_id, s.business_date, s.submission_no, s.channel, s.currency, s.line_nos,
                        least(s.first_sent_at + c.window_us * interval '1 microsecond', s.scope_ends_at) AS ends_at
                    FROM watched w JOIN sluice.submission s USING (batch_id, business_date, submission_no)
                    JOIN unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
                        AS c (channel, direction, window_us, warning_us)
                        ON c.channel = s.channel AND c.direction::sluice.direction = s.direction
                    WHERE s.sends > s.sends_unsent AND NOT s.ever_taken AND s.phase IN ('intended', 'unknown')
                        AND least(s.first_sent_at + c.window_us * interval '1 microsecond', s.scope_ends_at)
                            BETWEEN now() AND now() + c.warning_us * interval '1 microsecond'
                )
                SELECT e.channel, e.currency, sum(o.orders)::bigint, sum(o.amount_minor)::bigint, min(e.ends_at),
                    (extract(epoch FROM min(e.ends_at) - now()) * 1000000)::bigint
                FROM ending e CROSS JOIN LATERAL (
                    SELECT count(*) AS orders, coalesce(sum(x.amount_minor), 0) AS amount_minor
                    FROM sluice.payment_order x WHERE x.batch_id = e.batch_id AND x.business_date = e.business_date
                        AND x.line_no = ANY (e.line_nos) AND x.submission_no = e.submission_no
                        AND \(LineBounds.condition("x.line_no", in: "e.line_nos"))
                        AND x.state IN ('submitting', 'processing', 'unknown')) AS o
                WHERE o.orders > 0 GROUP BY e.channel, e.currency ORDER BY e.channel, e.currency
                """,
                [
                    .textArray(clocks.map(\.channel.value)), .textArray(clocks.map(\.direction.rawValue)),
                    .nullableBigintArray(clocks.map { $0.window?.microseconds }),
                    .bigintArray(clocks.map(\.warning.microseconds)),
                ]
            ).map { row in
                EndingProtection(
                    channel: ChannelName(try row.text(0)),
                    currency: try row.text(1),
                    orders: try row.int64(2),
                    amountMinor: try row.int64(3),
                    endsAt: try row.timestamp(4),
                    endsIn: TimeSpan(microseconds: try row.int64(5))
                )
            }
        }
    }
}

extension SweepOutcome {
    /// What people learn of it.
    var alarm: RaisedAlarm {
        RaisedAlarm(
            kind: .workRebuilt,
            batch: batch,
            code: "work_rebuilt",
            message: "batch \(batch): \(submissions) submissions, \(orders) orders had no next action and have one "
                + "again; \(strange) wait in review, where nobody was asked. Nothing is paid twice by this. "
                + "Find out who removed rows of sluice.work_chunk or sluice.review_item"
        )
    }
}
