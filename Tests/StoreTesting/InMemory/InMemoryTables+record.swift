import PaymentCore
import Store

extension InMemoryTables {
    mutating func record(_ change: SubmissionChange, now: Timestamp) throws(StoreRefusal) -> ChangeOutcome {
        let key = SubmissionKey(
            batch: change.chunk.batch,
            number: change.submission,
            businessDate: change.chunk.businessDate
        )
        guard let submission = submissions[key] else { throw .submissionMissing(key) }
        try check(change, key: key)
        guard let chunk = leased(change.chunk), chunk.submission == change.submission,
            endsOwnCall(change, of: submission), mayBegin(change, of: submission, chunk: chunk, now: now),
            ordersAreAsSeen(change)
        else {
            keepLate(change, of: key)
            return .stale
        }
        return .committed(write(change, key: key, chunk: chunk, now: now))
    }

    /// What holds of every change, whatever the tables say.
    private func check(_ change: SubmissionChange, key: SubmissionKey) throws(StoreRefusal) {
        let moves = change.decision.moves
        precondition(Set(moves.map(\.line)).count == moves.count, "an order moves once a change")
        if let begins = change.begins {
            precondition(
                change.state.inFlight?.kind == InFlight.Kind(begins)
                    && change.state.inFlight?.epoch == change.chunk.epoch,
                "the call that begins is the one in flight (R6)"
            )
        }
        if case .schedule(.submit, _) = change.next { preconditionFailure("a submission's chunk has no orders to cut") }
        for move in moves {
            let order = OrderKey(batch: key.batch, line: move.line, businessDate: key.businessDate)
            switch move.to {
            case .processing, .unknown: break
            case .succeeded, .failed:
                guard case .answered? = change.endedCall?.outcome else { throw .evidenceMissing(order) }
            case .ready:
                if case .answered? = change.endedCall?.outcome { break }
                guard change.state.isProvenUnsent else { throw .evidenceMissing(order) }
            case .held, .submitting, .returned, .cancelled: throw .moveNotOfSubmission(order, to: move.to)
            }
        }
    }

    /// Whether the ended call was begun by this very lease, and nobody told its end before.
    private func endsOwnCall(_ change: SubmissionChange, of submission: Submission) -> Bool {
        guard let ended = change.endedCall else { return true }
        guard let exchange = submission.exchanges.first(where: { $0.call == ended.call }) else { return false }
        return exchange.epoch == change.chunk.epoch && exchange.outcome == nil
    }

    /// Nothing begins on an ended lease, without its slot, or while another call may be under way (R6, R10).
    ///
    /// The call that ends in this very change is no longer under way.
    private func mayBegin(_ change: SubmissionChange, of submission: Submission, chunk: Chunk, now: Timestamp) -> Bool {
        guard change.begins != nil else { return true }
        let isUnderWay = submission.state.inFlight.map {
            $0.until > now && !($0.epoch == chunk.epoch && change.endedCall != nil)
        }
        return mayBegin(chunk, now: now) && !(isUnderWay ?? false)
            && channels[chunk.channel]?.specificationSHA256 == change.specificationSHA256
    }

    /// Whether every order that moves is still this submission's, in the state it was seen in.
    private func ordersAreAsSeen(_ change: SubmissionChange) -> Bool {
        change.decision.moves.allSatisfy { move in
            let order = files[change.chunk.batch]?.orders[move.line]?.stored
            return order?.submission == change.submission && order?.state == move.from
        }
    }

    /// Keeps how a call ended; an end that is known already stays as it is.
    private mutating func keep(_ ended: EndedCall, of key: SubmissionKey, isLate: Bool) {
        let index = submissions[key]?.exchanges.firstIndex { $0.call == ended.call && $0.outcome == nil }
        guard let index else { return }
        submissions[key]?.exchanges[index].end(ended, isLate: isLate)
    }

    /// Everything is checked: writes the change whole.
    private mutating func write(
        _ change: SubmissionChange,
        key: SubmissionKey,
        chunk: Chunk,
        now: Timestamp
    ) -> RecordedCall? {
        if let ended = change.endedCall { keep(ended, of: key, isLate: false) }
        submissions[key]?.state = change.state
        if change.state.phase == .settled, submissions[key]?.settledAt == nil { submissions[key]?.settledAt = now }
        for move in change.decision.moves {
            if let next = move.next { endAttempt(move, next, of: key, chunk: chunk, now: now) }
            write(move, evidence: change.endedCall?.call, chunk: chunk)
        }
        for alarm in change.decision.alarms { count(alarm.kind, code: alarm.code, channel: chunk.channel) }
        for review in change.decision.reviews {
            let item = StoredReview(cause: review.cause, code: review.code, submission: nil, line: review.line)
            open(item, in: key.batch)
        }
        for review in change.submissionReviews {
            let item = StoredReview(cause: review.cause, code: review.code, submission: key.number, line: nil)
            open(item, in: key.batch)
        }
        note(change, now: now)
        let call = change.begins.map { begin($0, of: key, under: chunk, now: now) }
        if change.begins != nil, let inFlight = change.state.inFlight { holdSlot(of: chunk, until: inFlight.until) }
        carryOut(change.next, of: chunk, now: now)
        return call
    }

