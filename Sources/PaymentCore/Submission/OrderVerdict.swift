/// An order of a submission, as the protocol needs to see it.
package struct SubmittedOrder: Hashable, Sendable {
    package let line: LineNumber
    /// Its number in the submission, from 1.
    package let item: Int32
    package let state: OrderState
    package let amountMinor: Int64
    package let currency: String
    package let accountNumber: String

    package init(
        line: LineNumber,
        item: Int32,
        state: OrderState,
        amountMinor: Int64,
        currency: String,
        accountNumber: String
    ) {
        self.line = line
        self.item = item
        self.state = state
        self.amountMinor = amountMinor
        self.currency = currency
        self.accountNumber = accountNumber
    }
}

/// One move of one order, by compare-and-set on `from`.
package struct OrderMove: Hashable, Sendable {
    package let line: LineNumber
    package let from: OrderState
    package let to: OrderState
    package let cause: FailureCause?
    /// The code that led to it: the channel's, or our own word for what was seen.
    package let code: String

    package init(line: LineNumber, from: OrderState, to: OrderState, cause: FailureCause?, code: String) {
        precondition(OrderTransition.isLegal(from: from, to: to), "an order moves only as the transition table says")
        precondition((to == .failed) == (cause != nil), "a failure, and only a failure, has a cause")
        self.line = line
        self.from = from
        self.to = to
        self.cause = cause
        self.code = code
    }
}

/// What one item's answer means for its order.
package enum OrderVerdict: Hashable, Sendable {
    case stay
    case move(OrderMove)
    /// The channel says done, but not for this account, amount or currency: the order stays or becomes unknown, and a
    /// person looks (reliability §5).
    case mismatch(OrderMove?)
    /// Against a final state: no state changes, a person looks (R8).
    case contradiction
}

extension ItemDecision {
    /// Decides one order.
    ///
    /// `answer`: the item's answer; nil where the message did not mention it.
    package func verdict(for order: SubmittedOrder, answer: ItemAnswer?) -> OrderVerdict {
        guard let answer else {
            return move(order, to: unmentioned, cause: nil, code: "not_mentioned")
        }
        switch answer.meaning {
        case .done:
            guard matches(order, answer.echo) else {
                if order.state.isFinal { return order.state == .succeeded ? .mismatch(nil) : .contradiction }
                if case .move(let move) = move(order, to: .unknown, cause: nil, code: answer.code) {
                    return .mismatch(move)
                }
                return .mismatch(nil)
            }
            if order.state.isFinal {
                return order.state == .succeeded || order.state == .returned ? .stay : .contradiction
            }
            return move(order, to: .succeeded, cause: nil, code: answer.code)
        case .notDone(let cause):
            if order.state.isFinal { return order.state == .failed ? .stay : .contradiction }
            guard failureIsFinal, echoAllowsFailure(order, answer.echo) else {
                return move(order, to: .unknown, cause: nil, code: answer.code)
            }
            return move(order, to: .failed, cause: cause, code: answer.code)
        case .processing:
            if order.state.isFinal { return .stay }
            return move(order, to: .processing, cause: nil, code: answer.code)
        case .unknown:
            if order.state.isFinal { return .stay }
            return move(order, to: .unknown, cause: nil, code: answer.code)
        }
    }

    private func move(_ order: SubmittedOrder, to: OrderState, cause: FailureCause?, code: String) -> OrderVerdict {
        guard OrderTransition.isLegal(from: order.state, to: to) else { return .stay }
        return .move(OrderMove(line: order.line, from: order.state, to: to, cause: cause, code: code))
    }

    /// A success must repeat account, amount and currency exactly; one that repeats nothing proves nothing.
    private func matches(_ order: SubmittedOrder, _ echo: ItemAnswer.Echo?) -> Bool {
        guard let echo else { return false }
        return echo.accountNumber == order.accountNumber && echo.amountMinor == order.amountMinor
            && echo.currency == order.currency
    }

    /// A failure that names another account or amount is not this order's failure.
    private func echoAllowsFailure(_ order: SubmittedOrder, _ echo: ItemAnswer.Echo?) -> Bool {
        echo == nil || matches(order, echo)
    }
}

/// What an answer as a whole means for the orders of its submission.
package struct SettlementDecision: Hashable, Sendable {
    package var moves: [OrderMove] = []
    package var alarms: [SubmissionAlarm] = []
    package var reviews: [LineReview] = []

    /// An alarm with the code that it is about.
    package struct SubmissionAlarm: Hashable, Sendable {
        package let kind: AlarmKind
        package let code: String
    }

    /// A person must look at one order.
    package struct LineReview: Hashable, Sendable {
        package let line: LineNumber
        package let cause: ReviewCause
        package let code: String
    }

    package init() {}

    /// Applies the actions of the machine to the orders of the submission.
    ///
    /// `orders`: all of the submission's orders, final ones included.
    package init(actions: [SubmissionAction], orders: [SubmittedOrder]) {
        for action in actions {
            switch action {
            case .moveOpenOrders(let to, let code):
                for order in orders where OrderTransition.isLegal(from: order.state, to: to) && !order.state.isFinal {
                    moves.append(OrderMove(line: order.line, from: order.state, to: to, cause: nil, code: code))
                }
            case .failOpenOrders(let cause, let code):
                for order in orders where !order.state.isFinal {
                    moves.append(
                        OrderMove(line: order.line, from: order.state, to: .failed, cause: cause, code: code)
                    )
                }
            case .decideItems(let decision): decide(decision, orders: orders)
            case .alarm(let kind, let code): raise(kind, code: code)
            case .perform, .schedule, .finish, .review, .slowLane: break
            }
        }
    }

    /// The open orders that are left when the moves are done.
    package func openOrdersLeft(of orders: [SubmittedOrder]) -> Int {
        let becomeFinal = moves.count { $0.to.isFinal }
        return orders.count { !$0.state.isFinal } - becomeFinal
    }

    private mutating func decide(_ decision: ItemDecision, orders: [SubmittedOrder]) {
        var answers: [Int32: ItemAnswer] = [:]
        var conflicting: Set<Int32> = []
        for answer in decision.items {
            if let earlier = answers.updateValue(answer, forKey: answer.item), earlier != answer {
                conflicting.insert(answer.item)
            }
        }
        let known = Set(orders.map(\.item))
        if answers.keys.contains(where: { !known.contains($0) }) || !conflicting.isEmpty {
            raise(.answerMismatch, code: "items_do_not_match")
        }
        for order in orders {
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
            case .move(let move): moves.append(move)
            case .mismatch(let move):
                if let move { moves.append(move) }
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
