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
    private let rerouting: Rerouting
    private let tally: WorkTally

    package init(
        store: any SubmissionStore,
        transport: any ChannelTransport,
        clock: any EngineClock,
        random: any RandomSource,
        specification: ChannelSpecification,
        configuration: EngineConfiguration,
        tally: WorkTally = WorkTally()
    ) {
        self.store = store
        rerouting = Rerouting(store: store, configuration: configuration)
        self.transport = transport
        self.clock = clock
        self.random = random
        self.specification = specification
        self.tally = tally
    }

    /// Takes a submission's chunk one step further: the call that is due, or a later time for it.
    package func advance(_ chunk: ClaimedChunk, logger: Logger) async throws {
        // Taken before the database's clock is read: by this clock a first byte leaves no later than the database
        // holds.
        let boot = clock.bootNanoseconds()
        let loaded = try await store.loadSubmission(of: chunk)
        let policy = specification.policy(for: chunk.direction)
        var machine = SubmissionMachine(
            state: loaded.state,
            policy: policy,
            scopeEndsAt: loaded.scopeEndsAt,
            areOrdersOpen: loaded.orders.allSatisfy { !$0.state.isFinal }
        )
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
            specificationSHA256: specification.sha256,
            decision: decision,
            submissionReviews: actions.reviews,
            slowLaneFor: nil,
            next: step == nil ? actions.next : .keep
        )
        let outcome = try await store.record(change)
        guard let step else { return }
        let orders = loaded.orders.applying(decision.moves)
        switch outcome {
        case .stale, .committed(nil): return
        case .committedUnsure(let recorded):
            let begun = BegunCall(
                step: step,
                recorded: recorded,
                chunk: chunk,
                submission: loaded.key.number,
                machine: machine,
                orders: orders
            )
            try await conclude(begun, .commitUnknown, logger: logger)
        case .committed(let recorded?):
            let envelope =
                step == .send
                ? loaded.envelope
                : specification.codec.queryEnvelope(number: loaded.number, tradeDate: loaded.tradeDate)
            let begun = BegunCall(
                step: step,
                recorded: recorded,
                chunk: chunk,
                submission: loaded.key.number,
                machine: machine,
                orders: orders
            )
            FaultPlan.pass(.callCommitted)
            try await call(begun, envelope: envelope, sendBy: boot, logger: logger)
        }
    }

    /// Makes a call whose record is committed, and commits what became of it.
    func call(_ begun: BegunCall, envelope: Envelope, sendBy boot: Int64, logger: Logger) async throws {
        let call = ChannelCall(
            channel: begun.chunk.channel,
            envelope: envelope,
            sendByNanoseconds: boot + begun.machine.policy.deadlines.sendBy.microseconds * 1_000
        )
        let record = await transport.call(call)
        FaultPlan.pass(.callEnded)
        tally.add(begun.step == .send ? .sends : .queries)
        try await conclude(begun, record, logger: logger)
    }

    /// Commits what became of a call, or that it was never made.
    func conclude(_ begun: BegunCall, _ record: CallRecord, logger: Logger) async throws {
        let chunk = begun.chunk
        var machine = begun.machine
        let event: SubmissionEvent =
            begun.step == .send ? .sendEnded(record.outcome) : .queryEnded(record.outcome)
        let actions = machine.handle(event, epoch: chunk.epoch, now: clock.now(), random: random.next())
        var decision = SettlementDecision(actions: actions, orders: begun.orders)
        try await rerouting.apply(to: &decision, orders: begun.orders, chunk: chunk)
        var next = actions.next
        if !machine.state.phase.isFinal, decision.openOrdersLeft(of: begun.orders) == 0 {
            machine.settle()
            next = .finish
        }
        let change = SubmissionChange(
            chunk: chunk,
            submission: begun.submission,
            state: machine.state,
            endedCall: EndedCall(
                call: begun.recorded,
                outcome: record.outcome,
                status: record.status,
                response: record.response,
                volatileElements: record.volatileElements,
                latencyMicroseconds: record.latencyMicroseconds
            ),
            begins: nil,
            sendBy: .zero,
            specificationSHA256: specification.sha256,
            decision: decision,
            submissionReviews: actions.reviews,
            slowLaneFor: actions.slowLane(default: .seconds(5)),
            lateActions: actions,
            next: next
        )
        let outcome = try await store.record(change)
        FaultPlan.pass(.outcomeRecorded)
        if outcome != .stale { tally.add(.ordersDecided, decision.moves.count { $0.to.isFinal }) }
        logger.debug(
            "call ended",
            metadata: [
                "batch": "\(chunk.batch)", "submission": "\(begun.submission)", "step": "\(begun.step.rawValue)",
                "outcome": "\(record.outcome.word)", "phase": "\(machine.state.phase.rawValue)",
                "moves": "\(decision.moves.count)", "committed": "\(outcome != .stale)",
            ]
        )
    }
}

/// A call whose record is committed, with all that is needed to conclude it.
struct BegunCall: Sendable {
    let step: SubmissionStep
    let recorded: RecordedCall
    let chunk: ClaimedChunk
    let submission: SubmissionNumber
    /// As it was when the call was recorded.
    let machine: SubmissionMachine
    let orders: [SubmittedOrder]
}

extension CallRecord {
    /// The record of the call is committed, but that was learned too late to make it: nothing left (R1, R4).
    static var commitUnknown: CallRecord {
        CallRecord(
            outcome: .notSent("commit_unknown"),
            status: nil,
            response: [],
            volatileElements: [:],
            latencyMicroseconds: 0
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
