import PaymentCore
import Testing

/// Which failure is followed by another attempt (R9).
struct NextAttemptTests {
    static let rule = AttemptRule(attemptsMax: 2, limitDelay: .hours(4))

    @Test(arguments: FailureCause.allCases, [true, false])
    func `only the channel's, the system's and a limit's failures may go on`(cause: FailureCause, hasOther: Bool) {
        let next = Self.rule.next(after: cause, failedAttempts: 1, hasOtherChannel: hasOther)
        switch cause {
        case .customer, .data: #expect(next == nil)
        case .channel, .system: #expect(next == (hasOther ? NextAttempt(after: .zero) : nil))
        case .limit: #expect(next == NextAttempt(after: .hours(4)))
        }
    }

    @Test(arguments: FailureCause.allCases)
    func `the last attempt allowed is final`(cause: FailureCause) {
        #expect(Self.rule.next(after: cause, failedAttempts: 2, hasOtherChannel: true) == nil)
    }

    @Test func `a limit is final where no time is given`() {
        #expect(AttemptRule().next(after: .limit, failedAttempts: 1, hasOtherChannel: true) == nil)
    }

    @Test func `a decision turns only failures into next attempts, with the same proof`() {
        let orders = [
            SampleSubmission.order(.submitting), SampleSubmission.order(.unknown, item: 2),
            SampleSubmission.order(.processing, item: 3),
        ]
        let items = [
            ItemAnswer.one(.notDone(.channel), code: "E201"), .one(.notDone(.customer), item: 2, code: "E101"),
            .one(.done, item: 3, echo: SampleSubmission.echo),
        ]
        let answer = ItemDecision(items: items, kind: .query, failureIsFinal: true, unmentioned: .unknown)
        var decision = SettlementDecision(actions: [.decideItems(answer)], orders: orders)
        decision.tryAgain { move in
            Self.rule.next(after: move.cause ?? .data, failedAttempts: 1, hasOtherChannel: true)
        }
        #expect(decision.moves.map(\.to) == [.ready, .failed, .succeeded])
        #expect(decision.moves.map(\.code) == ["E201", "E101", "I1"])
        #expect(decision.openOrdersLeft(of: orders) == 0)
    }

    @Test func `an unproven failure is never tried again`() {
        let orders = [SampleSubmission.order(.submitting)]
        let items = [ItemAnswer.one(.notDone(.channel))]
        let answer = ItemDecision(items: items, kind: .submit, failureIsFinal: false, unmentioned: .processing)
        var decision = SettlementDecision(actions: [.decideItems(answer)], orders: orders)
        decision.tryAgain { _ in NextAttempt(after: .zero) }
        #expect(decision.moves.map(\.to) == [.unknown])
    }

    @Test(arguments: [OrderState.succeeded, .failed, .submitting, .unknown])
    func `a late answer moves nothing, and is heard only where it contradicts`(state: OrderState) {
        let done = ItemDecision(
            items: [.one(.done, echo: SampleSubmission.echo)],
            kind: .submit,
            failureIsFinal: true,
            unmentioned: .processing
        )
        let late = SettlementDecision(
            lateActions: [.decideItems(done)],
            orders: [SampleSubmission.order(state)],
            isOnlySend: true
        )
        #expect(late.moves.isEmpty)
        #expect(late.reviews.map(\.cause) == (state == .failed ? [.contradiction] : []))
        #expect(late.alarms.map(\.kind) == (state == .failed ? [.contradiction] : []))
    }

    @Test(arguments: [OrderState.succeeded, .failed, .submitting, .unknown], [true, false])
    func `a late refusal of the whole message speaks against a success that no other send explains`(
        state: OrderState,
        isOnlySend: Bool
    ) {
        let late = SettlementDecision(
            lateActions: [.failOpenOrders(cause: .system, code: "1001"), .finish],
            orders: [SampleSubmission.order(state)],
            isOnlySend: isOnlySend
        )
        let isContradicted = state == .succeeded && isOnlySend
        #expect(late.moves.isEmpty)
        #expect(late.reviews.map(\.cause) == (isContradicted ? [.contradiction] : []))
        #expect(late.reviews.map(\.code) == (isContradicted ? ["1001"] : []))
        #expect(late.alarms.map(\.kind) == (isContradicted ? [.contradiction] : []))
    }
}
