import PaymentCore
import Store

extension InMemoryTables {
    mutating func recordIntent(_ intent: SubmissionIntent, now: Timestamp) throws(StoreRefusal) -> IntentOutcome {
        check(intent)
        guard let chunk = leased(intent.chunk), chunk.kind == .submit, mayBegin(chunk, now: now),
            let channel = channels[chunk.channel], channel.specificationSHA256 == intent.specificationSHA256
        else { return .stale }
        let key = SubmissionKey(
            batch: intent.chunk.batch,
            number: intent.submission,
            businessDate: intent.chunk.businessDate
        )
        guard submissions[key] == nil else { throw .submissionExists(key) }
        let number = ChannelNumber(channel: chunk.channel, scope: intent.numberScope, number: intent.number)
        guard !numbers.contains(number) else { throw .numberTaken(key) }
        let areReady = intent.orders.allSatisfy { maySubmit($0.line, of: chunk.batch) }
        guard areReady else { return .ordersChanged }
        numbers.insert(number)
        return .recorded(write(intent, key: key, chunk: chunk, now: now))
    }

    /// Whether the order is ready, and no earlier attempt of it may have been paid after all (R8).
    func maySubmit(_ line: LineNumber, of batch: BatchIdentifier) -> Bool {
        guard let file = files[batch], file.orders[line]?.stored.state == .ready else { return false }
        return !file.reviews.contains { $0.line == line && $0.cause == .contradiction }
    }

    /// What the port promises about an intent; a caller that breaks it is defective.
    private func check(_ intent: SubmissionIntent) {
        let chunk = intent.chunk
        precondition(chunk.kind == .submit, "an intent is cut from a submit chunk")
        precondition(
            intent.submission == chunk.nextSubmission,
            "the submission's number is a function of its chunk (R17)"
        )
        precondition(!intent.orders.isEmpty && intent.attempt >= 1, "a submission carries orders, in an attempt")
        let lines = intent.orders.map(\.line) + intent.remainingLines
        precondition(
            Set(lines).count == lines.count && Set(lines).isSubset(of: chunk.lines),
            "each line of the chunk is sent or waits, not both"
        )
        precondition(
            intent.orders.allSatisfy { $0.currency == intent.currency }
                && intent.orders.reduce(Int128(0)) { $0 + Int128($1.amountMinor) } == Int128(intent.amountMinor),
            "a submission's amount is the sum of its orders, in one currency (R14)"
        )
        precondition(
            intent.state.inFlight?.kind == .send && intent.state.inFlight?.epoch == chunk.epoch,
            "an intent has its first send in flight (R1)"
        )
    }

    /// Everything is checked: writes the submission, its first send, its orders and its chunk.
    private mutating func write(
        _ intent: SubmissionIntent,
        key: SubmissionKey,
        chunk: Chunk,
        now: Timestamp
    ) -> RecordedCall {
        let call = RecordedCall(ordinal: 1, day: BusinessDate(of: now))
        submissions[key] = Submission(
            channel: chunk.channel,
            number: intent.number,
            tradeDate: intent.tradeDate,
            scopeEndsAt: intent.scopeEndsAt,
            envelope: intent.envelope,
            state: intent.state,
            lines: intent.orders.map(\.line),
            exchanges: [begun(call, .send, of: key, under: chunk)]
        )
        for (index, order) in intent.orders.enumerated() {
            let move = Move(channel: chunk.channel, from: .ready, to: .submitting, currency: order.currency)
            files[chunk.batch]?.moves[move, default: Tally()].add(order.amountMinor)
            files[chunk.batch]?.orders[order.line]?.update {
                $0.state = .submitting
                $0.submission = intent.submission
                $0.item = Int32(index + 1)
                $0.attempt = intent.attempt
            }
        }
        chunks[chunk.chunkIdentifier]?.kind = .query
        chunks[chunk.chunkIdentifier]?.lines = []
        chunks[chunk.chunkIdentifier]?.submission = intent.submission
        if let inFlight = intent.state.inFlight { holdSlot(of: chunk, until: inFlight.until) }
        if !intent.remainingLines.isEmpty {
            insertChunk {
                Chunk(
                    chunkIdentifier: $0,
                    batch: chunk.batch,
                    chunkNumber: chunk.chunkNumber,
                    channel: chunk.channel,
                    kind: .submit,
                    lines: intent.remainingLines,
                    submissionsCut: chunk.submissionsCut + 1,
                    submission: nil,
                    dueAt: now,
                    worker: nil,
                    epoch: LeaseEpoch(0)
                )
            }
        }
        return call
    }

    func begun(
        _ call: RecordedCall,
        _ kind: InFlight.Kind,
        of key: SubmissionKey,
        under chunk: Chunk
    ) -> StoredExchange {
        guard let worker = chunk.worker else { preconditionFailure("a call begins under a lease") }
        return StoredExchange(
            submission: key.number,
            call: call,
            kind: kind,
            epoch: chunk.epoch,
            worker: worker,
            outcome: nil,
            code: nil,
            status: nil,
            response: [],
            volatileElements: [:],
            isLate: false
        )
    }

    func loadSubmission(of chunk: ClaimedChunk, now: Timestamp) throws(StoreRefusal) -> LoadedSubmission {
        guard let number = chunk.submission else { preconditionFailure("a chunk without an intent has no submission") }
        let key = SubmissionKey(batch: chunk.batch, number: number, businessDate: chunk.businessDate)
        guard let submission = submissions[key] else { throw .submissionMissing(key) }
        return LoadedSubmission(
            key: key,
            number: submission.number,
            tradeDate: submission.tradeDate,
            scopeEndsAt: submission.scopeEndsAt,
            state: submission.state,
            envelope: submission.envelope,
            orders: submittedOrders(of: key),
            now: now
        )
    }

    /// The orders of a submission, as they stand.
    func submittedOrders(of key: SubmissionKey) -> [SubmittedOrder] {
        guard let submission = submissions[key] else { return [] }
        return submission.lines.enumerated().map { index, line in
            guard let order = files[key.batch]?.orders[line] else { preconditionFailure("a submission's orders exist") }
            return SubmittedOrder(
                line: line,
                item: Int32(index + 1),
                // One that has gone on to its next attempt failed on this submission, and must stay so.
                state: order.stored.submission == key.number ? order.stored.state : .failed,
                amountMinor: order.content.amountMinor,
                currency: order.content.currency,
                accountNumber: order.content.accountNumber
            )
        }
    }
}

extension BusinessDate {
    /// The day of an instant, in UTC.
    init(of instant: Timestamp) {
        let (quotient, remainder) = instant.unixMicroseconds.quotientAndRemainder(dividingBy: 86_400_000_000)
        self.init(daysSince1970: Int32(remainder < 0 ? quotient - 1 : quotient))
    }
}
