/// What an answer as a whole means for the orders of its submission.
package struct SettlementDecision: Hashable, Sendable {
    package var moves: [OrderMove] = []
    package var alarms: [SubmissionAlarm] = []
    package var reviews: [LineReview] = []

    /// An alarm with the code that it is about.
    package struct SubmissionAlarm: Hashable, Sendable {
        package let kind: AlarmKind
        package let code: String

        package init(kind: AlarmKind, code: String) { (self.kind, self.code) = (kind, code) }
    }

    /// A person must look at one order.
    package struct LineReview: Hashable, Sendable {
        package let line: LineNumber
        package let cause: ReviewCause
        package let code: String

        package init(line: LineNumber, cause: ReviewCause, code: String) {
            (self.line, self.cause, self.code) = (line, cause, code)
        }
    }

    package init() {}

    /// Applies the actions of the machine, in their order, to the orders of the submission.
    ///
    /// Each order has at most one move, from the state given: a later action sees what an earlier one decided, so that
    /// "done" and "polls exhausted" in one breath leave the order done. It takes all of the submission's orders, final
    /// ones included.
    package init(actions: [SubmissionAction], orders: [SubmittedOrder]) {
        var moving = MovingOrders(orders)
        for action in actions {
            switch action {
            case .moveOpenOrders(let to, let code): moving.moveOpen(to: to, cause: nil, code: code)
            case .failOpenOrders(let cause, let code): moving.moveOpen(to: .failed, cause: cause, code: code)
            case .giveUpUnsent(let code):
                moving.moveOpen(to: .ready, cause: .channel, code: code.rawValue, next: NextAttempt(after: .zero))
            case .decideItems(let decision): decide(decision, orders: &moving)
            case .alarm(let kind, let code): raise(kind, code: code)
            case .perform, .schedule, .finish, .review, .slowLane: break
            }
        }
        moves = moving.moves.compactMap(\.self)
    }

    /// The open orders that the submission still has when the moves are done.
    ///
    /// One that is ready for its next attempt has left it.
    package func openOrdersLeft(of orders: [SubmittedOrder]) -> Int {
        let leave = moves.count { $0.to.isFinal || $0.to == .ready }
        return orders.count { !$0.state.isFinal } - leave
    }

    /// What an answer that came too late contradicts, or tells of another payment.
    ///
    /// Alarms and reviews, no moves (R8, R10).
    ///
    /// `orders`: as they stand now, those that have gone on to another attempt as failed.
    ///
    /// `isOnlySend`: no other send of the submission may have arrived, so that a refusal of the whole message is a word
    /// against its successes.
    package init(lateActions actions: [SubmissionAction], orders: [SubmittedOrder], isOnlySend: Bool) {
        self.init(actions: actions, orders: orders)
        moves = []
        reviews = reviews.filter { $0.cause == .contradiction }
        alarms = alarms.filter { $0.kind == .contradiction || $0.kind == .answerMismatch }
        guard isOnlySend else { return }
        for case .failOpenOrders(_, let code) in actions {
            for order in orders where order.state == .succeeded {
                raise(.contradiction, code: code)
                reviews.append(LineReview(line: order.line, cause: .contradiction, code: code))
            }
        }
    }

    /// Turns failures into next attempts where the rule has one: the proof that ends the attempt is the same.
    package mutating func tryAgain(_ next: (OrderMove) -> NextAttempt?) {
        moves = moves.map { move in
            guard move.to == .failed, let attempt = next(move) else { return move }
            return OrderMove(
                line: move.line,
                from: move.from,
                to: .ready,
                cause: move.cause,
                code: move.code,
                next: attempt
            )
        }
    }

    private mutating func decide(_ decision: ItemDecision, orders moving: inout MovingOrders) {
        var answers: [Int32: ItemAnswer] = [:]
        var conflicting: Set<Int32> = []
        for answer in decision.items {
            if let earlier = answers.updateValue(answer, forKey: answer.item), earlier != answer {
                conflicting.insert(answer.item)
            }
        }
        let known = Set(moving.orders.map(\.item))
        if answers.keys.contains(where: { !known.contains($0) }) || !conflicting.isEmpty {
            raise(.answerMismatch, code: "items_do_not_match")
        }
        for (index, order) in moving.orders.enumerated() {
            // Two different answers for one item prove nothing about it.
            let answer: ItemAnswer? =
                conflicting.contains(order.item)
                ? ItemAnswer(item: order.item, code: "conflicting_items", meaning: .unknown(listed: true), echo: nil)
                : answers[order.item]
            if case .unknown(listed: false)? = answer?.meaning, let code = answer?.code {
                raise(.unlistedCode, code: code)
            }
            switch decision.verdict(for: order, answer: answer) {
            case .stay: break
            case .move(let move): moving.apply(move, at: index)
            case .mismatch(let move):
                if let move { moving.apply(move, at: index) }
                raise(.answerMismatch, code: answer?.code ?? "")
                reviews.append(LineReview(line: order.line, cause: .answerMismatch, code: answer?.code ?? ""))
            case .contradiction:
                raise(.contradiction, code: answer?.code ?? "")
                reviews.append(LineReview(line: order.line, cause: .contradiction, code: answer?.code ?? ""))
            }
        }
    }

    private mutating func raise(_ kind: AlarmKind, code: String) {
        let alarm = SubmissionAlarm(kind: kind, code: code)
        if !alarms.contains(alarm) { alarms.append(alarm) }
    }
}

/// The orders of a submission while actions are applied to them one after the other.
private struct MovingOrders {
    private(set) var orders: [SubmittedOrder]
    /// By the order's place in `orders`: its whole move so far.
    private(set) var moves: [OrderMove?]

    init(_ orders: [SubmittedOrder]) {
        self.orders = orders
        moves = Array(repeating: nil, count: orders.count)
    }

    mutating func moveOpen(to: OrderState, cause: FailureCause?, code: String, next: NextAttempt? = nil) {
        for (index, order) in orders.enumerated()
        where !order.state.isFinal && OrderTransition.isLegal(from: order.state, to: to) {
            let move = OrderMove(
                line: order.line,
                from: order.state,
                to: to,
                cause: cause,
                code: code,
                next: next
            )
            apply(move, at: index)
        }
    }

    mutating func apply(_ move: OrderMove, at index: Int) {
        orders[index].state = move.to
        let from = moves[index]?.from ?? move.from
        moves[index] =
            from == move.to
            ? nil
            : OrderMove(
                line: move.line,
                from: from,
                to: move.to,
                cause: move.cause,
                code: move.code,
                next: move.next
            )
    }
}
