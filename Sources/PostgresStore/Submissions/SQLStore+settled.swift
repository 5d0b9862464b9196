import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// Runs a transaction and knows afterwards whether it was committed.
    ///
    /// Where the answer to COMMIT is lost, the truth is found by the business key, under the lock that the lost
    /// transaction took first, on a new connection: who gets that lock knows that the lost one has ended. Nothing is
    /// guessed; if the lock cannot be had, the uncertainty is thrown on.
    ///
    /// `truth`: what was committed; nil if nothing was, then the transaction is run once more.
    func settled<Value: Sendable>(
        _ label: String,
        _ body: @Sendable (PostgresTransaction) throws -> Value,
        truth: @Sendable (PostgresTransaction) throws -> Value?
    ) async throws -> Value {
        do {
            return try await pool.transaction(label, body)
        } catch let error as PostgresError where error.code == .commitUnknown {
            let found = try await pool.transaction("\(label), what became of it") { transaction in
                try truth(transaction)
            }
            if let found { return found }
        }
        return try await pool.transaction(label, body)
    }

    /// What a lost COMMIT of an intent left behind.
    ///
    /// Nil: nothing; the orders are read again.
    func whatBecame(of intent: SubmissionIntent, _ transaction: PostgresTransaction) throws -> IntentOutcome? {
        try awaitOthers(intent.chunk, transaction)
        let rows = try transaction.query(
            """
            SELECT ordinal, exchange_day FROM sluice.exchange
            WHERE batch_id = $1 AND submission_no = $2 AND ordinal = 1 AND epoch = $3 AND worker_id = $4
            """,
            [
                .int64(intent.chunk.batch.value), .int32(intent.submission.value),
                .int64(intent.chunk.epoch.value), .text(intent.chunk.worker.value),
            ]
        )
        return try rows.first.map { row in
            .recordedUnsure(RecordedCall(ordinal: try row.int32(0), day: try row.date(1)))
        }
    }

    /// What a lost COMMIT of a change left behind.
    ///
    /// Nil: nothing, and what the worker has in hand is recorded again.
    func whatBecame(of change: SubmissionChange, _ transaction: PostgresTransaction) throws -> ChangeOutcome? {
        let chunk = change.chunk
        try awaitOthers(chunk, transaction)
        if let ended = change.endedCall {
            let rows = try transaction.query(
                """
                SELECT is_late FROM sluice.exchange WHERE batch_id = $1 AND submission_no = $2 AND ordinal = $3
                    AND exchange_day >= $4 AND epoch = $5 AND worker_id = $6 AND outcome IS NOT NULL
                """,
                [
                    .int64(chunk.batch.value), .int32(change.submission.value), .int32(ended.call.ordinal),
                    .date(ended.call.day), .int64(chunk.epoch.value), .text(chunk.worker.value),
                ]
            )
            return try rows.first.map { try $0.bool(0) ? .stale : .committed(nil) }
        }
        guard let step = change.begins else { return nil }
        let rows = try transaction.query(
            """
            SELECT ordinal, exchange_day FROM sluice.exchange WHERE batch_id = $1 AND submission_no = $2 AND epoch = $3
                AND worker_id = $4 AND kind = $5::sluice.call_kind ORDER BY ordinal DESC LIMIT 1
            """,
            [
                .int64(chunk.batch.value), .int32(change.submission.value), .int64(chunk.epoch.value),
                .text(chunk.worker.value), .text(step.rawValue),
            ]
        )
        return try rows.first.map { row in
            .committedUnsure(RecordedCall(ordinal: try row.int32(0), day: try row.date(1)))
        }
    }

    /// Waits until nobody else has the chunk's row: a lost transaction of ours took it first.
    private func awaitOthers(_ chunk: ClaimedChunk, _ transaction: PostgresTransaction) throws {
        _ = try transaction.query(
            "SELECT FROM sluice.work_chunk WHERE chunk_id = $1 FOR NO KEY UPDATE",
            [.int64(chunk.chunkIdentifier)]
        )
    }
}
