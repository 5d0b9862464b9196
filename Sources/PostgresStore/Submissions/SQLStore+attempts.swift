package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func attemptHistory(of chunk: ClaimedChunk, lines: [LineNumber]) async throws -> AttemptHistory {
        try await pool.transaction("attempt history", readOnly: true) { transaction in
            let merchants = try transaction.query(
                """
                SELECT m.merchant_no FROM sluice.batch_file f JOIN sluice.merchant m USING (merchant_id)
                WHERE f.batch_id = $1
                """,
                [.int64(chunk.batch.value)]
            )
            guard let row = merchants.first else { throw StoreDefect("batch \(chunk.batch) does not exist") }
            let ended = try transaction.query(
                """
                SELECT a.line_no, a.channel, a.code IN (\(Self.unsentCodes)) FROM sluice.payment_attempt a
                WHERE a.batch_id = $1 AND a.business_date = $2 AND a.line_no = ANY ($3) ORDER BY a.line_no, a.attempt_no
                """,
                [.int64(chunk.batch.value), .date(chunk.businessDate), .intArray(lines.map(\.value))]
            )
            var attempts: [LineNumber: [AttemptHistory.EndedAttempt]] = [:]
            for row in ended {
                attempts[LineNumber(try row.int32(0)), default: []].append(
                    AttemptHistory.EndedAttempt(
                        channel: ChannelName(try row.text(1)),
                        isUnsent: try row.bool(2)
                    )
                )
            }
            return AttemptHistory(merchant: MerchantNumber(try row.text(0)), ended: attempts)
        }
    }

    /// The codes of attempts of which no byte ever left.
    static let unsentCodes = UnsentCode.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")

    /// Files the live attempts of these orders as ended, and lets the orders wait for planning.
    ///
    /// The evidence is the call that has just ended, or the submission's last one.
    func endAttempts(_ moves: [OrderMove], change: SubmissionChange, _ transaction: PostgresTransaction) throws {
        guard !moves.isEmpty else { return }
        let chunk = change.chunk
        let evidence = try change.endedCall?.call ?? lastCall(of: change.submission, chunk, transaction)
        let key: [PostgresValue] = [
            .int64(chunk.batch.value), .date(chunk.businessDate), .int32(change.submission.value),
            .intArray(moves.map(\.line.value)),
        ]
        _ = try transaction.execute(
            """
            INSERT INTO sluice.payment_attempt (batch_id, line_no, business_date, attempt_no, channel, submission_no,
                cause, code, evidence_day, evidence_ordinal)
            SELECT o.batch_id, o.line_no, o.business_date, o.attempt_no, o.channel, o.submission_no,
                m.cause::sluice.failure_cause, m.code, $7::date, $8::int
            FROM unnest($4::int[], $5::text[], $6::text[]) AS m (line_no, cause, code)
            JOIN sluice.payment_order o ON o.batch_id = $1 AND o.business_date = $2 AND o.line_no = m.line_no
                AND o.submission_no = $3 AND \(LineBounds.condition("o.line_no", in: "$4"))
            """,
            key + [
                .textArray(moves.compactMap { $0.cause?.rawValue }), .textArray(moves.map(\.code)),
                .date(evidence.day), .int32(evidence.ordinal),
            ]
        )
        _ = try transaction.execute(
            """
            INSERT INTO sluice.order_to_plan (batch_id, business_date, line_no, not_before)
            SELECT $1, $2, m.line_no, now() + m.delay * interval '1 microsecond'
            FROM unnest($3::int[], $4::bigint[]) AS m (line_no, delay)
            """,
            [
                .int64(chunk.batch.value), .date(chunk.businessDate), .intArray(moves.map(\.line.value)),
                .bigintArray(moves.map { $0.next?.delay.microseconds ?? 0 }),
            ]
        )
    }

    /// The submission's last call, live or of a day that has left: a call is filed by the day on which it was made.
    private func lastCall(
        of submission: SubmissionNumber,
        _ chunk: ClaimedChunk,
        _ transaction: PostgresTransaction
    ) throws -> RecordedCall {
        let key: [PostgresValue] = [.int64(chunk.batch.value), .int32(submission.value)]
        // No call before the intent: its day keeps the look from the partitions before it.
        let intended = try transaction.query(
            """
            SELECT (intended_at AT TIME ZONE 'UTC')::date FROM sluice.submission
            WHERE batch_id = $1 AND submission_no = $2 AND business_date = $3
            """,
            key + [.date(chunk.businessDate)]
        )
        guard let first = intended.first else {
            throw StoreDefect("submission \(submission) of batch \(chunk.batch) is missing")
        }
        // A late answer may be filed under a later day than the last call.
        let calls = try transaction.query(
            """
            SELECT x.ordinal, x.exchange_day FROM sluice.exchange x
            WHERE x.batch_id = $1 AND x.submission_no = $2 AND x.exchange_day >= $3
            UNION ALL
            SELECT x.ordinal, x.exchange_day FROM history.exchange x
            WHERE x.batch_id = $1 AND x.submission_no = $2 AND x.exchange_day >= $3
            ORDER BY ordinal DESC, exchange_day LIMIT 1
            """,
            key + [.date(try first.date(0))]
        )
        guard let last = calls.first else {
            throw StoreDefect("submission \(submission) of batch \(chunk.batch) has no call that proves its end")
        }
        return RecordedCall(ordinal: try last.int32(0), day: try last.date(1))
    }
}