    private mutating func endAttempt(
        _ move: OrderMove,
        _ next: NextAttempt,
        of key: SubmissionKey,
        chunk: Chunk,
        now: Timestamp
    ) {
        guard let cause = move.cause else { preconditionFailure("an attempt ends for a cause") }
        files[key.batch]?.attempts.append(
            StoredAttempt(
                line: move.line,
                channel: chunk.channel,
                submission: key.number,
                cause: cause,
                code: move.code
            )
        )
        files[key.batch]?.waiting[move.line] = now.advanced(by: next.delay)
    }

    func attemptHistory(of chunk: ClaimedChunk, lines: [LineNumber]) -> AttemptHistory {
        let attempts = files[chunk.batch]?.attempts.filter { lines.contains($0.line) } ?? []
        return AttemptHistory(
            merchant: MerchantNumber("MER-1"),
            ended: Dictionary(grouping: attempts, by: \.line).mapValues {
                $0.map { AttemptHistory.EndedAttempt(channel: $0.channel, isUnsent: $0.isUnsent) }
            }
        )
    }

    /// What a stale lease saw is evidence all the same (R10), and people learn of what it contradicts (R8).
    private mutating func keepLate(_ change: SubmissionChange, of key: SubmissionKey) {
        guard let ended = change.endedCall else { return }
        keep(ended, of: key, isLate: true)
        guard case .answered = ended.outcome, !change.lateActions.isEmpty else { return }
        let late = SettlementDecision(
            lateActions: change.lateActions,
            orders: submittedOrders(of: key),
            isOnlySend: submissions[key]?.state.sendsPossiblyArrived == 1
        )
        for alarm in late.alarms { count(alarm.kind, code: alarm.code, channel: change.chunk.channel) }
        for review in late.reviews {
            let item = StoredReview(cause: review.cause, code: review.code, submission: key.number, line: review.line)
            open(item, in: key.batch)
        }
    }

    private mutating func write(_ move: OrderMove, evidence: RecordedCall?, chunk: Chunk) {
        guard let order = files[chunk.batch]?.orders[move.line]?.content else { return }
        let sum = Move(channel: chunk.channel, from: move.from, to: move.to, currency: order.currency)
        files[chunk.batch]?.moves[sum, default: Tally()].add(order.amountMinor)
        files[chunk.batch]?.orders[move.line]?.update {
            $0.state = move.to
            $0.cause = move.to == .failed ? move.cause : nil
            $0.code = move.code
            if move.to == .ready { ($0.submission, $0.item) = (nil, nil) }
            if move.to.isFinal { $0.evidence = evidence }
        }
    }

    private mutating func begin(
        _ step: SubmissionStep,
        of key: SubmissionKey,
        under chunk: Chunk,
        now: Timestamp
    ) -> RecordedCall {
        let ordinal = Int32(submissions[key]?.exchanges.count ?? 0) + 1
        let call = RecordedCall(ordinal: ordinal, day: BusinessDate(of: now))
        let exchange = begun(call, InFlight.Kind(step), of: key, under: chunk)
        submissions[key]?.exchanges.append(exchange)
        return call
    }

    /// Lets the end of a call tell on its lane.
    private mutating func note(_ change: SubmissionChange, now: Timestamp) {
        let (channel, lane) = (change.chunk.channel, change.chunk.kind.lane)
        guard let ended = change.endedCall, var row = channels[channel]?.lanes[lane],
            let signal = LaneSignal(ended.outcome, slowFor: change.slowLaneFor)
        else { return }
        let hasOpened = row.health.take(signal, of: change.chunk.chunkIdentifier, rules: row.rules, now: now)
        channels[channel]?.lanes[lane] = row
        if hasOpened { count(.laneOpen, code: lane.rawValue, channel: channel) }
    }

    private mutating func count(_ kind: AlarmKind, code: String, channel: ChannelName) {
        let index = alarms.firstIndex { $0.kind == kind && $0.code == code && $0.channel == channel }
        if let index {
            alarms[index].occurrences += 1
        } else {
            alarms.append(StoredAlarm(kind: kind, channel: channel, code: code, occurrences: 1))
        }
    }

    /// One open item a cause and subject, whatever the code.
    mutating func open(_ review: StoredReview, in batch: BatchIdentifier) {
        let isOpen = files[batch]?.reviews.contains {
            $0.cause == review.cause && $0.submission == review.submission && $0.line == review.line
        }
        if isOpen == false { files[batch]?.reviews.append(review) }
    }
}

extension InFlight.Kind {
    /// The call that a step makes.
    init(_ step: SubmissionStep) { self = step == .send ? .send : .query }
}

extension StoredExchange {
    /// Fills in how the call ended.
    mutating func end(_ ended: EndedCall, isLate: Bool) {
        switch ended.outcome {
        case .notSent(let word): (outcome, code) = (.notSent, word)
        case .unknown(let word): (outcome, code) = (.unknown, word)
        case .answered(let answer): (outcome, code) = (.answered, answer.headerCode)
        }
        status = ended.status
        response = ended.response
        volatileElements = ended.volatileElements
        self.isLate = isLate
    }
}
