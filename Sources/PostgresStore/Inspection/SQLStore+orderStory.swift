package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func orderStory(of batch: BatchIdentifier, line: LineNumber) async throws -> OrderStory? {
        try await pool.transaction("order story", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT business_date, (received_at AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date
                FROM sluice.batch_file WHERE batch_id = $1
                """,
                [.int64(batch.value)]
            )
            guard let file = rows.first else { return nil }
            let key = OrderKey(batch: batch, line: line, businessDate: try file.date(0))
            guard let (found, personal) = try order(key, transaction) else { return nil }
            var story = found
            story.attempts = try attempts(key, transaction)
            let numbers = Set(story.attempts.map(\.submission) + (story.submission.map { [$0] } ?? [])).sorted()
            story.submissions = try submissions(numbers, of: key, transaction)
            try addExchanges(to: &story.submissions, of: batch, try file.date(1)...file.date(2), transaction)
            story.returns = try returns(of: key, transaction)
            story.decision = try decision(key, masking: personal, transaction)
            story.reviews = try reviews(key, submissions: numbers, transaction)
            if !story.state.isFinal {
                story.nextAction = try nextAction(key, submission: story.submission, transaction)
            }
            let clock = try transaction.query(
                """
                SELECT now(), (SELECT not_before FROM sluice.order_to_plan WHERE batch_id = $1 AND line_no = $2)
                """,
                [.int64(batch.value), .int32(line.value)]
            )
            if let row = clock.first {
                story.readAt = try row.timestamp(0)
                story.plannedFrom = try row.optionalTimestamp(1)
            }
            return story
        }
    }

    private func order(
        _ key: OrderKey,
        _ transaction: PostgresTransaction
    ) throws -> (story: OrderStory, personal: PersonalData)? {
        let rows = try transaction.query(
            """
            SELECT m.merchant_no, f.direction, o.merchant_order_no, o.standing,
                CASE WHEN o.standing = o.state THEN o.cause END, o.code, o.bank_code,
                o.amount_minor, o.currency, o.personal, o.attempt_no, o.submission_no, o.item_no, o.evidence_day,
                o.evidence_ordinal, o.decided_at, o.is_archived
            FROM sluice.all_payment_order o
            JOIN sluice.batch_file f ON f.batch_id = o.batch_id JOIN sluice.merchant m USING (merchant_id)
            WHERE o.batch_id = $1 AND o.business_date = $2 AND o.line_no = $3
            """,
            key.parameters
        )
        guard let row = rows.first else { return nil }
        var cipher = try cipher(of: key.batch, transaction)
        let personal = try PersonalData(serialized: try cipher.open(try row.bytes(9), .personal, line: key.line))
        var story = OrderStory(
            key: key,
            merchant: MerchantNumber(try row.text(0)),
            direction: try row.word(1),
            merchantOrderNumber: try row.text(2),
            state: try row.word(3),
            amountMinor: try row.int64(7),
            currency: try row.text(8),
            maskedAccount: Masked.account(personal.accountNumber),
            maskedName: Masked.name(personal.accountName),
            attempt: try row.int16(10),
            isArchived: try row.bool(16)
        )
        if !row.isNull(4) { story.cause = try row.word(4) }
        story.code = try row.optionalText(5)
        story.bankCode = try row.optionalText(6)
        story.submission = try row.optionalInt32(11).map(SubmissionNumber.init)
        story.item = try row.optionalInt16(12).map(Int32.init)
        if !row.isNull(13), !row.isNull(14) {
            story.evidence = RecordedCall(ordinal: try row.int32(14), day: try row.date(13))
        }
        story.decidedAt = try row.optionalTimestamp(15)
        return (story, personal)
    }

    private func decision(
        _ key: OrderKey,
        masking personal: PersonalData,
        _ transaction: PostgresTransaction
    ) throws -> OrderStory.Decision? {
        func masked(_ words: String) -> String {
            Masked.prose(words, account: personal.accountNumber, name: personal.accountName)
        }
        return try transaction.query(
            """
            SELECT d.decision_id, d.decision, d.person, coalesce(d.evidence, ''), d.note, d.decided_at
            FROM (SELECT decision_id FROM sluice.payment_order
                    WHERE batch_id = $1 AND business_date = $2 AND line_no = $3
                UNION ALL SELECT decision_id FROM history.payment_order
                    WHERE batch_id = $1 AND business_date = $2 AND line_no = $3) o
            JOIN sluice.review_decision d USING (decision_id)
            """,
            key.parameters
        ).first.map { row in
            OrderStory.Decision(
                number: try row.int64(0),
                decision: try row.text(1),
                person: try row.text(2),
                evidence: masked(try row.text(3)),
                note: masked(try row.text(4)),
                decidedAt: try row.timestamp(5)
            )
        }
    }

    private func attempts(_ key: OrderKey, _ transaction: PostgresTransaction) throws -> [OrderStory.EndedAttempt] {
        let columns = "attempt_no, channel, submission_no, cause, code, ended_at"
        return try transaction.query(
            """
            SELECT \(columns) FROM sluice.payment_attempt WHERE batch_id = $1 AND business_date = $2 AND line_no = $3
            UNION ALL
            SELECT \(columns) FROM history.payment_attempt WHERE batch_id = $1 AND business_date = $2 AND line_no = $3
            ORDER BY attempt_no
            """,
            key.parameters
        ).map { row in
            OrderStory.EndedAttempt(
                attempt: try row.int16(0),
                channel: ChannelName(try row.text(1)),
                submission: SubmissionNumber(try row.int32(2)),
                cause: try row.word(3),
                code: try row.text(4),
                endedAt: try row.timestamp(5)
            )
        }
    }

    private func submissions(
        _ numbers: [SubmissionNumber],
        of key: OrderKey,
        _ transaction: PostgresTransaction
    ) throws -> [OrderStory.Submission] {
        guard !numbers.isEmpty else { return [] }
        let wanted = PostgresValue.intArray(numbers.map(\.value))
        let columns = """
            submission_no, channel, number, phase, sends, sends_unsent, polls, not_founds, ever_taken,
            cardinality(line_nos), intended_at, settled_at, in_flight_kind, in_flight_epoch, in_flight_until,
            last_not_found_at, first_sent_at, last_send_ended_at, scope_ends_at, specification_sha256
            """
        // Of a submission that still has an open order the final ones may have left.
        return try transaction.query(
            """
            SELECT \(columns), NOT EXISTS (
                SELECT FROM sluice.payment_order o WHERE o.batch_id = $1 AND o.business_date = $2
                    AND o.line_no = ANY (line_nos) AND \(LineBounds.condition("o.line_no", in: "line_nos"))
                    AND (o.submission_no IS DISTINCT FROM s.submission_no
                        OR o.state IN ('succeeded', 'failed', 'returned', 'cancelled'))
                UNION ALL
                SELECT FROM history.payment_order o WHERE o.batch_id = $1 AND o.business_date = $2
                    AND o.line_no = ANY (line_nos) AND \(LineBounds.condition("o.line_no", in: "line_nos")))
            FROM sluice.submission s
            WHERE batch_id = $1 AND business_date = $2 AND submission_no = ANY ($3)
            UNION ALL
            SELECT \(columns), false FROM history.submission
            WHERE batch_id = $1 AND business_date = $2 AND submission_no = ANY ($3)
            ORDER BY intended_at, submission_no
            """,
            [.int64(key.batch.value), .date(key.businessDate), wanted]
        ).map(Self.submission)
    }

    private static func submission(_ row: PostgresRow) throws -> OrderStory.Submission {
        let inFlight =
            row.isNull(12)
            ? nil
            : InFlight(kind: try row.word(12), epoch: LeaseEpoch(try row.int64(13)), until: try row.timestamp(14))
        let state = SubmissionState(
            phase: try row.word(3),
            sends: try row.int32(4),
            sendsUnsent: try row.int32(5),
            inFlight: inFlight,
            polls: try row.int32(6),
            notFounds: try row.int32(7),
            lastNotFoundAt: try row.optionalTimestamp(15),
            firstSentAt: try row.optionalTimestamp(16),
            lastSendEndedAt: try row.optionalTimestamp(17),
            everTaken: try row.bool(8)
        )
        var submission = OrderStory.Submission(
            number: SubmissionNumber(try row.int32(0)),
            channel: ChannelName(try row.text(1)),
            channelNumber: try row.text(2),
            state: state,
            orders: Int(try row.int32(9)),
            intendedAt: try row.timestamp(10)
        )
        submission.settledAt = try row.optionalTimestamp(11)
        submission.scopeEndsAt = try row.optionalTimestamp(18)
        submission.specificationSHA256 = try row.bytes(19)
        submission.areOrdersOpen = try row.bool(20)
        return submission
    }

    /// The open ones before all, then the latest.
    private func reviews(
        _ key: OrderKey,
        submissions: [SubmissionNumber],
        _ transaction: PostgresTransaction
    ) throws -> [OrderStory.Review] {
        try transaction.query(
            """
            SELECT incident, cause, code, line_no IS NOT NULL, opened_at, closed_at, decision FROM (
                SELECT * FROM sluice.review_item
                WHERE batch_id = $1 AND (line_no = $2 OR (line_no IS NULL
                    AND (submission_no IS NULL OR submission_no = ANY ($3))))
                ORDER BY closed_at IS NULL DESC, item_id DESC LIMIT 100) AS shown
            ORDER BY item_id
            """,
            [.int64(key.batch.value), .int32(key.line.value), .intArray(submissions.map(\.value))]
        ).map { row in
            var review = OrderStory.Review(
                incident: try row.text(0),
                cause: try row.text(1),
                code: try row.text(2),
                isOfOrder: try row.bool(3),
                openedAt: try row.timestamp(4)
            )
            review.closedAt = try row.optionalTimestamp(5)
            review.decision = try row.optionalText(6)
            return review
        }
    }

    private func nextAction(
        _ key: OrderKey,
        submission: SubmissionNumber?,
        _ transaction: PostgresTransaction
    ) throws -> OrderStory.NextAction? {
        try transaction.query(
            """
            SELECT kind, due_at FROM sluice.work_chunk
            WHERE batch_id = $1 AND (submission_no = $3 OR (submission_no IS NULL AND $2 = ANY (line_nos)))
            ORDER BY chunk_id LIMIT 1
            """,
            [.int64(key.batch.value), .int32(key.line.value), .optionalInt32(submission?.value)]
        ).first.map { row in OrderStory.NextAction(kind: try row.word(0), dueAt: try row.timestamp(1)) }
    }
}

extension OrderKey {
    /// `$1` to `$3` of statements on one order: batch, business date, line.
    fileprivate var parameters: [PostgresValue] {
        [.int64(batch.value), .date(businessDate), .int32(line.value)]
    }
}
