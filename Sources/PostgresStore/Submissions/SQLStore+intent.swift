import PaymentCore
import PostgresClient
package import Store

/// Thrown inside the intent's transaction to roll it back.
private struct OrdersChanged: Error {}

extension SQLStore {
    package func recordIntent(_ intent: SubmissionIntent) async throws -> IntentOutcome {
        do {
            return try await settled(
                "record intent",
                { transaction in try record(intent, transaction) },
                truth: { transaction in try whatBecame(of: intent, transaction) }
            )
        } catch is OrdersChanged {
            return .ordersChanged
        }
    }

    /// An earlier attempt may have been paid after all: the order waits for a person (R8).
    ///
    /// So does one that was released from a line whose order may have been paid.
    static let isNotContradicted = """
        NOT EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = $1 AND r.line_no = o.line_no
            AND r.cause = 'contradiction' AND r.closed_at IS NULL)
            AND ((SELECT f.parent_batch_id IS NULL FROM sluice.batch_file f WHERE f.batch_id = $1)
                OR NOT sluice.is_contradicted($1, o.line_no))
        """

    private func record(_ intent: SubmissionIntent, _ transaction: PostgresTransaction) throws -> IntentOutcome {
        let chunk = intent.chunk
        try transaction.requireDurableCommit()
        guard try lock(chunk, transaction, kind: .submit, toBegin: true), let until = intent.state.inFlight?.until
        else { return .stale }
        // The slot is still this claim's, and the specification still the activated one (R16).
        let held = try transaction.execute(
            """
            UPDATE sluice.channel_slot s SET held_until = $4 FROM sluice.channel c
            WHERE s.channel = $1 AND s.chunk_id = $2 AND s.epoch = $3 AND c.channel = $1 AND c.specification_sha256 = $5
            """,
            [
                .text(chunk.channel.value), .int64(chunk.chunkIdentifier), .int64(chunk.epoch.value), .optional(until),
                .bytea(intent.specificationSHA256),
            ]
        )
        guard held == 1 else { return .stale }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.channel_number_registry (channel, scope, number, batch_id, submission_no)
            VALUES ($1, $2, $3, $4, $5)
            """,
            [
                .text(chunk.channel.value), .text(intent.numberScope), .text(intent.number), .int64(chunk.batch.value),
                .int32(intent.submission.value),
            ]
        )
        let moved = try transaction.execute(
            """
            UPDATE sluice.payment_order o SET state = 'submitting', code = 'intent', channel = $4, submission_no = $5,
                item_no = i.item_no, attempt_no = o.attempt_no + 1
            FROM unnest($3::int[]) WITH ORDINALITY AS i (line_no, item_no)
            WHERE o.batch_id = $1 AND o.business_date = $2 AND o.line_no = i.line_no AND o.state = 'ready'
                AND \(Self.isNotContradicted)
                AND \(LineBounds.condition("o.line_no", in: "$3"))
            """,
            [
                .int64(chunk.batch.value), .date(chunk.businessDate), .intArray(intent.orders.map(\.line.value)),
                .text(chunk.channel.value), .int32(intent.submission.value),
            ]
        )
        guard moved == intent.orders.count else { throw OrdersChanged() }
        try insert(intent, transaction)
        let call = try insertExchange(
            chunk: chunk,
            submission: intent.submission,
            ordinal: 1,
            kind: .send,
            sendBy: intent.sendBy,
            transaction
        )
        // The chunk is the submission's from now on; if this worker dies, it comes up on the query lane when the lease
        // ends.
        _ = try transaction.execute(
            """
            UPDATE sluice.work_chunk SET kind = 'query', lane = 'query', line_nos = NULL, submission_no = $2
            WHERE chunk_id = $1
            """,
            [.int64(chunk.chunkIdentifier), .int32(intent.submission.value)]
        )
        if !intent.remainingLines.isEmpty {
            _ = try transaction.execute(
                """
                INSERT INTO sluice.work_chunk (batch_id, business_date, chunk_no, direction, channel, lane, kind,
                    line_nos,
                    submissions_cut, due_at)
                VALUES ($1, $2, $3, $4::sluice.direction, $5, 'submit', 'submit', $6, $7, now())
                """,
                [
                    .int64(chunk.batch.value), .date(chunk.businessDate), .int32(chunk.chunkNumber),
                    .text(chunk.direction.rawValue), .text(chunk.channel.value),
                    .intArray(intent.remainingLines.map(\.value)), .int32(chunk.submissionsCut + 1),
                ]
            )
        }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.outbox (topic, batch_id, payload) VALUES ('orders_moved', $1, jsonb_build_object(
                'channel', $2::text, 'from', 'ready', 'to', 'submitting', 'currency', $3::text, 'count', $4::bigint,
                'amount_minor', $5::bigint))
            """,
            [
                .int64(chunk.batch.value), .text(chunk.channel.value), .text(intent.currency),
                .int64(Int64(intent.orders.count)), .int64(intent.amountMinor),
            ]
        )
        return .recorded(call)
    }

    private func insert(_ intent: SubmissionIntent, _ transaction: PostgresTransaction) throws {
        let chunk = intent.chunk
        let state = intent.state
        var cipher = try cipher(of: chunk.batch, transaction)
        let envelope = cipher.sealWithRandomNonce(
            intent.envelope.serialized,
            .envelope,
            intent.submission.value,
            0
        )
        _ = try transaction.execute(
            """
            INSERT INTO sluice.submission (batch_id, submission_no, business_date, channel, direction, number,
                number_scope,
                scope_ends_at, trade_date, attempt_no, phase, line_nos, amount_minor, currency, envelope,
                    envelope_sha256,
                data_key_id, specification_sha256, sends, sends_unsent, next_ordinal, in_flight_kind, in_flight_epoch,
                in_flight_until, polls, not_founds, last_not_found_at, first_sent_at, last_send_ended_at, ever_taken)
            VALUES ($1, $2, $3, $4, $5::sluice.direction, $6, $7, $8, $9, $10, $11::sluice.submission_phase, $12, $13,
                $14,
                $15, $16, $17, $18, $19, $20, 2, $21::sluice.call_kind, $22, $23, $24, $25, $26, $27, $28, $29)
            """,
            [
                .int64(chunk.batch.value), .int32(intent.submission.value), .date(chunk.businessDate),
                .text(chunk.channel.value), .text(chunk.direction.rawValue), .text(intent.number),
                .text(intent.numberScope), .optional(intent.scopeEndsAt), .date(intent.tradeDate),
                .int16(intent.attempt),
                .text(state.phase.rawValue), .intArray(intent.orders.map(\.line.value)), .int64(intent.amountMinor),
                .text(intent.currency), .bytea(envelope), .bytea(intent.envelopeSHA256), .int32(cipher.keyIdentifier),
                .bytea(intent.specificationSHA256), .int32(state.sends), .int32(state.sendsUnsent),
                .optionalText(state.inFlight?.kind.rawValue), .optionalInt64(state.inFlight?.epoch.value),
                .optional(state.inFlight?.until), .int32(state.polls), .int32(state.notFounds),
                .optional(state.lastNotFoundAt), .optional(state.firstSentAt), .optional(state.lastSendEndedAt),
                .bool(state.everTaken),
            ]
        )
    }

    /// Commits, with the transaction it is part of, that a call is about to be made (R1).
    func insertExchange(
        chunk: ClaimedChunk,
        submission: SubmissionNumber,
        ordinal: Int32,
        kind: InFlight.Kind,
        sendBy: TimeSpan,
        _ transaction: PostgresTransaction
    ) throws -> RecordedCall {
        let rows = try transaction.query(
            """
            INSERT INTO sluice.exchange (batch_id, submission_no, ordinal, exchange_day, business_date, channel, kind,
                epoch,
                worker_id, send_by)
            VALUES ($1, $2, $3, (now() AT TIME ZONE 'UTC')::date, $4, $5, $6::sluice.call_kind, $7, $8,
                now() + $9 * interval '1 microsecond')
            RETURNING exchange_day
            """,
            [
                .int64(chunk.batch.value), .int32(submission.value), .int32(ordinal), .date(chunk.businessDate),
                .text(chunk.channel.value), .text(kind.rawValue), .int64(chunk.epoch.value), .text(chunk.worker.value),
                .microseconds(sendBy),
            ]
        )
        guard let row = rows.first else { throw StoreDefect("an exchange that was inserted has no row") }
        return RecordedCall(ordinal: ordinal, day: try row.date(0))
    }
}
