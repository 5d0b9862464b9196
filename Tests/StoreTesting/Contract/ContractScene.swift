package import PaymentCore
import Store

/// The tools of a contract case: set-up with known values, the usual steps, and claims about what the store holds.
package struct ContractScene: Sendable {
    let harness: any ContractHarness
    let caseName: String

    var store: any SubmissionStore { harness.store }

    init(harness: any ContractHarness, caseName: String) {
        self.harness = harness
        self.caseName = caseName
    }

    // MARK: Known values

    /// Minor units of CNY: different for each line, so that a sum tells which lines are in it.
    package static func amountMinor(of line: LineNumber) -> Int64 { 10_000 + Int64(line.value) }

    package static func accountNumber(of line: LineNumber) -> String { "62220000000000" + String(1_000 + line.value) }

    static let specification = [UInt8](repeating: 0x51, count: 32)
    static let otherSpecification = [UInt8](repeating: 0x52, count: 32)
    static let anna = WorkerIdentifier(String(repeating: "a", count: 32))
    static let bert = WorkerIdentifier(String(repeating: "b", count: 32))

    /// Send-by after 1 minute, in flight for 4, leased for 10: far apart, so that a slow test machine changes nothing.
    static let sendBy = TimeSpan.minutes(1)
    static let flight = TimeSpan.minutes(4)
    static let lease = TimeSpan.minutes(10)

    static func lines(_ range: ClosedRange<Int32>) -> [LineNumber] { range.map { LineNumber($0) } }

    // MARK: Set-up

    /// A channel and a file whose orders are planned into chunks of the given sizes.
    func stage(
        chunkSizes: [Int32] = [3],
        submitSlots: Int = 4,
        querySlots: Int = 4,
        interval: TimeSpan = .zero,
        breaker: LaneRules.Breaker = LaneRules.Breaker(failures: 100)
    ) async throws -> Stage {
        let channel = try await harness.makeChannel(
            specificationSHA256: Self.specification,
            submitSlots: submitSlots,
            querySlots: querySlots,
            interval: interval,
            breaker: breaker
        )
        return try await stage(chunkSizes: chunkSizes, channel: channel)
    }

    /// Another file for a channel.
    func stage(chunkSizes: [Int32], channel: ChannelName) async throws -> Stage {
        var next: Int32 = 1
        var chunks: [PlannedChunk] = []
        for size in chunkSizes {
            chunks.append(PlannedChunk(channel: channel, lines: Self.lines(next...next + size - 1)))
            next += size
        }
        return Stage(channel: channel, file: try await harness.seedFile(orders: next - 1, chunks: chunks))
    }

    struct Stage {
        let channel: ChannelName
        let file: SeededFile
    }

    /// All that a refused operation must leave as it was.
    struct Snapshot: Equatable {
        var orders: [StoredOrder]
        var exchanges: [StoredExchange]
        var chunks: [StoredChunk]
        var reviews: [StoredReview]
        var moves: Set<StoredMoves>
        var alarms: [StoredAlarm]
        var submitSlotsHeld: Int
        var querySlotsHeld: Int
    }

    func snapshot(_ stage: Stage) async throws -> Snapshot {
        Snapshot(
            orders: try await harness.orders(of: stage.file),
            exchanges: try await harness.exchanges(of: stage.file),
            chunks: try await harness.chunks(of: stage.file),
            reviews: try await harness.reviews(of: stage.file).sorted { "\($0)" < "\($1)" },
            moves: Set(try await harness.moves(of: stage.file)),
            alarms: try await harness.alarms(of: stage.channel).sorted { "\($0)" < "\($1)" },
            submitSlotsHeld: try await harness.slotsHeld(channel: stage.channel, lane: .submit),
            querySlotsHeld: try await harness.slotsHeld(channel: stage.channel, lane: .query)
        )
    }

    // MARK: Steps

    /// Cancels an order that can still be cancelled.
    func cancel(_ line: Int32, _ stage: Stage) async throws {
        try expect(try await harness.cancelOrder(LineNumber(line), file: stage.file), "line \(line) is cancelled")
    }

    func claim(
        _ stage: Stage,
        _ lane: Lane = .submit,
        limit: Int = 10,
        worker: WorkerIdentifier = anna,
        lease: TimeSpan = lease,
        specification: [UInt8] = specification
    ) async throws -> [ClaimedChunk] {
        try await store.claimChunks(
            ChunkClaim(
                worker: worker,
                lanes: [
                    LaneClaim(
                        channel: stage.channel,
                        lane: lane,
                        specificationSHA256: specification,
                        lease: lease,
                        limit: limit
                    )
                ]
            )
        )
    }

    /// Claims where exactly one chunk must come.
    func claimOne(
        _ stage: Stage,
        _ lane: Lane = .submit,
        worker: WorkerIdentifier = anna,
        lease: TimeSpan = lease
    ) async throws -> ClaimedChunk {
        let claimed = try await claim(stage, lane, limit: 1, worker: worker, lease: lease)
        guard let chunk = claimed.first, claimed.count == 1 else {
            throw failure("one chunk of the \(lane.rawValue) lane should be claimed, not \(claimed.count)")
        }
        return chunk
    }

    /// The intent for the chunk's first ready orders; its other ready orders wait.
    func intent(
        for chunk: ClaimedChunk,
        orders limit: Int = 1_000,
        number: String? = nil,
        scope: String = "for ever",
        flight: TimeSpan = flight
    ) async throws -> SubmissionIntent {
        let ready = try await store.ordersToSubmit(of: chunk, limit: 1_000)
        let orders = Array(ready.prefix(limit))
        let submission = chunk.nextSubmission
        let envelope = Envelope(
            kind: .submit,
            method: "POST",
            path: "/pay",
            headers: [Envelope.Header(name: "X-Batch", value: "\(chunk.batch)-\(submission)")],
            body: Array("submission \(chunk.batch)-\(submission)".utf8)
        )
        return SubmissionIntent(
            chunk: chunk,
            submission: submission,
            number: number ?? "N\(chunk.batch)-\(submission)",
            numberScope: scope,
            scopeEndsAt: nil,
            tradeDate: chunk.businessDate,
            specificationSHA256: Self.specification,
            envelope: envelope,
            envelopeSHA256: harness.envelopeSHA256(envelope.serialized),
            orders: orders,
            currency: "CNY",
            amountMinor: orders.reduce(0) { $0 + $1.amountMinor },
            attempt: 1,
            state: SubmissionState(
                phase: .intended,
                sends: 1,
                sendsUnsent: 0,
                inFlight: InFlight(kind: .send, epoch: chunk.epoch, until: chunk.now.advanced(by: flight)),
                polls: 0,
                notFounds: 0,
                lastNotFoundAt: nil,
                firstSentAt: chunk.now,
                lastSendEndedAt: nil,
                everTaken: false
            ),
            sendBy: Self.sendBy,
            remainingLines: ready.dropFirst(limit).map(\.line)
        )
    }

    /// Records an intent that must be recorded.
    func record(_ intent: SubmissionIntent) async throws -> RecordedCall {
        let outcome = try await store.recordIntent(intent)
        guard case .recorded(let call) = outcome else { throw failure("the intent should be recorded, not \(outcome)") }
        return call
    }

    /// A submission whose first send is under way.
    struct UnderWay {
        let stage: Stage
        let chunk: ClaimedChunk
        let intent: SubmissionIntent
        let call: RecordedCall
    }

    func underWay(chunkSizes: [Int32] = [3], submitSlots: Int = 4, lease: TimeSpan = lease) async throws -> UnderWay {
        let stage = try await stage(chunkSizes: chunkSizes, submitSlots: submitSlots)
        let chunk = try await claimOne(stage, lease: lease)
        let intent = try await intent(for: chunk)
        return UnderWay(stage: stage, chunk: chunk, intent: intent, call: try await record(intent))
    }

    /// A change that lets nothing be in flight, unless told.
    func change(
        _ chunk: ClaimedChunk,
        of intent: SubmissionIntent,
        state: SubmissionState? = nil,
        ended: EndedCall? = nil,
        begins: SubmissionStep? = nil,
        decision: SettlementDecision = SettlementDecision(),
        reviews: [SubmissionChange.SubmissionReview] = [],
        slowLaneFor: TimeSpan? = nil,
        next: ChunkNext = .schedule(.query, after: .minutes(30))
    ) -> SubmissionChange {
        var settled = state ?? intent.state
        if let begins {
            settled.inFlight = InFlight(
                kind: begins == .send ? .send : .query,
                epoch: chunk.epoch,
                until: chunk.now.advanced(by: Self.flight)
            )
            if begins == .send { settled.sends += 1 }
        } else if state == nil {
            settled.inFlight = nil
        }
        return SubmissionChange(
            chunk: chunk,
            submission: intent.submission,
            state: settled,
            endedCall: ended,
            begins: begins,
            sendBy: Self.sendBy,
            specificationSHA256: Self.specification,
            decision: decision,
            submissionReviews: reviews,
            slowLaneFor: slowLaneFor,
            next: begins == nil ? next : .keep
        )
    }

    /// Records a change that must be committed; answers the call that begins, if one does.
    @discardableResult
    func record(_ change: SubmissionChange) async throws -> RecordedCall? {
        let outcome = try await store.record(change)
        guard case .committed(let call) = outcome else {
            throw failure("the change should be committed, not \(outcome)")
        }
        try expectEqual(call != nil, change.begins != nil, "a call is recorded if one begins, and only then")
        return call
    }

    /// A call that was answered with this header code.
    func answered(_ call: RecordedCall, code: String = "0000", header: HeaderMeaning = .processing) -> EndedCall {
        EndedCall(
            call: call,
            outcome: .answered(ChannelAnswer(header: header, headerCode: code, items: [])),
            status: 200,
            response: Array("answer \(code)".utf8),
            volatileElements: ["X-Timestamp": "1780275600"],
            latencyMicroseconds: 1_500
        )
    }

    /// A call that the channel did not answer.
    func unanswered(_ call: RecordedCall, _ outcome: CallOutcome = .unknown("timeout")) -> EndedCall {
        EndedCall(
            call: call,
            outcome: outcome,
            status: nil,
            response: [],
            volatileElements: [:],
            latencyMicroseconds: 1_500
        )
    }

    func decision(_ moves: OrderMove...) -> SettlementDecision {
        var decision = SettlementDecision()
        decision.moves = moves
        return decision
    }

    func move(
        _ line: Int32,
        _ from: OrderState,
        _ to: OrderState,
        cause: FailureCause? = nil,
        code: String = "0000"
    )
        -> OrderMove
    {
        OrderMove(line: LineNumber(line), from: from, to: to, cause: cause, code: code)
    }

    // MARK: Claims

    func failure(_ what: String) -> ContractFailure { ContractFailure(caseName: caseName, what: what) }

    func expect(_ condition: Bool, _ what: String) throws {
        if !condition { throw failure(what) }
    }

    func expectEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ what: String) throws {
        if found != expected { throw failure("\(what): expected \(expected), found \(found)") }
    }

    /// The operation must throw, and leave everything as it was.
    func expectRefused(_ stage: Stage, _ what: String, _ operation: () async throws -> Void) async throws {
        let before = try await snapshot(stage)
        do {
            try await operation()
        } catch {
            try expectEqual(try await snapshot(stage), before, "nothing is written when refused: \(what)")
            return
        }
        throw failure("an error should refuse it: \(what)")
    }

    func states(_ stage: Stage) async throws -> [OrderState] { try await harness.orders(of: stage.file).map(\.state) }

    /// The submission's row, read under the chunk that is its own by now.
    func load(_ chunk: ClaimedChunk, _ submission: SubmissionNumber) async throws -> LoadedSubmission {
        try await store.loadSubmission(
            of: ClaimedChunk(
                chunkIdentifier: chunk.chunkIdentifier,
                batch: chunk.batch,
                businessDate: chunk.businessDate,
                chunkNumber: chunk.chunkNumber,
                direction: chunk.direction,
                channel: chunk.channel,
                kind: .query,
                lines: [],
                submissionsCut: chunk.submissionsCut,
                submission: submission,
                worker: chunk.worker,
                epoch: chunk.epoch,
                now: chunk.now
            )
        )
    }
}
