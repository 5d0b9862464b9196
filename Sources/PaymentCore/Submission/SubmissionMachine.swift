/// The protocol of one submission: events in, actions out; no clock, no I/O (R1, R3–R7).
///
/// The shell commits the new `state` and all actions in one transaction before it does anything else; `perform` is
/// carried out after that commit. A stale epoch never reaches the machine: the store refuses it and keeps the answer
/// as evidence (R10).
package struct SubmissionMachine: Sendable {
    package private(set) var state: SubmissionState
    package let policy: ChannelPolicy
    /// The end of the number's scope: after it the number may name another submission (numbers unique per trade date).
    package let scopeEndsAt: Timestamp?

    /// Whether every order that the envelope names is still open: it is sent again whole, or not at all.
    package let areOrdersOpen: Bool

    package init(
        state: SubmissionState,
        policy: ChannelPolicy,
        scopeEndsAt: Timestamp?,
        areOrdersOpen: Bool = true
    ) {
        self.state = state
        self.policy = policy
        self.scopeEndsAt = scopeEndsAt
        self.areOrdersOpen = areOrdersOpen
    }

    /// The state that the intent commits: the first send's record is part of it (R1).
    package static func intent(epoch: LeaseEpoch, now: Timestamp, policy: ChannelPolicy) -> SubmissionState {
        SubmissionState(
            phase: .intended,
            sends: 1,
            sendsUnsent: 0,
            inFlight: InFlight(kind: .send, epoch: epoch, until: now.advanced(by: policy.deadlines.sendLife)),
            polls: 0,
            notFounds: 0,
            lastNotFoundAt: nil,
            firstSentAt: now,
            lastSendEndedAt: nil,
            everTaken: false
        )
    }

    /// Takes one event in and says what to do.
    ///
    /// The outcome of a call that is not in flight for this epoch (recorded before, or given up after its time) changes
    /// nothing and orders nothing: it is evidence only (R10).
    ///
    /// `event`: what happened.
    ///
    /// `epoch`: the lease epoch of the worker that asks; no two claims have the same.
    ///
    /// `now`: the database's clock.
    ///
    /// `random`: for jitter only; no decision depends on it.
    ///
    /// Returns what to do, in this order.
    package mutating func handle(
        _ event: SubmissionEvent,
        epoch: LeaseEpoch,
        now: Timestamp,
        random: UInt64
    ) -> [SubmissionAction] {
        if state.phase.isFinal { return [.finish] }
        switch event {
        case .claimed: return claimed(epoch: epoch, now: now, random: random)
        case .sendEnded(let outcome):
            guard releaseInFlight(.send, epoch: epoch) else { return [] }
            return sendEnded(outcome, now: now, random: random)
        case .queryEnded(let outcome):
            guard releaseInFlight(.query, epoch: epoch) else { return [] }
            return queryEnded(outcome, now: now, random: random)
        }
    }

    /// Takes the call out of flight that this epoch has there; false if there is none (R6).
    private mutating func releaseInFlight(_ kind: InFlight.Kind, epoch: LeaseEpoch) -> Bool {
        guard let inFlight = state.inFlight, inFlight.kind == kind, inFlight.epoch == epoch else { return false }
        state.inFlight = nil
        return true
    }

    // MARK: Claimed

    private mutating func claimed(epoch: LeaseEpoch, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        guard let inFlight = state.inFlight else { return doWhatIsDue(epoch: epoch, now: now) }
        if inFlight.until > now {
            // Another call may still be under way: neither a query nor a send may overlap it (R6).
            // A clock that was set back makes nobody wait longer than a call can live.
            let wait = min(inFlight.until.since(now), policy.deadlines.sendLife)
            return [.schedule(inFlight.kind == .send ? .query : step, after: wait)]
        }
        // Its worker died or was stopped, and the outcome is lost.
        state.inFlight = nil
        var actions: [SubmissionAction] = []
        if inFlight.kind == .send {
            // A send without an outcome counts as sent (R4).
            state.lastSendEndedAt = inFlight.until
            actions = becomeUnknown(code: "send_without_outcome")
        }
        // A lost outcome hurries no query: the curve counts from the end of the lost call (R7).
        let askAt = inFlight.until.advanced(by: policy.poll.delay(afterPolls: state.polls, random: random))
        if askAt > now, state.polls < policy.poll.countMax {
            return actions + [.schedule(.query, after: askAt.since(now))]
        }
        return actions + doWhatIsDue(epoch: epoch, now: now)
    }

    private mutating func doWhatIsDue(epoch: LeaseEpoch, now: Timestamp) -> [SubmissionAction] {
        if state.isProvenUnsent, !isInsideScope(now: now) { return giveUp(.scopeEnded) }
        if state.isProvenUnsent, !areOrdersOpen { return giveUp(.orderDecided) }
        if state.polls >= policy.poll.countMax { return exhausted() }
        return begin(step, epoch: epoch, now: now)
    }

    /// What is due: nothing that may have arrived is sent again unless absence has been proven enough to try.
    private var step: SubmissionStep {
        if state.isProvenUnsent { return .send }
        return state.notFounds >= policy.notFound.asks ? .send : .query
    }

    private mutating func begin(_ step: SubmissionStep, epoch: LeaseEpoch, now: Timestamp) -> [SubmissionAction] {
        switch step {
        case .send:
            // Looked at again here: the window may have ended since the send was scheduled.
            guard state.isProvenUnsent || mayResend(now: now) else {
                state.notFounds = 0
                return [.review(.notFound, code: "protection_ended")] + begin(.query, epoch: epoch, now: now)
            }
            if state.isProvenUnsent { state.firstSentAt = now }
            state.sends += 1
            state.notFounds = 0
            state.lastNotFoundAt = nil
            state.inFlight = InFlight(kind: .send, epoch: epoch, until: now.advanced(by: policy.deadlines.sendLife))
        case .query:
            // Counted with its record, so that a query whose outcome is lost counts too (R7).
            state.polls += 1
            state.inFlight = InFlight(kind: .query, epoch: epoch, until: now.advanced(by: policy.deadlines.sendLife))
        }
        return [.perform(step)]
    }

    // MARK: A send has ended

    private mutating func sendEnded(_ outcome: CallOutcome, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        switch outcome {
        case .notSent:
            state.sendsUnsent += 1
            if state.isProvenUnsent { return unsent(random: random) }
            return becomeUnknown(code: "resend_not_sent") + [scheduleQuery(random: random)]
        case .unknown(let reason):
            state.lastSendEndedAt = now
            return becomeUnknown(code: reason) + [scheduleQuery(random: random)]
        case .answered(let answer):
            state.lastSendEndedAt = now
            return sendAnswered(answer, random: random)
        }
    }

    /// "Not sent yet": the orders stay `submitting`, the number is kept, the lane backs off, until it gives up.
    private mutating func unsent(random: UInt64) -> [SubmissionAction] {
        state.firstSentAt = nil
        if let most = policy.unsentSendsMax, state.sendsUnsent >= most { return giveUp(.givenUp) }
        let steps = state.sendsUnsent - 1
        let again = SubmissionAction.schedule(.send, after: policy.unsent.delay(steps: steps, random: random))
        return policy.unsent.isCapped(steps: steps)
            ? [.alarm(.unsentTooLong, code: "unsent_too_long"), again] : [again]
    }

    /// No byte of it ever left, and none will: its orders go back, for another channel or a new number.
    private mutating func giveUp(_ code: UnsentCode) -> [SubmissionAction] {
        precondition(state.isProvenUnsent && state.inFlight == nil, "only what is proven unsent is given up")
        state.phase = .settled
        return [.giveUpUnsent(code), .finish]
    }

    private mutating func sendAnswered(_ answer: ChannelAnswer, random: UInt64) -> [SubmissionAction] {
        switch answer.header {
        case .taken:
            state.phase = .taken
            state.everTaken = true
            let decision = ItemDecision(
                items: answer.items,
                kind: .submit,
                failureIsFinal: state.sendsPossiblyArrived == 1,
                unmentioned: .processing
            )
            return [.decideItems(decision), scheduleQuery(random: random)]
        case .duplicateSame:
            state.phase = .taken
            state.everTaken = true
            return [
                .moveOpenOrders(to: .processing, code: answer.headerCode), scheduleQuery(random: random),
            ]
        case .processing:
            // At work on it, so it has it: absence later is an alarm, not a reason to send again (R5).
            state.phase = .sent
            state.everTaken = true
            return [
                .moveOpenOrders(to: .processing, code: answer.headerCode), scheduleQuery(random: random),
            ]
        case .refused(let cause):
            // Final only if every other send of the submission is proven unsent; else the first copy may live (R4).
            guard state.sendsPossiblyArrived == 1 else {
                return becomeUnknown(code: answer.headerCode) + [scheduleQuery(random: random)]
            }
            state.phase = .refused
            return [.failOpenOrders(cause: cause, code: answer.headerCode), .finish]
        case .duplicateOther:
            // Asking for this number would tell of the other content: stop, a person decides.
            return becomeUnknown(code: answer.headerCode) + [
                .alarm(.duplicateOtherContent, code: answer.headerCode),
                .review(.duplicateOtherContent, code: answer.headerCode), .finish,
            ]
        case .slowDown:
            return becomeUnknown(code: answer.headerCode) + [
                .slowLane(retryAfter: bounded(answer.retryAfter)),
                scheduleQuery(random: random, notBefore: answer.retryAfter),
            ]
        case .found, .notFound, .unknown(listed: true):
            return becomeUnknown(code: answer.headerCode) + [scheduleQuery(random: random)]
        case .unknown(listed: false):
            return becomeUnknown(code: answer.headerCode) + [
                .alarm(.unlistedCode, code: answer.headerCode), scheduleQuery(random: random),
            ]
        }
    }

    // MARK: A query has ended

    private mutating func queryEnded(_ outcome: CallOutcome, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        let answer: ChannelAnswer
        switch outcome {
        case .answered(let answered): answer = answered
        // A query that failed says nothing about the money: no order changes.
        case .unknown: return askAgain(random: random)
        case .notSent:
            // The channel was not asked: an outage must not use the queries up (R7 counts what was asked).
            state.polls -= 1
            return [scheduleQuery(random: random)]
        }
        switch answer.header {
        case .found:
            state.phase = .taken
            state.everTaken = true
            state.notFounds = 0
            let decision = ItemDecision(
                items: answer.items,
                kind: .query,
                failureIsFinal: true,
                unmentioned: .unknown
            )
            // Whether anything is left to ask for shows when the items are decided: if the polls are used up, the next
            // claim says so, at once.
            let isLastPoll = state.polls >= policy.poll.countMax
            return [
                .decideItems(decision), isLastPoll ? .schedule(.query, after: .zero) : scheduleQuery(random: random),
            ]
        case .processing:
            state.everTaken = true
            state.notFounds = 0
            if state.phase == .intended || state.phase == .unknown { state.phase = .sent }
            return [.moveOpenOrders(to: .processing, code: answer.headerCode)] + askAgain(random: random)
        case .notFound:
            return notFound(code: answer.headerCode, now: now, random: random)
        case .slowDown:
            return [.slowLane(retryAfter: bounded(answer.retryAfter))]
                + askAgain(random: random, notBefore: answer.retryAfter)
        case .unknown(listed: false):
            return [.alarm(.unlistedCode, code: answer.headerCode)] + askAgain(random: random)
        case .unknown(listed: true), .taken, .refused, .duplicateSame, .duplicateOther:
            return askAgain(random: random)
        }
    }

    private mutating func notFound(code: String, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        if state.everTaken {
            return becomeUnknown(code: code) + [.alarm(.takenThenNotFound, code: code)]
                + askAgain(random: random)
        }
        let move = becomeUnknown(code: code)
        // Too early after the send, or too close to the answer before: it counts for nothing (pitfall B4).
        let graceEndsAt = (state.lastSendEndedAt ?? now).advanced(by: policy.notFound.grace)
        let spaced = state.lastNotFoundAt.map { now >= $0.advanced(by: policy.notFound.spacing) } ?? true
        guard now >= graceEndsAt, spaced else { return move + askAgain(random: random) }
        state.notFounds += 1
        state.lastNotFoundAt = now
        guard state.notFounds >= policy.notFound.asks else { return move + askAgain(random: random) }
        if mayResend(now: now) { return move + [.schedule(.send, after: .zero)] }
        // Asked for on, so that a late answer still settles it, while a person looks.
        state.notFounds = 0
        return move + [.review(.notFound, code: code)] + askAgain(random: random)
    }

    // MARK: Shared ends

    private mutating func becomeUnknown(code: String) -> [SubmissionAction] {
        state.phase = .unknown
        return [.moveOpenOrders(to: .unknown, code: code)]
    }

    private func scheduleQuery(random: UInt64, notBefore: TimeSpan? = nil) -> SubmissionAction {
        let delay = policy.poll.delay(afterPolls: state.polls, random: random)
        return .schedule(.query, after: max(delay, bounded(notBefore) ?? .zero))
    }

    private mutating func askAgain(random: UInt64, notBefore: TimeSpan? = nil) -> [SubmissionAction] {
        if state.polls >= policy.poll.countMax { return exhausted() }
        let again = scheduleQuery(random: random, notBefore: notBefore)
        // People learn of it while queries are left, not when they are used up.
        return state.polls == policy.poll.countMax - policy.poll.countMax / 4
            ? [.alarm(.resultOverdue, code: "result_overdue"), again] : [again]
    }

    /// What a channel asks us to wait, between nothing and the longest interval of its own curve: a channel that says
    /// "in a hundred years" must not make us forget the money.
    private func bounded(_ retryAfter: TimeSpan?) -> TimeSpan? {
        retryAfter.map { min(max($0, .zero), policy.poll.cap) }
    }

    /// Exhaustion is an alarm and a review item, never silence, never a failure (R7).
    private mutating func exhausted() -> [SubmissionAction] {
        becomeUnknown(code: "polls_exhausted") + [
            .alarm(.pollsExhausted, code: "polls_exhausted"), .review(.pollsExhausted, code: "polls_exhausted"),
            .finish,
        ]
    }
}

extension SubmissionMachine {
    /// No open order is on it any more: the submission is settled, whatever was scheduled or is still under way.
    ///
    /// One that was refused as a whole stays `refused`.
    package mutating func settle() {
        guard !state.phase.isFinal else { return }
        state.phase = .settled
        state.inFlight = nil
    }
}
