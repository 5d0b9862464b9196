/// What the protocol orders after an event; the store commits all of it in one transaction, with the new state.
package enum SubmissionAction: Hashable, Sendable {
    /// Do it now: commit its `exchange` row and the new state first, then call (R1).
    case perform(SubmissionStep)
    /// The submission's chunk comes up again for this step after the delay.
    case schedule(SubmissionStep, after: TimeSpan)
    /// Every open order of the submission moves.
    case moveOpenOrders(to: OrderState, code: String)
    /// The submission was refused as a whole: every open order ends with this cause, the exchange being the evidence.
    case failOpenOrders(cause: FailureCause, code: String)
    /// The lane gives it up: no byte of it ever left, so every order may be planned anew.
    case giveUpUnsent(UnsentCode)
    /// Each item is decided by itself.
    case decideItems(ItemDecision)
    /// Nothing more will happen by itself: the chunk leaves the table.
    case finish
    case alarm(AlarmKind, code: String)
    case review(ReviewCause, code: String)
    /// The lane goes slower.
    case slowLane(retryAfter: TimeSpan?)
}

/// How the items of an answer become moves of orders.
package struct ItemDecision: Hashable, Sendable {
    package let items: [ItemAnswer]
    package let kind: MessageKind
    /// Whether a listed failure is final: always in a query, in a submit only if no other send may have arrived (R4).
    package let failureIsFinal: Bool
    /// What becomes of an order that the answer does not mention: `processing` in a submit that was taken, `unknown` in
    /// a query that should have listed it.
    package let unmentioned: OrderState

    package init(items: [ItemAnswer], kind: MessageKind, failureIsFinal: Bool, unmentioned: OrderState) {
        self.items = items
        self.kind = kind
        self.failureIsFinal = failureIsFinal
        self.unmentioned = unmentioned
    }
}

/// What a person must learn of now.
package enum AlarmKind: String, CaseIterable, Sendable, Hashable {
    case unlistedCode = "unlisted_code"
    case takenThenNotFound = "taken_then_not_found"
    case duplicateOtherContent = "duplicate_other_content"
    case pollsExhausted = "polls_exhausted"
    case answerMismatch = "answer_mismatch"
    case contradiction
    case unsentTooLong = "unsent_too_long"
    case protectionEnding = "protection_ending"
    case resultOverdue = "result_overdue"
    /// A lane's calls failed one after the other; it waits and probes.
    case laneOpen = "lane_open"
    /// A job's window passed without a run.
    case windowMissed = "window_missed"
    /// The sweeper found open orders without a next action and gave them one.
    case workRebuilt = "work_rebuilt"
    /// A file was loaded, but its orders are held: an amount is above a ceiling.
    case ceilingExceeded = "ceiling_exceeded"
    /// A file is verified, and cannot be loaded as it was verified.
    case loadStopped = "load_stopped"
    /// Files wait for a merchant whom the configuration does not know.
    case merchantUnknown = "merchant_unknown"
    /// More database connections are configured than the budget allows.
    case budgetExceeded = "budget_exceeded"
    /// An alarm could be delivered to no sink.
    case sinkFailed = "sink_failed"
    /// An archived day was not what had been counted: it was put back, and archiving stopped.
    case archiveMismatch = "archive_mismatch"
    /// Days that should have left long ago are still live.
    case archiveBehind = "archive_behind"
    /// So much of an old day is open that it cannot leave.
    case archiveBlocked = "archive_blocked"
    /// A day of a table is gone, and nobody archived it.
    case partitionMissing = "partition_missing"
    /// Live tables and history have different shapes: no day can leave.
    case archiveDrift = "archive_drift"
    /// A login is locked: too many wrong passwords one after the other.
    case loginLocked = "login_locked"
    /// The only administrator changed people, and nobody else approved.
    case peopleChanged = "people_changed"
    /// The audit chain is not the one whose head was written outside of the database.
    case auditBroken = "audit_broken"
}

/// Why a person must decide.
package enum ReviewCause: String, CaseIterable, Sendable, Hashable {
    case pollsExhausted = "polls_exhausted"
    case notFound = "not_found"
    case duplicateOtherContent = "duplicate_other_content"
    case answerMismatch = "answer_mismatch"
    case contradiction
    case fileHeld = "file_held"
    /// No message of its channel can carry the order.
    case unfitForChannel = "unfit_for_channel"
    /// Orders are held because an amount is above a ceiling.
    case ceiling
    /// Orders are held because money may be at risk on the same account.
    case accountAtRisk = "account_at_risk"
    /// A file has the name of an earlier one, and other content: a warning that holds nothing.
    case sameFileName = "same_file_name"
    /// Orders of a file pay what others near in time pay: a warning that holds nothing.
    case samePayment = "same_payment"
}
