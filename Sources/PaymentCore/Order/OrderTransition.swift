/// One legal move of an order, with what it needs; the whole table exists here once and is enforced again by the
/// database (architecture §3).
package struct OrderTransition: Hashable, Sendable {
    package let from: OrderState
    package let to: OrderState
    /// When the move happens, in words of the design.
    package let when: String
    /// What must be at hand for it.
    package let needs: String

    /// Every legal move.
    ///
    /// A move that is not listed does not exist.
    package static let table: [OrderTransition] = [
        OrderTransition(from: .held, to: .ready, when: "approved", needs: "two people"),
        OrderTransition(
            from: .held,
            to: .cancelled,
            when: "cancelled by the merchant or a person",
            needs: "compare-and-set, no intent yet"
        ),
        OrderTransition(
            from: .ready,
            to: .cancelled,
            when: "cancelled by the merchant or a person",
            needs: "compare-and-set, no intent yet"
        ),
        OrderTransition(from: .ready, to: .submitting, when: "intent", needs: "lease, slot, activated specification"),
        OrderTransition(
            from: .submitting,
            to: .ready,
            when: "given up by the lane, or attempt ended and another is allowed",
            needs: "every send proven unsent, or proof that the attempt can never settle"
        ),
        OrderTransition(from: .submitting, to: .processing, when: "channel took it", needs: "its answer"),
        OrderTransition(from: .submitting, to: .unknown, when: "no known outcome", needs: "–"),
        OrderTransition(from: .submitting, to: .succeeded, when: "done", needs: "evidence"),
        OrderTransition(
            from: .submitting,
            to: .failed,
            when: "not done, and no further attempt is allowed",
            needs: "evidence"
        ),
        OrderTransition(
            from: .processing,
            to: .ready,
            when: "attempt ended, and another is allowed",
            needs: "proof that it can never settle"
        ),
        OrderTransition(
            from: .processing,
            to: .unknown,
            when: "not found, contradiction, or polls exhausted",
            needs: "–"
        ),
        OrderTransition(from: .processing, to: .succeeded, when: "done", needs: "evidence"),
        OrderTransition(
            from: .processing,
            to: .failed,
            when: "not done, and no further attempt is allowed",
            needs: "evidence"
        ),
        OrderTransition(
            from: .unknown,
            to: .ready,
            when: "attempt ended, and another is allowed",
            needs: "proof that it can never settle"
        ),
        OrderTransition(from: .unknown, to: .processing, when: "channel says it is working", needs: "its answer"),
        OrderTransition(from: .unknown, to: .succeeded, when: "done", needs: "evidence"),
        OrderTransition(
            from: .unknown,
            to: .failed,
            when: "not done, and no further attempt is allowed",
            needs: "evidence"
        ),
        OrderTransition(
            from: .succeeded,
            to: .returned,
            when: "returns reach the amount",
            needs: "`payment_return` rows"
        ),
    ]

    /// Whether an order may move from one state to the other.
    package static func isLegal(from: OrderState, to: OrderState) -> Bool {
        table.contains { $0.from == from && $0.to == to }
    }
}
