/// One condition of a decision, with the evidence for how it stands; said to people by `sluice order explain`.
package struct Condition: Hashable, Sendable {
    /// Stable, for machines.
    package let name: String
    package let holds: Bool
    /// Whether that can be told here; a condition that cannot be judged does not hold.
    package let isKnown: Bool
    /// What was found, with its figures; nothing personal.
    package let because: String

    package init(_ name: String, holds: Bool, because: String) {
        (self.name, self.holds, self.isKnown, self.because) = (name, holds, true, because)
    }

    /// A condition of which nothing can be told here, and why.
    package init(_ name: String, unknownBecause because: String) {
        (self.name, self.holds, self.isKnown, self.because) = (name, false, false, because)
    }
}

/// Whether something may be done, and every condition that says so.
package struct Ruling: Hashable, Sendable {
    package let conditions: [Condition]

    package init(_ conditions: [Condition]) { self.conditions = conditions }

    /// All conditions hold.
    package var isAllowed: Bool { conditions.allSatisfy(\.holds) }

    /// Whether the answer is certain.
    ///
    /// What cannot be judged is not allowed; that it is forbidden takes a condition that is known to fail.
    package var isJudged: Bool {
        conditions.allSatisfy(\.isKnown) || conditions.contains { $0.isKnown && !$0.holds }
    }
}

extension SubmissionMachine {
    /// Whether the same envelope may be sent again although a send may have arrived (R5, X4).
    package func mayResend(now: Timestamp) -> Bool { protection(now: now).isAllowed }

    /// When the number no longer protects from a second payment: the end of the documented window since the first send
    /// that may have arrived, or of the number's scope, whichever comes first; nil where nothing is documented or sent.
    package var protectionEndsAt: Timestamp? {
        guard let firstSentAt = state.firstSentAt else { return nil }
        let window = policy.duplicateCheck.map { firstSentAt.advanced(by: $0.window) }
        return [window, scopeEndsAt].compactMap(\.self).min()
    }

    /// Whether a send that begins now surely ends inside the scope of the number.
    func isInsideScope(now: Timestamp) -> Bool {
        guard let scopeEndsAt else { return true }
        let margin = policy.duplicateCheck?.margin ?? policy.deadlines.sendLife
        return now.advanced(by: policy.deadlines.sendLife).advanced(by: margin) < scopeEndsAt
    }

    /// What allows a second send of what may have arrived.
    private func protection(now: Timestamp) -> Ruling {
        let check = policy.duplicateCheck
        let arrived = state.sendsPossiblyArrived
        let hasStarted = state.firstSentAt.map { now >= $0 } ?? false
        var isInside = false
        var inside = "no duplicate check is documented, so nothing protects a second send"
        if let check, let end = protectionEndsAt {
            let latest = now.advanced(by: policy.deadlines.sendLife).advanced(by: check.margin)
            isInside = latest < end
            let left = end.since(latest).microseconds / 1_000_000
            inside =
                isInside
                ? "\(left) s are left of the window and the number's scope, margin and the request's life taken off"
                : "the window or the number's scope has ended, or ends within the margin (\(-left) s past)"
        }
        return Ruling([
            Condition(
                "duplicate_check",
                holds: check != nil,
                because: check == nil
                    ? "the channel documents no duplicate check" : "the channel documents a duplicate check"
            ),
            Condition(
                "resend_policy",
                holds: policy.notFound.conclusion == .resend,
                because: policy.notFound.conclusion == .resend
                    ? "not found ends in a resend on this channel" : "not found ends in review on this channel"
            ),
            Condition(
                "never_taken",
                holds: !state.everTaken,
                because: state.everTaken
                    ? "the channel said that it has it: not found later is an alarm, never a reason to send"
                    : "the channel never said that it has it"
            ),
            Condition(
                "sends_left",
                holds: arrived < policy.sendsMax,
                because: "\(arrived) of at most \(policy.sendsMax) sends may have arrived"
            ),
            Condition(
                "clock",
                holds: hasStarted,
                because: hasStarted ? "the clock stands after the first send" : "the clock stands before the first send"
            ),
            Condition("protection_window", holds: isInside, because: inside),
            Condition(
                "orders_open",
                holds: areOrdersOpen,
                because: areOrdersOpen
                    ? "each order that its envelope names is still open"
                    : "an order that its envelope names is decided: sent again it could be paid all the same"
            ),
        ])
    }

    /// Why the submission may or may not be sent again now, with each piece of evidence.
    ///
    /// The machine itself decides by the same conditions: what is printed here is what it does.
    package func resendRuling(now: Timestamp) -> Ruling {
        let underWay = state.inFlight.map { $0.until > now } ?? false
        let open = Condition(
            "open",
            holds: !state.phase.isFinal,
            because: "the submission is \(state.phase.rawValue)"
        )
        let idle = Condition(
            "nothing_under_way",
            holds: !underWay,
            because: underWay
                ? "a \(state.inFlight?.kind.rawValue ?? "call") may still be under way (R6)"
                : "no call of it can be under way"
        )
        // Said only where it stands in the way.
        let polls =
            state.polls < policy.poll.countMax
            ? []
            : [
                Condition(
                    "polls_left",
                    holds: false,
                    because: "all \(policy.poll.countMax) polls are used up: nothing more is sent by itself (R7)"
                )
            ]
        if state.isProvenUnsent {
            return Ruling(
                [
                    open, idle,
                    Condition(
                        "proven_unsent",
                        holds: true,
                        because:
                            "each of its \(state.sends) sends is proven unsent: the same number again is harmless (R4)"
                    ),
                    Condition(
                        "number_scope",
                        holds: isInsideScope(now: now),
                        because: isInsideScope(now: now)
                            ? "the number is good for this send" : "the number's scope ends before the send would"
                    ),
                ] + polls
            )
        }
        let absence = Condition(
            "absence_counted",
            holds: state.notFounds >= policy.notFound.asks,
            because: "\(state.notFounds) of \(policy.notFound.asks) not-found answers in a row count"
        )
        return Ruling([open, idle, absence] + polls + protection(now: now).conditions)
    }
}

extension SubmissionState {
    /// Why the orders of the submission may or may not go to another channel, or get another number.
    ///
    /// No channel has rules of its own here: what may have arrived stays where it is (R5).
    package func rerouteRuling(now: Timestamp) -> Ruling {
        let arrived = sendsPossiblyArrived
        let underWay = inFlight.map { $0.until > now } ?? false
        return Ruling([
            Condition(
                "can_never_settle",
                holds: phase == .refused || (isProvenUnsent && !underWay),
                because: phase == .refused
                    ? "the channel refused it as a whole, and no other send may have arrived"
                    : isProvenUnsent
                        ? (underWay
                            ? "a send is under way" : "each of its \(sends) sends is proven unsent")
                        : "\(arrived) of \(sends) sends may have arrived, and no answer proves that it can never"
                            + " settle: absence is not evidence (R5)"
            )
        ])
    }
}
