/// An order of a submission, as the protocol needs to see it.
package struct SubmittedOrder: Hashable, Sendable {
    package let line: LineNumber
    /// Its number in the submission, from 1.
    package let item: Int32
    package var state: OrderState
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
    /// Why it failed, or why its attempt ended.
    package let cause: FailureCause?
    /// The code that led to it: the channel's, or our own word for what was seen.
    package let code: String
    /// Back to `ready`: how the order goes on; its attempt has ended with proof.
    package let next: NextAttempt?

    package init(
        line: LineNumber,
        from: OrderState,
        to: OrderState,
        cause: FailureCause?,
        code: String,
        next: NextAttempt? = nil
    ) {
        precondition(OrderTransition.isLegal(from: from, to: to), "an order moves only as the transition table says")
        precondition(
            (to == .failed || to == .ready) == (cause != nil),
            "a failure or an ended attempt, and only these, have a cause"
        )
        precondition((to == .ready) == (next != nil), "an order is ready again for its next attempt only")
        self.line = line
        self.from = from
        self.to = to
        self.cause = cause
        self.code = code
        self.next = next
    }
}

/// What one item's answer means for its order.
package enum OrderVerdict: Hashable, Sendable {
    case stay
    case move(OrderMove)
    /// The channel speaks of another account, amount or currency: an open order is unknown then, and a person looks.
    case mismatch(OrderMove?)
    /// Against a final state: no state changes, a person looks (R8).
    case contradiction
}

extension ItemDecision {
    /// Decides one order by its item's answer; nil where the message did not mention it.
    package func verdict(for order: SubmittedOrder, answer: ItemAnswer?) -> OrderVerdict {
        guard let answer else {
            return move(order, to: unmentioned, cause: nil, code: "not_mentioned")
        }
        switch answer.meaning {
        case .done: return done(order, answer)
        case .notDone(let cause): return notDone(order, answer, cause: cause)
        case .processing:
            switch order.state {
            case .submitting, .processing, .unknown: return move(order, to: .processing, cause: nil, code: answer.code)
            case .succeeded, .returned: return .stay
            // Money may yet move for an order that we called not done, or never let go.
            case .held, .ready, .failed, .cancelled: return .contradiction
            }
        case .unknown: return move(order, to: .unknown, cause: nil, code: answer.code)
        }
    }

    private func done(_ order: SubmittedOrder, _ answer: ItemAnswer) -> OrderVerdict {
        guard matches(order, answer.echo) else {
            if order.state.isFinal, order.state != .succeeded { return .contradiction }
            return mismatch(order, code: answer.code)
        }
        switch order.state {
        case .submitting, .processing, .unknown: return move(order, to: .succeeded, cause: nil, code: answer.code)
        case .succeeded, .returned: return .stay
        // Also where the order has no live attempt: done all the same, and a second one would pay twice.
        case .held, .ready, .failed, .cancelled: return .contradiction
        }
    }

    private func notDone(_ order: SubmittedOrder, _ answer: ItemAnswer, cause: FailureCause) -> OrderVerdict {
        switch order.state {
        // Some channels call a payout that came back "failed".
        case .failed, .returned: return .stay
        case .succeeded, .cancelled: return .contradiction
        case .held, .ready, .submitting, .processing, .unknown: break
        }
        // A failure that names another account or amount is not this order's failure; one that names nothing is.
        if answer.echo != nil, !matches(order, answer.echo) { return mismatch(order, code: answer.code) }
        guard failureIsFinal else { return move(order, to: .unknown, cause: nil, code: answer.code) }
        return move(order, to: .failed, cause: cause, code: answer.code)
    }

    private func mismatch(_ order: SubmittedOrder, code: String) -> OrderVerdict {
        if case .move(let move) = move(order, to: .unknown, cause: nil, code: code) { return .mismatch(move) }
        return .mismatch(nil)
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
}
