import PaymentCore
import PostgresClient
package import Store

/// Thrown inside a change's transaction to roll it back: something is no longer as it was when the worker read it.
private struct Overtaken: Error {}

extension SQLStore: SubmissionStore {
    package func loadSubmission(of chunk: ClaimedChunk) async throws -> LoadedSubmission {
        guard let submission = chunk.submission else {
            throw StoreDefect("chunk \(chunk.chunkIdentifier) of batch \(chunk.batch) carries no submission")
        }
        return try await pool.transaction("load submission", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT number, trade_date, scope_ends_at, phase, sends, sends_unsent, in_flight_kind, in_flight_epoch,
                    in_flight_until, polls, not_founds, last_not_found_at, first_sent_at, last_send_ended_at,
                        ever_taken,
                    envelope, now()
                FROM sluice.submission WHERE batch_id = $1 AND submission_no = $2 AND business_date = $3
                """,
                [.int64(chunk.batch.value), .int32(submission.value), .date(chunk.businessDate)]
            )
            guard let row = rows.first else {
                throw StoreDefect("submission \(submission) of batch \(chunk.batch) is missing")
            }
            let inFlight: InFlight? =
                row.isNull(6)
                ? nil
                : InFlight(kind: try row.word(6), epoch: LeaseEpoch(try row.int64(7)), until: try row.timestamp(8))
            let state = SubmissionState(
                phase: try row.word(3),
                sends: try row.int32(4),
                sendsUnsent: try row.int32(5),
                inFlight: inFlight,
                polls: try row.int32(9),
                notFounds: try row.int32(10),
                lastNotFoundAt: try row.optionalTimestamp(11),
                firstSentAt: try row.optionalTimestamp(12),
                lastSendEndedAt: try row.optionalTimestamp(13),
                everTaken: try row.bool(14)
            )
            var cipher = try cipher(of: chunk.batch, transaction)
            let bytes = try cipher.openWithNonce(try row.bytes(15), .envelope, submission.value, 0)
            guard let envelope = Envelope(serialized: bytes) else {
                throw StoreDefect("the envelope of submission \(submission) of batch \(chunk.batch) cannot be read")
            }
            let orders = try submittedOrders(of: submission, chunk, &cipher, transaction)
            return LoadedSubmission(
                key: SubmissionKey(batch: chunk.batch, number: submission, businessDate: chunk.businessDate),
                number: try row.text(0),
                tradeDate: try row.date(1),
                scopeEndsAt: try row.optionalTimestamp(2),
                state: state,
                envelope: envelope,
                orders: orders,
                now: try row.timestamp(16)
            )
        }
    }

    package func record(_ change: SubmissionChange) async throws -> ChangeOutcome {
        do {
            return try await settled(
                "record submission",
                { transaction in try record(change, transaction) },
                truth: { transaction in try whatBecame(of: change, transaction) }
            )
        } catch is Overtaken {
            // A person or another answer was faster: what was heard is kept, and decides nothing.
            try await pool.transaction("keep late answer") { transaction in
                try keepLate(change, transaction)
            }
            return .stale
        }
    }

    func record(_ change: SubmissionChange, _ transaction: PostgresTransaction) throws -> ChangeOutcome {
        let chunk = change.chunk
        if change.begins != nil { try transaction.requireDurableCommit() }
        guard try lock(chunk, transaction, toBegin: change.begins != nil) else {
            try keepLate(change, transaction)
            return .stale
        }
        if let ended = change.endedCall {
            guard try end(ended, isLate: false, change: change, transaction) else { throw Overtaken() }
        }
        try move(change, transaction)
        let ordinal = try update(change, transaction)
        var begun: RecordedCall?
        if let step = change.begins {
            begun = try insertExchange(
                chunk: chunk,
                submission: change.submission,
                ordinal: ordinal,
                kind: step == .send ? .send : .query,
                sendBy: change.sendBy,
                transaction
            )
        }
        try raise(change, transaction)
        try note(change, transaction)
        try apply(change.next, to: chunk, inFlightUntil: change.state.inFlight?.until, transaction)
        if change.state.phase.isFinal {
            _ = try transaction.query(
                """
                SELECT sluice.close_settled_reviews($1, $2, $3) FROM (SELECT FROM sluice.review_item
                    WHERE batch_id = $1 AND submission_no = $2 AND closed_at IS NULL LIMIT 1) AS waiting
                """,
                [.int64(chunk.batch.value), .int32(change.submission.value), .date(chunk.businessDate)]
            )
        }
        return .committed(begun)
    }

    /// Writes how a call ended; false if it has ended before, if another lease began it, or if its day has left.
    func end(
        _ ended: EndedCall,
        isLate: Bool,
        change: SubmissionChange,
        _ transaction: PostgresTransaction
    ) throws -> Bool {
        let chunk = change.chunk
        let key: [PostgresValue] = [
            .int64(chunk.batch.value), .int32(change.submission.value), .int32(ended.call.ordinal),
            .date(ended.call.day),
        ]
        // An outcome is written once; evidence is never overwritten.
        return try transaction.execute(
            """
            UPDATE sluice.exchange SET outcome = $5::sluice.call_outcome, reason = $6, header_code = $7,
                http_status = $8, volatile_elements = $9::jsonb, response = $10, data_key_id = $11, latency_us = $12,
                ended_at = now(), is_late = $13
            WHERE batch_id = $1 AND submission_no = $2 AND ordinal = $3 AND exchange_day = $4 AND outcome IS NULL
                AND ($13 OR (epoch = $14 AND worker_id = $15))
            """,
            key + outcome(of: ended, change, transaction) + [
                .bool(isLate), .int64(chunk.epoch.value), .text(chunk.worker.value),
            ]
        ) == 1
    }

    /// `$5` to `$12` of statements on how a call ended, from its outcome to its latency.
    func outcome(
        of ended: EndedCall,
        _ change: SubmissionChange,
        _ transaction: PostgresTransaction
    ) throws
        -> [PostgresValue]
    {
        let outcome: (word: String, reason: String?, headerCode: String?) =
            switch ended.outcome {
            case .notSent(let reason): ("not_sent", reason, nil)
            case .unknown(let reason): ("unknown", reason, nil)
            case .answered(let answer): ("answered", nil, answer.headerCode)
            }
        var response: PostgresValue = .null
        var keyIdentifier: PostgresValue = .null
        if !ended.response.isEmpty {
            var cipher = try cipher(of: change.chunk.batch, transaction)
            response = .bytea(
                cipher.sealWithRandomNonce(ended.response, .response, change.submission.value, ended.call.ordinal)
            )
            keyIdentifier = .int32(cipher.keyIdentifier)
        }
        let volatile = JSONText.object(
            ended.volatileElements.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }
        )
        return [
            .text(outcome.word), .optionalText(outcome.reason), .optionalText(outcome.headerCode),
            .optionalInt32(ended.status), .jsonb(volatile), response, keyIdentifier,
            .int64(ended.latencyMicroseconds),
        ]
    }

    /// All moves by compare-and-set, or none.
    private func move(_ change: SubmissionChange, _ transaction: PostgresTransaction) throws {
        let moves = change.decision.moves
        guard !moves.isEmpty else { return }
        let chunk = change.chunk
        let evidence = change.endedCall?.call
        // The attempts first, while the orders still name their channel and submission.
        try endAttempts(moves.filter { $0.to == .ready }, change: change, transaction)
        let rows = try transaction.query(
            """
            WITH moved AS (
                UPDATE sluice.payment_order o SET state = m.to_state::sluice.order_state,
                    cause = CASE WHEN m.to_state = 'failed' THEN m.cause::sluice.failure_cause END, code = m.code,
                    channel = CASE WHEN m.to_state <> 'ready' THEN o.channel END,
                    submission_no = CASE WHEN m.to_state <> 'ready' THEN o.submission_no END,
                    item_no = CASE WHEN m.to_state <> 'ready' THEN o.item_no END,
                    evidence_day = CASE WHEN m.to_state <> 'ready' THEN $9::date END,
                    evidence_ordinal = CASE WHEN m.to_state <> 'ready' THEN $10::int END,
                    decided_at = CASE WHEN m.to_state IN ('succeeded', 'failed') THEN now() END
                FROM unnest($4::int[], $5::text[], $6::text[], $7::text[], $8::text[]) AS m (line_no, from_state,
                    to_state, cause, code)
                WHERE o.batch_id = $1 AND o.business_date = $2 AND o.line_no = m.line_no AND o.submission_no = $3
                    AND o.state = m.from_state::sluice.order_state
                    AND \(LineBounds.condition("o.line_no", in: "$4"))
                RETURNING m.from_state, m.to_state, m.cause, o.currency, o.amount_minor
            ), told AS (
                INSERT INTO sluice.outbox (topic, batch_id, payload)
                SELECT 'orders_moved', $1, jsonb_build_object('channel', $11::text, 'from', from_state, 'to', to_state,
                    'cause', cause, 'currency', currency, 'count', count(*), 'amount_minor', sum(amount_minor))
                FROM moved GROUP BY from_state, to_state, cause, currency
            )
            SELECT count(*) FROM moved
            """,
            [
                .int64(chunk.batch.value), .date(chunk.businessDate), .int32(change.submission.value),
                .intArray(moves.map(\.line.value)), .textArray(moves.map(\.from.rawValue)),
                .textArray(moves.map(\.to.rawValue)), .nullableTextArray(moves.map { $0.cause?.rawValue }),
                .textArray(moves.map(\.code)), evidence.map { .date($0.day) } ?? .null,
                .optionalInt32(evidence?.ordinal), .text(chunk.channel.value),
            ]
        )
        guard try rows.first?.int64(0) == Int64(moves.count) else { throw Overtaken() }
        let toReview = moves.filter { $0.to == .failed && $0.cause == .data }
        if !toReview.isEmpty { try quarantine(toReview, change: change, transaction) }
    }

    /// Writes the machine's state; answers the ordinal of the call that may begin.
    private func update(_ change: SubmissionChange, _ transaction: PostgresTransaction) throws -> Int32 {
        let state = change.state
        let rows = try transaction.query(
            """
            UPDATE sluice.submission SET phase = $4::sluice.submission_phase, sends = $5, sends_unsent = $6,
                in_flight_kind = $7::sluice.call_kind, in_flight_epoch = $8, in_flight_until = $9, polls = $10,
                not_founds = $11, last_not_found_at = $12, first_sent_at = $13, last_send_ended_at = $14, ever_taken =
                    $15,
                next_ordinal = next_ordinal + $16,
                settled_at = CASE WHEN $4 IN ('settled', 'refused') THEN now() END
            WHERE batch_id = $1 AND submission_no = $2 AND business_date = $3
                AND ($16 = 0 OR in_flight_until IS NULL OR in_flight_until <= now() OR in_flight_epoch = $17)
                AND ($16 = 0 OR EXISTS (SELECT FROM sluice.channel c
                    WHERE c.channel = $18 AND c.specification_sha256 = $19))
            RETURNING next_ordinal - $16
            """,
            [
                .int64(change.chunk.batch.value), .int32(change.submission.value), .date(change.chunk.businessDate),
                .text(state.phase.rawValue), .int32(state.sends), .int32(state.sendsUnsent),
                .optionalText(state.inFlight?.kind.rawValue), .optionalInt64(state.inFlight?.epoch.value),
                .optional(state.inFlight?.until), .int32(state.polls), .int32(state.notFounds),
                .optional(state.lastNotFoundAt), .optional(state.firstSentAt), .optional(state.lastSendEndedAt),
                .bool(state.everTaken), .int32(change.begins == nil ? 0 : 1),
                change.endedCall == nil ? .null : .int64(change.chunk.epoch.value),
                .text(change.chunk.channel.value), .bytea(change.specificationSHA256),
            ]
        )
        // No call begins while an earlier one may be under way (R6), or under another specification than the active
        // one (R16).
        guard let row = rows.first else { throw Overtaken() }
        return try row.int32(0)
    }
}
