package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
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
                // Without its account no message can carry it: it steps aside, and the others go on.
                let personal = cipher.personal(try row.bytes(5), line: line)
                return OrderToSubmit(
                    line: line,
                    amountMinor: try row.int64(1),
                    currency: try row.text(2),
                    accountNumber: personal?.accountNumber ?? "",
                    accountName: personal?.accountName ?? "",
                    bankCode: try row.optionalText(3),
                    purpose: personal?.purpose ?? "",
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
                SELECT $4::text || '/' || $6::text, $4, $5, $1, $2, o.line_no, $6 FROM sluice.payment_order o
                WHERE o.batch_id = $1 AND o.business_date = $2 AND o.line_no = ANY ($3) AND o.state = 'ready'
                    AND \(LineBounds.condition("o.line_no", in: "$3"))
                ON CONFLICT DO NOTHING
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
        // A probe that was given back without an outcome lets the next one go at once.
        _ = try transaction.execute(
            """
            WITH freed AS (
                UPDATE sluice.channel_slot SET chunk_id = NULL, epoch = NULL, held_until = NULL
                WHERE channel = $1 AND chunk_id = $2 AND epoch = $3
            )
            UPDATE sluice.channel_lane SET open_until = now() WHERE channel = $1 AND probe_chunk_id = $2
            """,
            [.text(chunk.channel.value), .int64(chunk.chunkIdentifier), .int64(chunk.epoch.value)]
        )
    }
}
