package import ChannelKit
package import Logging
import PaymentCore
package import Store

/// Executes the submission machine: loads, lets it decide, commits, calls, commits what was heard.
///
/// It decides nothing about money itself.
package struct SubmissionDriver: Sendable {
    let store: any SubmissionStore
    let transport: any ChannelTransport
    let clock: any EngineClock
    let random: any RandomSource
    let specification: ChannelSpecification

    package init(
        store: any SubmissionStore,
        transport: any ChannelTransport,
        clock: any EngineClock,
        random: any RandomSource,
        specification: ChannelSpecification
    ) {
        self.store = store
        self.transport = transport
        self.clock = clock
        self.random = random
        self.specification = specification
    }

    /// Takes a submission's chunk one step further: the call that is due, or a later time for it.
    package func advance(_ chunk: ClaimedChunk, logger: Logger) async throws {
        // Taken before the database's clock is read: by this clock a first byte leaves no later than the database
        // holds.
        let boot = clock.bootNanoseconds()
        let loaded = try await store.loadSubmission(of: chunk)
        let policy = specification.policy(for: chunk.direction)
        var machine = SubmissionMachine(state: loaded.state, policy: policy, scopeEndsAt: loaded.scopeEndsAt)
        let actions = machine.handle(.claimed, epoch: chunk.epoch, now: loaded.now, random: random.next())
        let decision = SettlementDecision(actions: actions, orders: loaded.orders)
        let step = actions.begun
        if let step, ChunkKind(step).lane != chunk.kind.lane {
            // Due on the other lane: a send never takes a query's slot, nor the reverse.
            let next = ChunkNext.schedule(ChunkKind(step), after: .zero)
            try await store.releaseChunk(chunk, next: next)
            return
        }
        let change = SubmissionChange(
            chunk: chunk,
            submission: loaded.key.number,
            state: machine.state,
            endedCall: nil,
            begins: step,
            sendBy: policy.deadlines.sendBy,
            decision: decision,
            submissionReviews: actions.reviews,
            slowLaneFor: nil,
            next: step == nil ? actions.next : .keep
        )
        guard case .committed(let recorded) = try await store.record(change), let step, let recorded else { return }
        let orders = loaded.orders.applying(decision.moves)
        let envelope =
            step == .send
            ? loaded.envelope
            : specification.codec.queryEnvelope(number: loaded.number, tradeDate: loaded.tradeDate)
        try await call(
            step,
            recorded,
            envelope: envelope,
            chunk: chunk,
            submission: loaded.key.number,
            machine: machine,
            orders: orders,
            sendBy: boot,
            logger: logger
        )
    }

    /// Makes a call whose record is committed, and commits what became of it.
    func call(
        _ step: SubmissionStep,
        _ recorded: RecordedCall,
        envelope: Envelope,
        chunk: ClaimedChunk,
        submission: SubmissionNumber,
        machine: SubmissionMachine,
        orders: [SubmittedOrder],
        sendBy boot: Int64,
        logger: Logger
    ) async throws {
        let call = ChannelCall(
            channel: chunk.channel,
            envelope: envelope,
            sendByNanoseconds: boot + machine.policy.deadlines.sendBy.microseconds * 1_000
        )
        let record = await transport.call(call)
        var machine = machine
        let event: SubmissionEvent = step == .send ? .sendEnded(record.outcome) : .queryEnded(record.outcome)
        let actions = machine.handle(event, epoch: chunk.epoch, now: clock.now(), random: random.next())
        let decision = SettlementDecision(actions: actions, orders: orders)
        var next = actions.next
        if !machine.state.phase.isFinal, decision.openOrdersLeft(of: orders) == 0 {
            machine.settle()
            next = .finish
        }
        let ended = EndedCall(
            call: recorded,
            outcome: record.outcome,
            status: record.status,
            response: record.response,
            volatileElements: record.volatileElements,
            latencyMicroseconds: record.latencyMicroseconds
        )
        let change = SubmissionChange(
            chunk: chunk,
            submission: submission,
            state: machine.state,
            endedCall: ended,
            begins: nil,
            sendBy: .zero,
            decision: decision,
            submissionReviews: actions.reviews,
            slowLaneFor: actions.slowLane(default: .seconds(5)),
            next: next
        )
        let outcome = try await store.record(change)
        logger.debug(
            "call ended",
            metadata: [
                "batch": "\(chunk.batch)", "submission": "\(submission)", "step": "\(step.rawValue)",
                "outcome": "\(record.outcome.word)", "phase": "\(machine.state.phase.rawValue)",
                "moves": "\(decision.moves.count)", "committed": "\(outcome != .stale)",
            ]
        )
    }
}

extension [SubmissionAction] {
    /// The call that the machine wants made now.
    var begun: SubmissionStep? {
        for case .perform(let step) in self { return step }
        return nil
    }

    /// What happens to the chunk when no call is made.
    var next: ChunkNext {
        for case .schedule(let step, let delay) in self { return .schedule(ChunkKind(step), after: delay) }
        precondition(contains(.finish), "the machine always says what comes next")
        return .finish
    }

    var reviews: [SubmissionChange.SubmissionReview] {
        compactMap { action in
            guard case .review(let cause, let code) = action else { return nil }
            return SubmissionChange.SubmissionReview(cause: cause, code: code)
        }
    }

    func slowLane(default pause: TimeSpan) -> TimeSpan? {
        for case .slowLane(let retryAfter) in self { return retryAfter ?? pause }
        return nil
    }
}

extension [SubmittedOrder] {
    /// The orders after these moves.
    func applying(_ moves: [OrderMove]) -> [SubmittedOrder] {
        guard !moves.isEmpty else { return self }
        let states = Dictionary(uniqueKeysWithValues: moves.map { ($0.line, $0.to) })
        return map { order in
            SubmittedOrder(
                line: order.line,
                item: order.item,
                state: states[order.line] ?? order.state,
                amountMinor: order.amountMinor,
                currency: order.currency,
                accountNumber: order.accountNumber
            )
        }
    }
}

extension CallOutcome {
    /// One word for logs.
    var word: String {
        switch self {
        case .notSent(let reason): "not_sent:\(reason)"
        case .unknown(let reason): "unknown:\(reason)"
        case .answered(let answer): "answered:\(answer.headerCode)"
        }
    }
}
