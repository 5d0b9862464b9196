import PaymentCore
import Store
import StoreTesting

/// A store with one defect, to see that the contract notices it.
struct SpoiledStore: SubmissionStore {
    enum Defect: String, CaseIterable, Sendable {
        case claimsWhilePaused
        case hidesStaleIntent
        case hidesStaleChange
        case forgetsInFlight
        case losesVolatileElements
        case losesRemainingLines
        case swallowsTakenNumber
        case dropsAlarms
        case dropsReviews
        case finishesInsteadOfScheduling
        case losesLateCalls
        case ignoresSlowDown
        case servesOneLaneOnly
        case forgetsStarts
        case mistakesFailures
        case swapsItems
        case forgetsContradictions
        case failsInsteadOfTryingAgain

        var caseThatMustCatchIt: String {
            switch self {
            case .claimsWhilePaused: "nothing is claimed from a paused channel, on either lane"
            case .hidesStaleIntent: "an intent is recorded once: the second is stale"
            case .hidesStaleChange: "a stale change without an ended call writes nothing"
            case .forgetsInFlight: "a change that begins a call records it, and keeps lease and slot"
            case .losesVolatileElements: "an ended call is kept as it was seen"
            case .losesRemainingLines: "lines that wait get a submit chunk of their own, due at once"
            case .swallowsTakenNumber: "a channel number is given once in its scope"
            case .dropsAlarms: "an alarm is counted, not repeated"
            case .dropsReviews: "a review item is opened once a cause and subject"
            case .finishesInsteadOfScheduling:
                "a change that schedules frees lease and slot, and the chunk comes up on its lane"
            case .losesLateCalls: "a change of an earlier lease is stale, and its ended call is kept as late"
            case .ignoresSlowDown: "a slowed lane hands out nothing until its time is over; the other lane goes on"
            case .forgetsContradictions: "a contradicted order is submitted no more"
            case .failsInsteadOfTryingAgain: "an ended attempt is filed, and its order waits for planning"
            case .servesOneLaneOnly: "one claim serves several lanes, each by its own limit and slots"
            case .forgetsStarts: "a lane's rate gives each chunk a start of its own, across claims"
            case .mistakesFailures: "failed calls in a row open a lane's breaker, once, with one alarm"
            case .swapsItems: "an intent commits submission, orders, send and chunk together"
            }
        }
    }

    let inner: InMemoryStore
    let defect: Defect

    func claimChunks(_ claim: ChunkClaim) async throws -> [ClaimedChunk] {
        var claim = claim
        if defect == .claimsWhilePaused {
            for lane in claim.lanes { inner.setPaused(false, channel: lane.channel) }
        }
        if defect == .servesOneLaneOnly {
            claim = ChunkClaim(worker: claim.worker, lanes: Array(claim.lanes.prefix(1)))
        }
        let chunks = try await inner.claimChunks(claim)
        return defect == .forgetsStarts ? chunks.map(Self.startingNow) : chunks
    }

    private static func startingNow(_ chunk: ClaimedChunk) -> ClaimedChunk {
        ClaimedChunk(
            chunkIdentifier: chunk.chunkIdentifier,
            batch: chunk.batch,
            businessDate: chunk.businessDate,
            chunkNumber: chunk.chunkNumber,
            direction: chunk.direction,
            channel: chunk.channel,
            kind: chunk.kind,
            lines: chunk.lines,
            submissionsCut: chunk.submissionsCut,
            submission: chunk.submission,
            worker: chunk.worker,
            epoch: chunk.epoch,
            now: chunk.now
        )
    }

    func ordersToSubmit(of chunk: ClaimedChunk, limit: Int) async throws -> [OrderToSubmit] {
        try await inner.ordersToSubmit(of: chunk, limit: limit)
    }

    func texts(
        of lines: [LineNumber],
        batch: BatchIdentifier,
        businessDate: BusinessDate
    ) async throws -> [OrderTexts] {
        try await inner.texts(of: lines, batch: batch, businessDate: businessDate)
    }

    func recordIntent(_ intent: SubmissionIntent) async throws -> IntentOutcome {
        var intent = intent
        if defect == .losesRemainingLines { intent.remainingLines = [] }
        if defect == .swapsItems { intent.orders.reverse() }
        do {
            let outcome = try await inner.recordIntent(intent)
            guard defect == .hidesStaleIntent, outcome == .stale else { return outcome }
        } catch {
            guard defect == .swallowsTakenNumber else { throw error }
        }
        return .recorded(RecordedCall(ordinal: 1, day: intent.tradeDate))
    }

    func loadSubmission(of chunk: ClaimedChunk) async throws -> LoadedSubmission {
        let loaded = try await inner.loadSubmission(of: chunk)
        guard defect == .forgetsInFlight else { return loaded }
        var state = loaded.state
        state.inFlight = nil
        return LoadedSubmission(
            key: loaded.key,
            number: loaded.number,
            tradeDate: loaded.tradeDate,
            scopeEndsAt: loaded.scopeEndsAt,
            state: state,
            envelope: loaded.envelope,
            orders: loaded.orders,
            now: loaded.now
        )
    }

    func record(_ change: SubmissionChange) async throws -> ChangeOutcome {
        var change = change
        switch defect {
        case .losesVolatileElements:
            change.endedCall = change.endedCall.map {
                EndedCall(
                    call: $0.call,
                    outcome: $0.outcome,
                    status: $0.status,
                    response: $0.response,
                    volatileElements: [:],
                    latencyMicroseconds: $0.latencyMicroseconds
                )
            }
        case .failsInsteadOfTryingAgain:
            guard case .answered? = change.endedCall?.outcome else { break }
            change.decision.moves = change.decision.moves.map {
                $0.to == .ready
                    ? OrderMove(line: $0.line, from: $0.from, to: .failed, cause: $0.cause, code: $0.code) : $0
            }
        case .forgetsContradictions: change.lateActions = []
        case .dropsAlarms: change.decision.alarms = []
        case .dropsReviews: (change.decision.reviews, change.submissionReviews) = ([], [])
        case .ignoresSlowDown: change.slowLaneFor = nil
        case .mistakesFailures:
            change.endedCall = change.endedCall.map {
                EndedCall(
                    call: $0.call,
                    outcome: .answered(ChannelAnswer(header: .processing, headerCode: "0", items: [])),
                    status: $0.status,
                    response: $0.response,
                    volatileElements: $0.volatileElements,
                    latencyMicroseconds: $0.latencyMicroseconds
                )
            }
        case .finishesInsteadOfScheduling: if change.begins == nil { change.next = .finish }
        case .losesLateCalls:
            let isHeld = inner.chunks(of: change.chunk.batch).contains {
                $0.chunkIdentifier == change.chunk.chunkIdentifier && $0.epoch == change.chunk.epoch
            }
            if !isHeld { return .stale }
        default: break
        }
        let outcome = try await inner.record(change)
        return defect == .hidesStaleChange && outcome == .stale ? .committed(nil) : outcome
    }

    func removeLines(_ lines: [LineNumber], from chunk: ClaimedChunk, reviewCode: String?) async throws {
        try await inner.removeLines(lines, from: chunk, reviewCode: reviewCode)
    }

    func attemptHistory(of chunk: ClaimedChunk, lines: [LineNumber]) async throws -> AttemptHistory {
        try await inner.attemptHistory(of: chunk, lines: lines)
    }

    func releaseChunk(_ chunk: ClaimedChunk, next: ChunkNext) async throws {
        try await inner.releaseChunk(chunk, next: next)
    }
}
