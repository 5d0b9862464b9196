import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func claimChunks(_ claim: ChunkClaim) async throws -> [ClaimedChunk] {
        let asked = claim.lanes.filter { $0.limit > 0 }
        guard !asked.isEmpty else { return [] }
        return try await pool.transaction("claim chunks") { transaction in
            let lanes = try lock(asked, transaction)
            // What follows sees all that earlier claims of these lanes committed: their rows are ours.
            return lanes.isEmpty ? [] : try take(lanes, for: claim.worker, transaction)
        }
    }

    /// Locks the lanes that have something to give; a lane that somebody else is claiming from is passed by.
    ///
    /// Whoever is stopped between this and the end of its transaction holds them for three seconds at most.
    ///
    /// Subqueries stand as scalars, so that each is one look at an index and never a join.
    private func lock(_ asked: [LaneClaim], _ transaction: PostgresTransaction) throws -> [LaneClaim] {
        try transaction.query(
            """
            SELECT w.place, set_config('idle_in_transaction_session_timeout', '3s', true)
            FROM unnest($1::text[], $2::text[], $3::bytea[]) WITH ORDINALITY
                AS w (channel, lane, specification, place)
            JOIN sluice.channel_lane l ON l.channel = w.channel AND l.lane = w.lane::sluice.lane
            WHERE l.paused_at IS NULL AND (l.slow_until IS NULL OR l.slow_until <= now())
                AND (l.open_until IS NULL OR l.open_until <= now())
                AND (l.next_call_at IS NULL OR l.next_call_at <= now() + $4 * interval '1 microsecond')
                AND (SELECT c.specification_sha256 FROM sluice.channel c WHERE c.channel = l.channel) = w.specification
                AND (SELECT true FROM sluice.channel_slot s WHERE s.channel = l.channel AND s.lane = l.lane
                    AND (s.held_until IS NULL OR s.held_until <= now()) LIMIT 1)
                AND (SELECT true FROM sluice.work_chunk c WHERE c.channel = l.channel AND c.lane = l.lane
                    AND c.due_at <= now() ORDER BY c.due_at, c.chunk_id LIMIT 1)
            FOR NO KEY UPDATE OF l SKIP LOCKED
            """,
            [
                .textArray(asked.map(\.channel.value)), .textArray(asked.map(\.lane.rawValue)),
                .byteaArray(asked.map(\.specificationSHA256)), .microseconds(RateSlice.waitMax),
            ],
            keepingPlan: true
        ).map { asked[Int(try $0.int64(0)) - 1] }
    }

    /// Leases due chunks of locked lanes, a slot and a start each.
    ///
    /// The inner limit is a figure in the text, so that the planner knows how little is wanted and walks the index; the
    /// outer one stops it where the lane's share ends, and no row beyond is locked. It is a power of two, so that few
    /// plans are kept.
    private func take(
        _ lanes: [LaneClaim],
        for worker: WorkerIdentifier,
        _ transaction: PostgresTransaction
    ) throws -> [ClaimedChunk] {
        let most = lanes.map(\.limit).max() ?? 1
        let limit = most > 1 ? 1 << (Int.bitWidth - (most - 1).leadingZeroBitCount) : 1
        return try transaction.query(
            """
            WITH asked AS MATERIALIZED (
                SELECT l.channel, l.lane, w.place, w.lease_us, w.room, l.breaker <> 'closed' AS is_probe,
                    free.n AS free,
                    greatest(l.call_interval_us, coalesce(l.slow_interval_us, 0)) AS pace_us,
                    greatest(0, coalesce(extract(epoch FROM l.next_call_at - now()) * 1000000, 0))::bigint AS wait_us,
                    unsent.n AS unsent
                FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
                    AS w (channel, lane, room, lease_us, place)
                JOIN sluice.channel_lane l ON l.channel = w.channel AND l.lane = w.lane::sluice.lane
                CROSS JOIN LATERAL (
                    SELECT count(*) AS n FROM sluice.channel_slot s WHERE s.channel = l.channel AND s.lane = l.lane
                        AND (s.held_until IS NULL OR s.held_until <= now())) AS free
                CROSS JOIN LATERAL (
                    SELECT count(*) AS n FROM (SELECT FROM sluice.work_chunk c
                        WHERE c.channel = l.channel AND c.kind = 'send'
                            AND (c.lease_worker IS NULL OR c.lease_until <= now()) LIMIT 1000) AS waiting) AS unsent
            ), share AS MATERIALIZED (
                SELECT a.channel, a.lane, a.place, a.lease_us, a.is_probe, a.pace_us,
                    CASE a.pace_us WHEN 0 THEN 0 ELSE a.wait_us END AS wait_us,
                    least(a.room, a.free, CASE WHEN a.is_probe THEN 1 END,
                        CASE WHEN a.pace_us = 0 THEN NULL WHEN a.wait_us > $6 THEN 0
                            ELSE ($6 - a.wait_us) / a.pace_us + 1 END) AS room,
                    -- Each unsent submission keeps a slot free for itself.
                    greatest(0, a.free - a.unsent) AS fresh
                FROM asked a
            ), again AS MATERIALIZED (
                SELECT s.channel, s.lane, d.chunk_id, d.due_at FROM share s CROSS JOIN LATERAL (
                    SELECT x.chunk_id, x.due_at FROM (
                        SELECT c.chunk_id, c.due_at FROM sluice.work_chunk c
                        WHERE c.channel = s.channel AND c.kind = 'send' AND c.due_at <= now()
                        ORDER BY c.due_at, c.chunk_id LIMIT \(limit) FOR NO KEY UPDATE SKIP LOCKED) AS x
                    LIMIT CASE s.lane WHEN 'submit' THEN s.room ELSE 0 END) AS d
            ), other AS MATERIALIZED (
                SELECT s.channel, s.lane, d.chunk_id, d.due_at FROM share s CROSS JOIN LATERAL (
                    SELECT count(*) AS n FROM again a WHERE a.channel = s.channel AND a.lane = s.lane) AS begun
                CROSS JOIN LATERAL (
                    SELECT x.chunk_id, x.due_at FROM (
                        SELECT c.chunk_id, c.due_at FROM sluice.work_chunk c
                        WHERE c.channel = s.channel AND c.lane = s.lane AND c.kind <> 'send' AND c.due_at <= now()
                        ORDER BY c.due_at, c.chunk_id LIMIT \(limit) FOR NO KEY UPDATE SKIP LOCKED) AS x
                    LIMIT CASE s.lane WHEN 'submit' THEN least(s.room - begun.n, s.fresh) ELSE s.room END) AS d
            ), due AS MATERIALIZED (
                SELECT b.channel, b.lane, b.chunk_id, row_number() OVER (
                    PARTITION BY b.channel, b.lane ORDER BY b.turn, b.due_at, b.chunk_id) AS n
                FROM (SELECT a.*, 1 AS turn FROM again a UNION ALL SELECT o.*, 2 FROM other o) AS b
            ), slot AS MATERIALIZED (
                SELECT s.channel, s.lane, f.slot_no, row_number() OVER (
                    PARTITION BY s.channel, s.lane ORDER BY f.slot_no) AS n
                FROM share s CROSS JOIN LATERAL (
                    SELECT t.slot_no FROM sluice.channel_slot t WHERE t.channel = s.channel AND t.lane = s.lane
                        AND (t.held_until IS NULL OR t.held_until <= now())
                    ORDER BY t.slot_no LIMIT s.room FOR NO KEY UPDATE SKIP LOCKED) AS f
            ), pair AS MATERIALIZED (
                SELECT d.channel, d.lane, d.chunk_id, d.n, t.slot_no, s.place, s.is_probe, s.pace_us,
                    s.wait_us + (d.n - 1) * s.pace_us AS start_us,
                    now() + (s.wait_us + (d.n - 1) * s.pace_us + s.lease_us) * interval '1 microsecond' AS ends_at
                FROM due d JOIN slot t USING (channel, lane, n) JOIN share s USING (channel, lane)
            ), leased AS (
                UPDATE sluice.work_chunk c SET lease_worker = $5, epoch = c.epoch + 1, lease_until = p.ends_at,
                    due_at = p.ends_at
                FROM pair p WHERE c.chunk_id = p.chunk_id AND c.chunk_id = ANY (ARRAY(SELECT chunk_id FROM pair))
                RETURNING c.chunk_id, c.batch_id, c.business_date, c.chunk_no, c.direction, c.channel, c.kind,
                    c.line_nos, c.submissions_cut, c.submission_no, c.epoch, c.lane, c.lease_until, p.slot_no, p.place,
                    p.n, p.start_us
            ), taken AS (
                UPDATE sluice.channel_slot s SET chunk_id = l.chunk_id, epoch = l.epoch, held_until = l.lease_until
                FROM leased l WHERE s.channel = l.channel AND s.lane = l.lane AND s.slot_no = l.slot_no
            ), paced AS (
                UPDATE sluice.channel_lane l SET
                    next_call_at = CASE p.pace_us WHEN 0 THEN l.next_call_at
                        ELSE now() + (p.last_us + p.pace_us) * interval '1 microsecond' END,
                    breaker = CASE WHEN p.is_probe THEN 'half_open' ELSE l.breaker END,
                    probe_chunk_id = CASE WHEN p.is_probe THEN p.probe ELSE l.probe_chunk_id END,
                    open_until = CASE WHEN p.is_probe THEN p.ends_at ELSE l.open_until END
                FROM (SELECT channel, lane, is_probe, pace_us, max(start_us) AS last_us, max(chunk_id) AS probe,
                        max(ends_at) AS ends_at
                    FROM pair GROUP BY channel, lane, is_probe, pace_us) AS p
                WHERE l.channel = p.channel AND l.lane = p.lane AND (p.is_probe OR p.pace_us > 0)
            )
            SELECT chunk_id, batch_id, business_date, chunk_no, direction, channel, kind, line_nos, submissions_cut,
                submission_no, epoch, now(), start_us FROM leased ORDER BY place, n
            """,
            [
                .textArray(lanes.map(\.channel.value)), .textArray(lanes.map(\.lane.rawValue)),
                .bigintArray(lanes.map { Int64($0.limit) }), .bigintArray(lanes.map(\.lease.microseconds)),
                .text(worker.value), .microseconds(RateSlice.waitMax),
            ],
            keepingPlan: true
        ).map { row in
            ClaimedChunk(
                chunkIdentifier: try row.int64(0),
                batch: BatchIdentifier(try row.int64(1)),
                businessDate: try row.date(2),
                chunkNumber: try row.int32(3),
                direction: try row.word(4),
                channel: ChannelName(try row.text(5)),
                kind: try row.word(6),
                lines: row.isNull(7) ? [] : try row.intArray(7).map(LineNumber.init),
                submissionsCut: try row.int32(8),
                submission: try row.optionalInt32(9).map(SubmissionNumber.init),
                worker: worker,
                epoch: LeaseEpoch(try row.int64(10)),
                now: try row.timestamp(11),
                startsAfter: TimeSpan(microseconds: try row.int64(12))
            )
        }
    }
}
