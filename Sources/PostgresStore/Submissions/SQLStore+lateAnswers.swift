import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// Keeps what came when it decides nothing any more, and tells people what it contradicts (R8, R10).
    ///
    /// Orders, submission and call may be in the history by then. Nothing there is changed: an answer to a call whose
    /// day has left is evidence of a day that has not.
    func keepLate(_ change: SubmissionChange, _ transaction: PostgresTransaction) throws {
        guard let ended = change.endedCall else { return }
        if try !end(ended, isLate: true, change: change, transaction) {
            try file(late: ended, of: change, transaction)
        }
        guard case .answered = ended.outcome, !change.lateActions.isEmpty else { return }
        var cipher = try cipher(of: change.chunk.batch, transaction)
        let orders = try submittedOrders(of: change.submission, change.chunk, &cipher, transaction)
        let arrived = try transaction.query(
            """
            SELECT sends - sends_unsent FROM sluice.submission
            WHERE batch_id = $1 AND submission_no = $2 AND business_date = $3
            UNION ALL
            SELECT sends - sends_unsent FROM history.submission
            WHERE batch_id = $1 AND submission_no = $2 AND business_date = $3
            """,
            [
                .int64(change.chunk.batch.value), .int32(change.submission.value),
                .date(change.chunk.businessDate),
            ]
        )
        let late = SettlementDecision(
            lateActions: change.lateActions,
            orders: orders,
            isOnlySend: try arrived.first?.int32(0) == 1
        )
        try raise(late: late, of: change, transaction)
    }

    /// Files the answer to a call of an archived day under today, with the call's own number.
    ///
    /// Once only, whenever it comes again; and not at all where the call has ended. A rehearsal may have archived
    /// today: then the oldest day that is live takes it.
    private func file(late ended: EndedCall, of change: SubmissionChange, _ transaction: PostgresTransaction) throws {
        let key: [PostgresValue] = [
            .int64(change.chunk.batch.value), .int32(change.submission.value), .int32(ended.call.ordinal),
            .date(ended.call.day),
        ]
        _ = try transaction.execute(
            """
            INSERT INTO sluice.exchange (batch_id, submission_no, ordinal, exchange_day, business_date, channel, kind,
                epoch, worker_id, recorded_at, send_by, outcome, reason, header_code, http_status, volatile_elements,
                response, data_key_id, latency_us, ended_at, is_late)
            SELECT h.batch_id, h.submission_no, h.ordinal,
                greatest((now() AT TIME ZONE 'UTC')::date, sluice.carry_over_end('exchange')), h.business_date,
                h.channel, h.kind, h.epoch, h.worker_id, h.recorded_at, h.send_by, $5::sluice.call_outcome, $6::text,
                $7::text, $8::int, $9::jsonb, $10::bytea, $11::int, $12::bigint, now(), true
            FROM history.exchange h
            WHERE h.batch_id = $1 AND h.submission_no = $2 AND h.ordinal = $3 AND h.exchange_day = $4
                AND h.outcome IS NULL AND NOT EXISTS (SELECT FROM sluice.exchange x WHERE x.batch_id = $1
                    AND x.submission_no = $2 AND x.ordinal = $3 AND x.exchange_day > $4)
            ON CONFLICT DO NOTHING
            """,
            key + outcome(of: ended, change, transaction)
        )
    }
}
