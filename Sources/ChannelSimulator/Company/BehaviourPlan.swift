/// How a company behaves: shares drawn by seed, and rules by account that come before any chance.
///
/// Shares are per mille. Faults of an answer exclude one another; the three delays are drawn each for itself, so that a
/// batch may be taken, time out *and* stay hidden.
package struct BehaviourPlan: Sendable, Equatable {
    /// An item finishes at a time in here after its batch was taken.
    package var settle = MillisecondRange(first: 200, last: 2_000)
    package var submitFaults: [SubmitFault: Int] = [:]
    package var queryFaults: [QueryFault: Int] = [:]
    /// H1: taken, but queries answer 1404 for this long.
    package var notFoundFor: Delay?
    /// Items finish this much later.
    package var finishLate: Delay?
    /// Answers 2001 for this long, to the submit and to queries.
    package var takeSlowly: Delay?
    package var items = ItemShares()
    /// Rules by the last characters of an account number; the longest that fits counts.
    package var accounts: [String: AccountRule] = [:]

    package init() {}

    /// A share of batches, and a time.
    package struct Delay: Sendable, Equatable {
        package var perMille: Int
        package var milliseconds: Int64

        package init(perMille: Int, milliseconds: Int64) {
            self.perMille = perMille
            self.milliseconds = milliseconds
        }
    }

    /// Shares of items.
    package struct ItemShares: Sendable, Equatable {
        /// Taken, then refused.
        ///
        /// `E104` happens to `withhold` only.
        package var refuse: [ItemCode: Int] = [:]
        /// Refused in the answer to the submit.
        package var refuseAtSubmit: [ItemCode: Int] = [:]
        /// Shows an unknown code for ever once it is finished; its money moved or not all the same.
        package var unknownCode = 0
        /// Shows an unknown code to the first two queries after it is finished.
        package var unknownCodeThenFinal = 0
        /// H7: in process for ever.
        package var neverFinish = 0

        package init() {}
    }

    /// What happens to accounts with certain last characters.
    package struct AccountRule: Sendable, Equatable {
        /// What becomes of the item; `nil` is as drawn.
        package var outcome: Outcome?
        package var mask: SimulatedItem.Mask?
        /// Every copy of a submit that holds such an account.
        package var submitFault: SubmitFault?
        /// Every query of a batch that holds such an account.
        package var queryFault: QueryFault?
        package var notFoundFor: Int64?
        package var finishLate: Int64?
        package var takeSlowly: Int64?

        package init() {}

        package enum Outcome: Sendable, Equatable {
            case refuse(ItemCode)
            case refuseAtSubmit(ItemCode)
            case neverFinish
        }
    }
}
