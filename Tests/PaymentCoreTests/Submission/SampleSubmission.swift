import PaymentCore

/// A submission of one channel with round numbers, driven by hand.
struct SampleSubmission {
    static let start = Timestamp(unixMicroseconds: 1_790_000_000_000_000)
    static let epoch = LeaseEpoch(7)

    /// First query after 60 s, then 120 s, 240 s, 300 s; not found counts from 100 s after the send, twice, 50 s apart;
    /// protection for an hour, less ten minutes.
    static func policy(
        conclusion: NotFoundPolicy.Conclusion = .resend,
        sendsMax: Int32 = 3,
        pollsMax: Int32 = 8,
        unsentSendsMax: Int32? = nil
    ) -> ChannelPolicy {
        ChannelPolicy(
            deadlines: ChannelDeadlines(
                connect: .seconds(5),
                total: .seconds(20),
                stall: .seconds(10),
                sendBy: .seconds(10)
            ),
            poll: PollCurve(
                first: .seconds(60),
                growthPercent: 200,
                cap: .seconds(300),
                jitterPercent: 0,
                countMax: pollsMax
            ),
            unsent: BackOff(first: .seconds(5), growthPercent: 200, cap: .seconds(60)),
            unsentSendsMax: unsentSendsMax,
            notFound: NotFoundPolicy(grace: .seconds(100), asks: 2, spacing: .seconds(50), conclusion: conclusion),
            duplicateCheck: conclusion == .resend ? DuplicateCheck(window: .hours(1), margin: .minutes(10)) : nil,
            sendsMax: sendsMax
        )
    }

    var machine: SubmissionMachine
    var now = start

    /// Intended just now, the first send in flight.
    init(policy: ChannelPolicy = policy(), scopeEndsAt: Timestamp? = nil) {
        let state = SubmissionMachine.intent(epoch: Self.epoch, now: Self.start, policy: policy)
        machine = SubmissionMachine(state: state, policy: policy, scopeEndsAt: scopeEndsAt)
    }

    /// A person makes one of its orders final.
    mutating func decideAnOrder() {
        machine = SubmissionMachine(
            state: machine.state,
            policy: machine.policy,
            scopeEndsAt: machine.scopeEndsAt,
            areOrdersOpen: false
        )
    }

    mutating func pass(_ span: TimeSpan) { now = now.advanced(by: span) }

    mutating func claim(epoch: LeaseEpoch = epoch) -> [SubmissionAction] {
        machine.handle(.claimed, epoch: epoch, now: now, random: 0)
    }

    mutating func sendEnds(_ outcome: CallOutcome, epoch: LeaseEpoch = epoch) -> [SubmissionAction] {
        machine.handle(.sendEnded(outcome), epoch: epoch, now: now, random: 0)
    }

    mutating func queryEnds(_ outcome: CallOutcome, epoch: LeaseEpoch = epoch) -> [SubmissionAction] {
        machine.handle(.queryEnded(outcome), epoch: epoch, now: now, random: 0)
    }

    /// Waits for the delay that was ordered, claims, and lets the query that follows end.
    mutating func ask(_ outcome: CallOutcome, after delay: TimeSpan = .seconds(300)) -> [SubmissionAction] {
        pass(delay)
        _ = claim()
        return queryEnds(outcome)
    }

    /// The first send has timed out, and two counted queries found nothing: a resend is due.
    static func dueForResend(policy: ChannelPolicy = policy(), scopeEndsAt: Timestamp? = nil) -> SampleSubmission {
        var sample = SampleSubmission(policy: policy, scopeEndsAt: scopeEndsAt)
        _ = sample.sendEnds(.unknown("timeout"))
        _ = sample.ask(.header(.notFound), after: .seconds(120))
        _ = sample.ask(.header(.notFound), after: .seconds(240))
        return sample
    }

    /// A resend is in flight.
    static func resending() -> SampleSubmission {
        var sample = dueForResend()
        _ = sample.claim()
        return sample
    }

    static func order(_ state: OrderState, item: Int32 = 1) -> SubmittedOrder {
        SubmittedOrder(
            line: LineNumber(item + 100),
            item: item,
            state: state,
            amountMinor: 12_345,
            currency: "CNY",
            accountNumber: "6222020000000001"
        )
    }

    static let echo = ItemAnswer.Echo(accountNumber: "6222020000000001", amountMinor: 12_345, currency: "CNY")
}

extension CallOutcome {
    static func header(
        _ meaning: HeaderMeaning,
        code: String = "C1",
        items: [ItemAnswer] = [],
        retryAfter: TimeSpan? = nil
    ) -> CallOutcome {
        .answered(ChannelAnswer(header: meaning, headerCode: code, items: items, retryAfter: retryAfter))
    }
}

extension ItemAnswer {
    static func one(_ meaning: ItemMeaning, item: Int32 = 1, code: String = "I1", echo: Echo? = nil) -> ItemAnswer {
        ItemAnswer(item: item, code: code, meaning: meaning, echo: echo)
    }
}

extension [SubmissionAction] {
    /// What the actions do to one order in this state.
    func end(of state: OrderState) -> OrderState {
        let decision = SettlementDecision(actions: self, orders: [SampleSubmission.order(state)])
        return decision.moves.first?.to ?? state
    }

    var step: SubmissionStep? {
        for action in self {
            if case .schedule(let step, _) = action { return step }
            if case .perform(let step) = action { return step }
        }
        return nil
    }

    var delay: TimeSpan? {
        for case .schedule(_, let delay) in self { return delay }
        return nil
    }

    var reviews: [ReviewCause] { compactMap { if case .review(let cause, _) = $0 { cause } else { nil } } }
    var alarms: [AlarmKind] { compactMap { if case .alarm(let kind, _) = $0 { kind } else { nil } } }
}
