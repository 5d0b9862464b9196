import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// Alarms and review items of one change.
    func raise(_ change: SubmissionChange, _ transaction: PostgresTransaction) throws {
        let chunk = change.chunk
        try insert(change.decision.alarms.map { $0.raised(for: chunk) }, transaction)
        try open(
            change.decision.reviews,
            submissionReviews: change.submissionReviews,
            of: change.submission,
            chunk,
            transaction
        )
    }

    /// Tells people what a late answer contradicts (R8, R10).
    func raise(
        late decision: SettlementDecision,
        of change: SubmissionChange,
        _ transaction: PostgresTransaction
    ) throws {
        try insert(decision.alarms.map { $0.raised(for: change.chunk) }, transaction)
        try open(decision.reviews, submissionReviews: [], of: change.submission, change.chunk, transaction)
    }

    /// The accounts of orders that an answer contradicts, in one place of the two.
    private static func accounts(_ table: String) -> String {
        """
        SELECT account_hash, amount_minor, currency, batch_id, business_date, line_no FROM \(table)
        WHERE batch_id = $1 AND business_date = $2 AND line_no = ANY ($3)
            AND \(LineBounds.condition("line_no", in: "$3"))
        """
    }

    /// Opens review items; a contradiction also holds new orders to the same account and amount, and tells the merchant
    /// not to resubmit (R8).
    private func open(
        _ reviews: [SettlementDecision.LineReview],
        submissionReviews: [SubmissionChange.SubmissionReview],
        of submission: SubmissionNumber,
        _ chunk: ClaimedChunk,
        _ transaction: PostgresTransaction
    ) throws {
        var items = reviews.map { (line: Int32?.some($0.line.value), cause: $0.cause, code: $0.code) }
        items += submissionReviews.map { (line: nil, cause: $0.cause, code: $0.code) }
        guard !items.isEmpty else { return }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, submission_no, line_no,
                channel)
            SELECT i.cause || '/' || $4::text || '/' || (now() AT TIME ZONE 'UTC')::date, i.cause, i.code, $1, $2, $3,
                i.line_no::int, $4
            FROM unnest($5::text[], $6::text[], $7::bigint[]) AS i (cause, code, line_no)
            ON CONFLICT DO NOTHING
            """,
            [
                .int64(chunk.batch.value), .date(chunk.businessDate), .int32(submission.value),
                .text(chunk.channel.value), .textArray(items.map(\.cause.rawValue)), .textArray(items.map(\.code)),
                .nullableBigintArray(items.map { $0.line.map(Int64.init) }),
            ]
        )
        let atRisk = reviews.filter { $0.cause == .contradiction }.map(\.line.value)
        guard !atRisk.isEmpty else { return }
        // What such an order was released as, and has not left yet, waits for a person too.
        _ = try transaction.execute(
            """
            WITH RECURSIVE later (batch_id, line_no) AS (
                SELECT s.batch_id, s.line_no FROM sluice.supplement_record s
                WHERE s.from_batch_id = $1 AND s.from_line_no = ANY ($3)
                UNION ALL SELECT s.batch_id, s.line_no FROM later x JOIN sluice.supplement_record s
                    ON s.from_batch_id = x.batch_id AND s.from_line_no = x.line_no
            )
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no, channel)
            SELECT 'contradiction/' || $2::text || '/' || (now() AT TIME ZONE 'UTC')::date || '/released',
                'contradiction', 'released_from_contradicted', o.batch_id, o.business_date, o.line_no, $2
            FROM later x JOIN sluice.batch_file f ON f.batch_id = x.batch_id
            JOIN sluice.payment_order o ON o.batch_id = x.batch_id AND o.business_date = f.business_date
                AND o.line_no = x.line_no
            WHERE o.state IN ('held', 'ready') ON CONFLICT DO NOTHING
            """,
            [.int64(chunk.batch.value), .text(chunk.channel.value), .intArray(atRisk)]
        )
        // A contradiction that comes again with every answer is told to the merchant once.
        _ = try transaction.execute(
            """
            WITH noticed AS (
                INSERT INTO sluice.account_at_risk (account_hash, amount_minor, currency, batch_id, business_date,
                    line_no)
                \(Self.accounts("sluice.payment_order")) UNION ALL \(Self.accounts("history.payment_order"))
                ON CONFLICT DO NOTHING RETURNING line_no
            )
            INSERT INTO sluice.outbox (topic, batch_id, payload)
            SELECT 'do_not_resubmit', $1, jsonb_build_object('lines', jsonb_agg(line_no ORDER BY line_no)) FROM noticed
            HAVING count(*) > 0
            """,
            [.int64(chunk.batch.value), .date(chunk.businessDate), .intArray(atRisk)]
        )
    }
}

extension SettlementDecision.SubmissionAlarm {
    func raised(for chunk: ClaimedChunk) -> RaisedAlarm {
        RaisedAlarm(
            kind: kind,
            channel: chunk.channel,
            batch: chunk.batch,
            code: code,
            message: kind.message(channel: chunk.channel, code: code)
        )
    }
}

extension AlarmKind {
    /// What the person who is called out at night needs: what happened, and what is safe to do.
    func message(channel: ChannelName, code: String) -> String {
        switch self {
        case .unlistedCode:
            "channel \(channel) sent code \(code), which its specification does not list; affected orders stay "
                + "unknown. Ask the channel what it means, list it, activate the new specification"
        case .takenThenNotFound:
            "channel \(channel) took a submission and now says that it knows nothing of it; its orders are unknown "
                + "and are not resent. Call the channel"
        case .duplicateOtherContent:
            "channel \(channel) has other content under a number of ours; the submission is stopped. Find out who "
                + "else uses this number series before anything is sent"
        case .pollsExhausted:
            "channel \(channel) gave no final answer within the allowed number of queries; the orders are unknown and "
                + "wait in review"
        case .answerMismatch:
            "channel \(channel) answered with items, accounts or amounts that are not ours; affected orders are "
                + "unknown and wait in review"
        case .contradiction:
            "channel \(channel) contradicts a final state; nothing was changed. Money may be at risk: decide in review"
        case .unsentTooLong: "channel \(channel) has not been reachable for long; nothing was sent, orders wait"
        case .protectionEnding: "submissions on channel \(channel) soon lose their duplicate protection"
        case .resultOverdue: "results of channel \(channel) are overdue"
        case .laneOpen: "channel \(channel) fails call after call; its lane waits and probes"
        case .merchantUnknown, .windowMissed, .workRebuilt, .ceilingExceeded, .loadStopped, .budgetExceeded,
            .sinkFailed, .archiveMismatch, .archiveBehind, .archiveBlocked, .partitionMissing, .archiveDrift,
            .loginLocked, .peopleChanged, .auditBroken:
            "\(rawValue) (\(code)) on channel \(channel)"
        }
    }
}
