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

    package init(state: SubmissionState, policy: ChannelPolicy, scopeEndsAt: Timestamp?) {
        self.state = state
        self.policy = policy
        self.scopeEndsAt = scopeEndsAt
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
    /// `epoch`: the lease epoch of the worker that asks.
    ///
    /// `now`: the database's clock.
    ///
    /// `random`: for jitter only; no decision depends on it.
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
            releaseInFlight(.send, epoch: epoch)
            return sendEnded(outcome, now: now, random: random)
        case .queryEnded(let outcome):
            releaseInFlight(.query, epoch: epoch)
            state.polls += 1
            return queryEnded(outcome, now: now, random: random)
        }
    }

    /// Whether the same envelope may be sent again although a send may have arrived: only inside the documented
    /// protection window and the number's scope, both less the margin, and for as long as the request can live (R5, X4).
    package func mayResend(now: Timestamp) -> Bool {
        guard let check = policy.duplicateCheck, let firstSentAt = state.firstSentAt,
            policy.notFound.conclusion == .resend, !state.everTaken, state.sendsPossiblyArrived < policy.sendsMax
        else { return false }
        var end = firstSentAt.advanced(by: check.window)
        if let scopeEndsAt { end = min(end, scopeEndsAt) }
        let latestArrival = now.advanced(by: policy.deadlines.sendLife)
        return latestArrival.advanced(by: check.margin) < end
    }

    private mutating func releaseInFlight(_ kind: InFlight.Kind, epoch: LeaseEpoch) {
        precondition(
            state.inFlight?.kind == kind && state.inFlight?.epoch == epoch,
            "an outcome belongs to the call that this epoch has in flight (R6)"
        )
        state.inFlight = nil
    }

    // MARK: Claimed

    private mutating func claimed(epoch: LeaseEpoch, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        if let inFlight = state.inFlight {
            if inFlight.until > now {
                // Another call may still be under way: neither a query nor a send may overlap it (R6).
                let wait = inFlight.until.since(now)
                return [.schedule(inFlight.kind == .send ? .query : step, after: wait)]
            }
            state.inFlight = nil
            if inFlight.kind == .send {
                // Its worker died or was stopped: a send without an outcome counts as sent (R4).
                state.lastSendEndedAt = inFlight.until
                let move = becomeUnknown(code: "send_without_outcome")
                return move + begin(.query, epoch: epoch, now: now)
            }
        }
        if state.polls >= policy.poll.countMax { return exhausted() }
        switch step {
        case .send: return begin(.send, epoch: epoch, now: now)
        case .query: return begin(.query, epoch: epoch, now: now)
        }
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
            state.inFlight = InFlight(kind: .query, epoch: epoch, until: now.advanced(by: policy.deadlines.sendLife))
        }
        return [.perform(step)]
    }

    // MARK: A send has ended

    private mutating func sendEnded(_ outcome: CallOutcome, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        if case .notSent = outcome {
            state.sendsUnsent += 1
            if state.isProvenUnsent {
                // "Not sent yet": the orders stay `submitting`, the number is kept, the lane backs off.
                state.firstSentAt = nil
                return [.schedule(.send, after: policy.unsent.delay(steps: state.sendsUnsent - 1, random: random))]
            }
            return becomeUnknown(code: "resend_not_sent") + [scheduleQuery(now: now, random: random)]
        }
        state.lastSendEndedAt = now
        guard case .answered(let answer) = outcome else {
            guard case .unknown(let reason) = outcome else { preconditionFailure("every outcome is handled") }
            return becomeUnknown(code: reason) + [scheduleQuery(now: now, random: random)]
        }
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
            return [.decideItems(decision), scheduleQuery(now: now, random: random)]
        case .duplicateSame:
            state.phase = .taken
            state.everTaken = true
            return [
                .moveOpenOrders(to: .processing, code: answer.headerCode), scheduleQuery(now: now, random: random),
            ]
        case .processing:
            state.phase = .sent
            return [
                .moveOpenOrders(to: .processing, code: answer.headerCode), scheduleQuery(now: now, random: random),
            ]
        case .refused(let cause):
            // Final only if every other send of the submission is proven unsent; else the first copy may live (R4).
            guard state.sendsPossiblyArrived == 1 else {
                return becomeUnknown(code: answer.headerCode) + [scheduleQuery(now: now, random: random)]
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
                .slowLane(retryAfter: answer.retryAfter), scheduleQuery(now: now, random: random),
            ]
        case .found, .notFound, .unknown(listed: true):
            return becomeUnknown(code: answer.headerCode) + [scheduleQuery(now: now, random: random)]
        case .unknown(listed: false):
            return becomeUnknown(code: answer.headerCode) + [
                .alarm(.unlistedCode, code: answer.headerCode), scheduleQuery(now: now, random: random),
            ]
        }
    }

    // MARK: A query has ended

    private mutating func queryEnded(_ outcome: CallOutcome, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        guard case .answered(let answer) = outcome else {
            // A query that failed says nothing about the money: no order changes.
            return askAgain(now: now, random: random)
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
            return [.decideItems(decision)] + askAgain(now: now, random: random)
        case .processing:
            state.notFounds = 0
            if state.phase == .intended || state.phase == .unknown { state.phase = .sent }
            return [.moveOpenOrders(to: .processing, code: answer.headerCode)] + askAgain(now: now, random: random)
        case .notFound:
            return notFound(code: answer.headerCode, now: now, random: random)
        case .slowDown:
            return [.slowLane(retryAfter: answer.retryAfter)]
                + askAgain(now: now, random: random, notBefore: answer.retryAfter)
        case .unknown(listed: false):
            return [.alarm(.unlistedCode, code: answer.headerCode)] + askAgain(now: now, random: random)
        case .unknown(listed: true), .taken, .refused, .duplicateSame, .duplicateOther:
            return askAgain(now: now, random: random)
        }
    }

    private mutating func notFound(code: String, now: Timestamp, random: UInt64) -> [SubmissionAction] {
        if state.everTaken {
            return becomeUnknown(code: code) + [.alarm(.takenThenNotFound, code: code)]
                + askAgain(now: now, random: random)
        }
        let move = becomeUnknown(code: code)
        // Too early after the send, or too close to the answer before: it counts for nothing (pitfall B4).
        let graceEndsAt = (state.lastSendEndedAt ?? now).advanced(by: policy.notFound.grace)
        let spaced = state.lastNotFoundAt.map { now >= $0.advanced(by: policy.notFound.spacing) } ?? true
        guard now >= graceEndsAt, spaced else { return move + askAgain(now: now, random: random) }
        state.notFounds += 1
        state.lastNotFoundAt = now
        guard state.notFounds >= policy.notFound.asks else { return move + askAgain(now: now, random: random) }
        if mayResend(now: now) { return move + [.schedule(.send, after: .zero)] }
        // Asked for on, so that a late answer still settles it, while a person looks.
        state.notFounds = 0
        return move + [.review(.notFound, code: code)] + askAgain(now: now, random: random)
    }

    // MARK: Shared ends

    private mutating func becomeUnknown(code: String) -> [SubmissionAction] {
        state.phase = .unknown
        return [.moveOpenOrders(to: .unknown, code: code)]
    }

    private func scheduleQuery(now: Timestamp, random: UInt64) -> SubmissionAction {
        .schedule(.query, after: policy.poll.delay(afterPolls: state.polls, random: random))
    }

    private mutating func askAgain(
        now: Timestamp,
        random: UInt64,
        notBefore: TimeSpan? = nil
    ) -> [SubmissionAction] {
        if state.polls >= policy.poll.countMax { return exhausted() }
        let delay = policy.poll.delay(afterPolls: state.polls, random: random)
        return [.schedule(.query, after: max(delay, notBefore ?? .zero))]
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
    /// Every order of it is final: the submission is settled, whatever was scheduled.
    package mutating func settle() {
        precondition(state.inFlight == nil, "nothing is in flight when a submission settles")
        state.phase = .settled
    }
}
