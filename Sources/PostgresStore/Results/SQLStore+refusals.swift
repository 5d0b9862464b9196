import PaymentCore
import PostgresClient
package import Store

/// How files that are refused as a whole are answered.
extension SQLStore {
    package func refusal(of file: ClaimedBatchFile) async throws -> FileRefusal? {
        try await pool.transaction("refusal", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT c.verdict ->> 'code', coalesce((c.verdict ->> 'line')::bigint, 0),
                    (c.verdict ->> 'byte')::bigint, coalesce(c.verdict ->> 'what', ''),
                    coalesce(c.verdict ->> 'mend', ''), (SELECT r.code FROM sluice.review_item r
                        WHERE r.batch_id = c.batch_id AND r.cause = 'file_held' ORDER BY r.item_id DESC LIMIT 1),
                    c.part_count = (SELECT count(*) FROM sluice.batch_file_part p
                        WHERE p.batch_id = c.batch_id AND p.is_encrypted)
                FROM sluice.batch_file c WHERE c.batch_id = $1 AND c.lease_epoch = $2 AND \(Self.isUnanswered)
                """,
                [.int64(file.id.value), .int64(file.epoch.value)]
            ).first.map { row in
                FileRefusal(
                    note: VerdictNote(
                        code: try row.text(0),
                        line: try row.int64(1),
                        byteOffset: try row.optionalInt64(2),
                        what: try row.text(3),
                        mend: try row.text(4)
                    ),
                    heldFor: try row.optionalText(5),
                    isKept: try row.bool(6)
                )
            }
        }
    }

    package func leaveUnanswered(_ file: ClaimedBatchFile) async throws {
        try await pool.transaction("leave refusal unanswered") { transaction in
            _ = try transaction.execute(
                """
                UPDATE sluice.batch_file c SET refusal_answered_at = now(), lease_worker = NULL, lease_until = NULL
                WHERE c.batch_id = $1 AND c.lease_epoch = $2 AND \(Self.isUnanswered)
                """,
                [.int64(file.id.value), .int64(file.epoch.value)]
            )
        }
    }
}
