import PaymentCore
import Testing

/// A mistake put around the real machine, which the exploration must find.
struct Mutation: Sendable, CustomTestStringConvertible {
    let name: String
    /// The promise that it must be seen to break.
    let breaks: Breach.Promise
    /// The scenario is changed too: what is told to the machine, or how long to look.
    var scenario: @Sendable (inout Scenario) -> Void = { _ in }
    /// Alters what the machine is told.
    var before: @Sendable (inout SubmissionState, SubmissionEvent, Timestamp) -> Void = { _, _, _ in }
    /// Alters what the machine decided.
    var after: @Sendable (SubmissionState, inout SubmissionState, SubmissionEvent, inout [SubmissionAction]) -> Void = {
        _,
        _,
        _,
        _ in
    }
    /// Writes of a stale epoch are accepted.
    var acceptsStaleEpochs = false
    /// The first byte leaves before the intent is committed.
    var sendsBeforeIntent = false

    var testDescription: String { name }

    static let all: [Mutation] = [
        Mutation(
            name: "resends on absence after the protection window",
            breaks: .neverPaidTwice,
            scenario: {
                $0.windowTicks = 8
                $0.windowTicksDocumented = 40
            }
        ),
        Mutation(
            name: "resends too close to the end of the window",
            breaks: .noSendAfterProtection,
            scenario: { $0.windowTicksDocumented = 16 }
        ),
        Mutation(
            name: "takes absence for failure",
            breaks: .failedIsNeverPaid,
            after: { _, state, event, actions in
                guard case .queryEnded(.answered(let answer)) = event, answer.header == .notFound else { return }
                state.phase = .refused
                actions = [.failOpenOrders(cause: .channel, code: "H"), .finish]
            }
        ),
        Mutation(
            name: "takes the refusal of a resend for failure",
            breaks: .failedIsNeverPaid,
            after: { before, state, event, actions in
                guard case .sendEnded(.answered(let answer)) = event, case .refused(let cause) = answer.header,
                    !before.phase.isFinal
                else { return }
                state.phase = .refused
                actions = [.failOpenOrders(cause: cause, code: "H"), .finish]
            }
        ),
        Mutation(
            name: "takes a timeout for failure",
            breaks: .failedIsNeverPaid,
            after: { _, state, event, actions in
                guard case .sendEnded(.unknown) = event else { return }
                state.phase = .refused
                actions = [.failOpenOrders(cause: .system, code: "timeout"), .finish]
            }
        ),
        Mutation(
            name: "takes a lost outcome for unsent",
            breaks: .failedIsNeverPaid,
            scenario: {
                $0.steals = 0
                $0.unsent = 0
            },
            before: { state, event, now in
                guard case .claimed = event, let inFlight = state.inFlight, inFlight.kind == .send,
                    inFlight.until <= now
                else { return }
                state.inFlight = nil
                state.sendsUnsent += 1
            }
        ),
        Mutation(
            name: "takes taken for done",
            breaks: .succeededIsPaid,
            after: { _, _, event, actions in
                guard case .sendEnded(.answered(let answer)) = event, answer.header == .taken else { return }
                actions = [.moveOpenOrders(to: .succeeded, code: "H")] + actions
            }
        ),
        Mutation(
            name: "ignores what is in flight",
            breaks: .callsDoNotOverlap,
            before: { state, event, _ in
                if case .claimed = event { state.inFlight = nil }
            }
        ),
        Mutation(
            name: "asks right after a claim although a send is in flight",
            breaks: .callsDoNotOverlap,
            before: { state, event, now in
                guard case .claimed = event, let inFlight = state.inFlight else { return }
                state.inFlight = InFlight(kind: inFlight.kind, epoch: inFlight.epoch, until: now)
            }
        ),
        Mutation(name: "accepts what a stale epoch writes", breaks: .callsDoNotOverlap, acceptsStaleEpochs: true),
        Mutation(name: "sends before the intent", breaks: .noByteBeforeItsRecord, sendsBeforeIntent: true),
        Mutation(
            name: "does not count polls",
            breaks: .pollsAreBounded,
            after: { _, state, _, _ in state.polls = 0 }
        ),
        Mutation(
            name: "counts only polls that are answered",
            breaks: .pollsAreBounded,
            scenario: { $0.crashes = 2 },
            after: { before, state, event, actions in
                if case .claimed = event, actions.contains(.perform(.query)) { state.polls -= 1 }
                if case .queryEnded = event, before.inFlight != nil { state.polls += 1 }
            }
        ),
        Mutation(
            name: "ends its polls in silence",
            breaks: .everySubmissionHasANextStep,
            after: { _, _, _, actions in
                actions.removeAll { if case .review(.pollsExhausted, _) = $0 { true } else { false } }
            }
        ),
        Mutation(
            name: "forgets to schedule after a lost answer",
            breaks: .everySubmissionHasANextStep,
            after: { _, _, event, actions in
                guard case .queryEnded(.unknown) = event else { return }
                actions.removeAll { if case .schedule = $0 { true } else { false } }
            }
        ),
        Mutation(
            name: "waits as long as it is told",
            breaks: .everythingEnds,
            after: { _, _, event, actions in
                guard case .sendEnded(.answered(let answer)) = event, answer.header == .slowDown else { return }
                actions = actions.map {
                    if case .schedule(let step, _) = $0 { .schedule(step, after: .hours(24 * 365)) } else { $0 }
                }
            }
        ),
        Mutation(
            name: "calls unknown what is proven unsent",
            breaks: .unsentStaysSubmitting,
            scenario: {
                $0.crashes = 0
                $0.steals = 0
            },
            after: { _, _, event, actions in
                guard case .sendEnded(.notSent) = event else { return }
                actions = [.moveOpenOrders(to: .unknown, code: "connect_refused")] + actions
            }
        ),
        Mutation(
            name: "fails what polls did not settle",
            breaks: .finalStatesHaveEvidence,
            after: { _, state, _, actions in
                guard actions.contains(where: { if case .review(.pollsExhausted, _) = $0 { true } else { false } })
                else {
                    return
                }
                state.phase = .refused
                actions = [.failOpenOrders(cause: .channel, code: "polls_exhausted"), .finish]
            }
        ),
        Mutation(
            name: "gives up what may have arrived",
            breaks: .readyAgainIsNeverPaid,
            after: { _, state, event, actions in
                guard case .sendEnded(.unknown) = event, !state.phase.isFinal else { return }
                state.phase = .settled
                actions = [.giveUpUnsent(.givenUp), .finish]
            }
        ),
        Mutation(
            name: "sends without end",
            breaks: .sendsAreBounded,
            scenario: {
                $0.windowTicks = 40
                $0.windowTicksDocumented = 40
            },
            before: { state, event, _ in
                guard case .claimed = event, state.sends > 1 else { return }
                // As if earlier sends and polls had never been counted.
                state.sends = 1
                state.sendsUnsent = 0
                state.polls = 0
            }
        ),
    ]
}
