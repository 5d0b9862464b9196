import PaymentCore
import Testing

struct SettlementDecisionTests {
    static func found(_ items: [ItemAnswer]) -> SubmissionAction {
        .decideItems(ItemDecision(items: items, kind: .query, failureIsFinal: true, unmentioned: .unknown))
    }

    static func orders(_ states: [OrderState]) -> [SubmittedOrder] {
        states.enumerated().map { SampleSubmission.order($1, item: Int32($0 + 1)) }
    }

    @Test func `each item is decided by itself`() {
        let orders = Self.orders([.processing, .unknown, .processing, .submitting, .succeeded])
        let decision = SettlementDecision(
            actions: [
                Self.found([
                    .one(.done, item: 1, echo: SampleSubmission.echo), .one(.notDone(.customer), item: 2),
                    .one(.unknown(listed: false), item: 3, code: "Z9"), .one(.notDone(.data), item: 5),
                ])
            ],
            orders: orders
        )
        #expect(decision.moves.map(\.to) == [.succeeded, .failed, .unknown, .unknown])
        #expect(decision.moves.map(\.line) == orders.prefix(4).map(\.line))
        #expect(decision.moves.map(\.cause) == [nil, .customer, nil, nil])
        #expect(decision.alarms.map(\.kind) == [.unlistedCode, .contradiction])
        #expect(decision.reviews.map(\.cause) == [.contradiction])
        #expect(decision.openOrdersLeft(of: orders) == 2)
    }

    @Test func `an order done in the same breath as the end of the polls stays done`() {
        let orders = Self.orders([.processing, .submitting, .unknown])
        let decision = SettlementDecision(
            actions: [
                Self.found([.one(.done, item: 1, echo: SampleSubmission.echo), .one(.processing, item: 2)]),
                .moveOpenOrders(to: .unknown, code: "polls_exhausted"),
                .alarm(.pollsExhausted, code: "polls_exhausted"),
                .review(.pollsExhausted, code: "polls_exhausted"), .finish,
            ],
            orders: orders
        )
        #expect(decision.moves.map(\.from) == [.processing, .submitting])
        #expect(decision.moves.map(\.to) == [.succeeded, .unknown])
        #expect(decision.openOrdersLeft(of: orders) == 2)
    }

    @Test func `there and back is no move`() {
        let decision = SettlementDecision(
            actions: [.moveOpenOrders(to: .processing, code: "A"), .moveOpenOrders(to: .unknown, code: "B")],
            orders: Self.orders([.unknown, .submitting])
        )
        #expect(decision.moves.map(\.from) == [.submitting])
        #expect(decision.moves.map(\.to) == [.unknown])
        #expect(decision.moves.map(\.code) == ["B"])
    }

    @Test func `whole moves touch open orders only, and only where the move is legal`() {
        let orders = Self.orders(OrderState.allCases)
        for (action, from) in [
            (SubmissionAction.failOpenOrders(cause: .channel, code: "R"), [.submitting, .processing, .unknown]),
            (.moveOpenOrders(to: .unknown, code: "U"), [.submitting, .processing]),
            (.moveOpenOrders(to: .processing, code: "P"), [.submitting, .unknown]),
        ] as [(SubmissionAction, [OrderState])] {
            #expect(SettlementDecision(actions: [action], orders: orders).moves.map(\.from) == from)
        }
    }

    @Test func `two different answers for one item prove nothing about it`() {
        let orders = Self.orders([.processing, .processing])
        let decision = SettlementDecision(
            actions: [
                Self.found([
                    .one(.done, item: 1, echo: SampleSubmission.echo), .one(.notDone(.customer), item: 1),
                    .one(.done, item: 2, echo: SampleSubmission.echo),
                    .one(.done, item: 2, echo: SampleSubmission.echo),
                ])
            ],
            orders: orders
        )
        #expect(decision.moves.map(\.to) == [.unknown, .succeeded])
        #expect(decision.alarms.map(\.code) == ["items_do_not_match"])
    }

    @Test func `an item that we never sent is an alarm and moves nothing`() {
        let decision = SettlementDecision(
            actions: [
                Self.found([
                    .one(.done, item: 1, echo: SampleSubmission.echo),
                    .one(.done, item: 9, echo: SampleSubmission.echo),
                    .one(.done, item: 0, echo: SampleSubmission.echo),
                ])
            ],
            orders: Self.orders([.processing])
        )
        #expect(decision.moves.map(\.to) == [.succeeded])
        #expect(decision.alarms.map(\.kind) == [.answerMismatch])
    }

    @Test func `one cause is one alarm`() {
        let items = (1...50).map { ItemAnswer.one(.unknown(listed: false), item: $0, code: "Z9") }
        let decision = SettlementDecision(
            actions: [Self.found(items)],
            orders: Self.orders(Array(repeating: .processing, count: 50))
        )
        #expect(decision.alarms.count == 1)
        #expect(decision.moves.count == 50)
    }

    @Test func `no action, no decision`() {
        #expect(SettlementDecision(actions: [], orders: Self.orders([.processing])) == SettlementDecision())
    }
}
