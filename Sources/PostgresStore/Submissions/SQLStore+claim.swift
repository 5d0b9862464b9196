package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func claimChunks(_ claim: ChunkClaim) async throws -> [ClaimedChunk] {
        let lane = claim.lane.rawValue
        return try await pool.transaction("claim chunks") { transaction in
            try transaction.query(
                """
                WITH lane AS MATERIALIZED (
                    SELECT channel FROM sluice.channel WHERE channel = $1 AND state = 'running'
                        AND specification_sha256 = $2 AND (slow_until IS NULL OR slow_until <= now())
                ), slot AS MATERIALIZED (
                    SELECT s.slot_no FROM sluice.channel_slot s, lane WHERE s.channel = $1 AND s.lane = '\(lane)'
                        AND (s.held_until IS NULL OR s.held_until <= now())
                    ORDER BY s.slot_no LIMIT $3 FOR NO KEY UPDATE OF s SKIP LOCKED
                ), due AS MATERIALIZED (
                    SELECT c.chunk_id, c.due_at FROM sluice.work_chunk c
                    WHERE c.channel = $1 AND c.lane = '\(lane)' AND c.due_at <= now()
                    ORDER BY c.due_at, c.chunk_id LIMIT (SELECT count(*) FROM slot) FOR NO KEY UPDATE SKIP LOCKED
                ), pair AS MATERIALIZED (
                    SELECT d.chunk_id, d.due_at, s.slot_no
                    FROM (SELECT chunk_id, due_at, row_number() OVER (ORDER BY due_at, chunk_id) AS n FROM due) d
                    JOIN (SELECT slot_no, row_number() OVER (ORDER BY slot_no) AS n FROM slot) s USING (n)
                ), leased AS (
                    UPDATE sluice.work_chunk c SET lease_worker = $4, epoch = c.epoch + 1,
                        lease_until = now() + $5 * interval '1 microsecond', due_at = now() + $5 * interval
                            '1 microsecond'
                    FROM pair p WHERE c.chunk_id = p.chunk_id
                    RETURNING c.chunk_id, c.batch_id, c.business_date, c.chunk_no, c.direction, c.kind, c.line_nos,
                        c.submissions_cut, c.submission_no, c.epoch, c.lease_until, p.slot_no, p.due_at AS was_due_at
                ), taken AS (
                    UPDATE sluice.channel_slot s SET chunk_id = l.chunk_id, epoch = l.epoch, held_until = l.lease_until
                    FROM leased l WHERE s.channel = $1 AND s.lane = '\(lane)' AND s.slot_no = l.slot_no
                )
                SELECT chunk_id, batch_id, business_date, chunk_no, direction, kind, line_nos, submissions_cut,
                    submission_no, epoch, now() FROM leased ORDER BY was_due_at, chunk_id
                """,
                [
                    .text(claim.channel.value), .bytea(claim.specificationSHA256), .int64(Int64(claim.limit)),
                    .text(claim.worker.value), .microseconds(claim.lease),
                ]
            ).map { row in
                ClaimedChunk(
                    chunkIdentifier: try row.int64(0),
                    batch: BatchIdentifier(try row.int64(1)),
                    businessDate: try row.date(2),
                    chunkNumber: try row.int32(3),
                    direction: try row.word(4),
                    channel: claim.channel,
                    kind: try row.word(5),
                    lines: row.isNull(6) ? [] : try row.intArray(6).map(LineNumber.init),
                    submissionsCut: try row.int32(7),
                    submission: try row.optionalInt32(8).map(SubmissionNumber.init),
                    worker: claim.worker,
                    epoch: LeaseEpoch(try row.int64(9)),
                    now: try row.timestamp(10)
                )
            }
        }
    }

    package func ordersToSubmit(of chunk: ClaimedChunk, limit: Int) async throws -> [OrderToSubmit] {
        try await pool.transaction("orders to submit", readOnly: true) { transaction in
            var cipher = try cipher(of: chunk.batch, transaction)
            return try transaction.query(
                """
                SELECT line_no, amount_minor, currency, bank_code, attempt_no, personal FROM sluice.payment_order o
                WHERE batch_id = $1 AND business_date = $2 AND line_no = ANY ($3) AND state = 'ready'
                    AND \(Self.isNotContradicted)
                    AND \(LineBounds.condition("line_no", in: "$3"))
                ORDER BY line_no LIMIT $4
                """,
                [
                    .int64(chunk.batch.value), .date(chunk.businessDate), .intArray(chunk.lines.map(\.value)),
                    .int64(Int64(limit)),
                ]
            ).map { row in
                let line = LineNumber(try row.int32(0))
                let personal = try PersonalData(serialized: try cipher.open(try row.bytes(5), .personal, line: line))
                return OrderToSubmit(
                    line: line,
                    amountMinor: try row.int64(1),
                    currency: try row.text(2),
                    accountNumber: personal.accountNumber,
                    accountName: personal.accountName,
                    bankCode: try row.optionalText(3),
                    purpose: personal.purpose,
                    attempts: try row.int16(4)
                )
            }
        }
    }

    package func removeLines(_ lines: [LineNumber], from chunk: ClaimedChunk, reviewCode: String?) async throws {
        try await pool.transaction("remove lines") { transaction in
            guard try lock(chunk, transaction, kind: .submit) else { return }
            _ = try transaction.execute(
                """
                UPDATE sluice.work_chunk SET line_nos = ARRAY(SELECT n FROM unnest(line_nos) AS n WHERE n <> ALL ($2))
                WHERE chunk_id = $1
                """,
                [.int64(chunk.chunkIdentifier), .intArray(lines.map(\.value))]
            )
            guard let reviewCode else { return }
            _ = try transaction.execute(
                """
                INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no, channel)
                SELECT $4::text || '/' || $6::text, $4, $5, $1, $2, n, $6 FROM unnest($3::int[]) AS n ON CONFLICT DO
                    NOTHING
                """,
                [
                    .int64(chunk.batch.value), .date(chunk.businessDate), .intArray(lines.map(\.value)),
                    .text(ReviewCause.unfitForChannel.rawValue), .text(reviewCode), .text(chunk.channel.value),
                ]
            )
        }
    }

    package func releaseChunk(_ chunk: ClaimedChunk, next: ChunkNext) async throws {
        try await pool.transaction("release chunk") { transaction in
            // A submit chunk whose intent was committed after all (its worker saw an error) is a submission's by now.
            guard try lock(chunk, transaction, kind: chunk.kind) else { return }
            try apply(next, to: chunk, inFlightUntil: nil, transaction)
        }
    }

    /// Locks the chunk's row; false if the lease is somebody else's, whatever this worker believes (R10).
    ///
    /// `kind`: what the chunk must still be for; nil for anything.
    ///
    /// `toBegin`: an ended lease begins nothing, even while nobody else has the chunk.
    func lock(
        _ chunk: ClaimedChunk,
        _ transaction: PostgresTransaction,
        kind: ChunkKind? = nil,
        toBegin: Bool = false
    ) throws -> Bool {
        let rows = try transaction.query(
            """
            SELECT kind, lease_until > now() FROM sluice.work_chunk
            WHERE chunk_id = $1 AND epoch = $2 AND lease_worker = $3 FOR NO KEY UPDATE
            """,
            [.int64(chunk.chunkIdentifier), .int64(chunk.epoch.value), .text(chunk.worker.value)]
        )
        guard let row = rows.first else { return false }
        return try (kind == nil || row.text(0) == kind?.rawValue) && (!toBegin || row.bool(1))
    }

    /// What happens to the chunk and its slot.
    ///
    /// A slot is free again after an outcome, or past send-by plus the total deadline (R10).
    func apply(
        _ next: ChunkNext,
        to chunk: ClaimedChunk,
        inFlightUntil: Timestamp?,
        _ transaction: PostgresTransaction
    ) throws {
        switch next {
        case .keep:
            // Whatever becomes of the lease, the slot is held for as long as the call can be under way.
            _ = try transaction.execute(
                "UPDATE sluice.channel_slot SET held_until = $4 WHERE channel = $1 AND chunk_id = $2 AND epoch = $3",
                [
                    .text(chunk.channel.value), .int64(chunk.chunkIdentifier), .int64(chunk.epoch.value),
                    .optional(inFlightUntil),
                ]
            )
            return
        case .schedule(let kind, let delay):
            _ = try transaction.execute(
                """
                UPDATE sluice.work_chunk SET kind = $2::sluice.chunk_kind, lane = $3::sluice.lane, lease_worker = NULL,
                    lease_until = NULL, due_at = now() + $4 * interval '1 microsecond' WHERE chunk_id = $1
                """,
                [
                    .int64(chunk.chunkIdentifier), .text(kind.rawValue), .text(kind.lane.rawValue),
                    .microseconds(delay),
                ]
            )
        case .finish:
            _ = try transaction.execute(
                "DELETE FROM sluice.work_chunk WHERE chunk_id = $1",
                [.int64(chunk.chunkIdentifier)]
            )
        }
        _ = try transaction.execute(
            """
            UPDATE sluice.channel_slot SET chunk_id = NULL, epoch = NULL, held_until = NULL
            WHERE channel = $1 AND chunk_id = $2 AND epoch = $3
            """,
            [.text(chunk.channel.value), .int64(chunk.chunkIdentifier), .int64(chunk.epoch.value)]
        )
    }
}
