import PaymentCore
import Store
import StoreTesting
import Testing

struct `The store in memory` {
    private let store = InMemoryStore(clock: ManualClock())
    private let channel = ChannelName("bank-1")
    private let worker = WorkerIdentifier(String(repeating: "a", count: 32))
    private let specification = [UInt8](repeating: 1, count: 32)

    private func addFile(orders: Int32 = 2) -> BatchIdentifier {
        store.activateChannel(
            ChannelActivation(
                channel: channel,
                environmentClass: .test,
                specificationSHA256: specification,
                submitSlots: 2,
                querySlots: 2
            )
        )
        let lines = (1...orders).map { LineNumber($0) }
        let batch = store.addFile(
            businessDate: BusinessDate(daysSince1970: 20_605),
            direction: .withhold,
            orders: lines.map {
                OrderToSubmit(
                    line: $0,
                    amountMinor: 500,
                    currency: "CNY",
                    accountNumber: "1",
                    accountName: "A",
                    bankCode: nil,
                    purpose: "",
                    attempts: 0
                )
            }
        )
        store.addChunks([PlannedChunk(channel: channel, lines: lines)], batch: batch)
        return batch
    }

    private func claim() async throws -> ClaimedChunk? {
        try await store.claimChunks(
            ChunkClaim(
                worker: worker,
                lanes: [
                    LaneClaim(
                        channel: channel,
                        lane: .submit,
                        specificationSHA256: specification,
                        lease: .minutes(2),
                        limit: 1
                    )
                ]
            )
        ).first
    }

    private func intent(_ chunk: ClaimedChunk) async throws -> SubmissionIntent {
        let orders = try await store.ordersToSubmit(of: chunk, limit: 10)
        let state = SubmissionState(
            phase: .intended,
            sends: 1,
            sendsUnsent: 0,
            inFlight: InFlight(kind: .send, epoch: chunk.epoch, until: chunk.now.advanced(by: .minutes(1))),
            polls: 0,
            notFounds: 0,
            lastNotFoundAt: nil,
            firstSentAt: chunk.now,
            lastSendEndedAt: nil,
            everTaken: false
        )
        return SubmissionIntent(
            chunk: chunk,
            submission: chunk.nextSubmission,
            number: "N1",
            numberScope: "",
            scopeEndsAt: nil,
            tradeDate: chunk.businessDate,
            specificationSHA256: specification,
            envelope: Envelope(kind: .submit, method: "POST", path: "/", headers: [], body: []),
            envelopeSHA256: specification,
            orders: orders,
            currency: "CNY",
            amountMinor: Int64(orders.count) * 500,
            attempt: 1,
            state: state,
            sendBy: .seconds(20),
            remainingLines: []
        )
    }

    @Test(arguments: CommitFault.allCases)
    func `keeps or loses an intent as the planned fault says, and tells`(_ fault: CommitFault) async throws {
        let batch = addFile()
        let intent = try await intent(#require(try await claim()))
        store.plan(fault, for: .recordIntent)
        let error = await #expect(throws: StoreFault.self) { _ = try await store.recordIntent(intent) }
        #expect(error?.fault == fault && error?.operation == .recordIntent)
        let isCommitted = fault == .commitsThenUnknown
        #expect(store.orders(of: batch).map(\.state) == (isCommitted ? [.submitting, .submitting] : [.ready, .ready]))
        #expect(store.exchanges(of: batch).count == (isCommitted ? 1 : 0))
        #expect(store.chunks(of: batch).map(\.kind) == [isCommitted ? .query : .submit])
        #expect(store.moves(of: batch).count == (isCommitted ? 1 : 0))
        // The fault strikes once; what the caller finds then is the truth.
        let again = try await store.recordIntent(intent)
        #expect((again == .stale) == isCommitted)
        #expect(store.orders(of: batch).map(\.state) == [.submitting, .submitting])
    }

    @Test func `strikes only the operation that a fault is planned for`() async throws {
        let batch = addFile()
        store.plan(.failsBefore, for: .record)
        #expect(try await claim() != nil)
        #expect(store.chunks(of: batch).map(\.isLeased) == [true])
        #expect(store.slotsHeld(channel: channel, lane: .submit) == 1)
    }

    @Test(arguments: CommitFault.allCases)
    func `keeps or loses a claim as the planned fault says`(_ fault: CommitFault) async throws {
        let batch = addFile()
        store.plan(fault, for: .claimChunks)
        await #expect(throws: StoreFault.self) { _ = try await claim() }
        let isCommitted = fault == .commitsThenUnknown
        #expect(store.chunks(of: batch).map(\.isLeased) == [isCommitted])
        #expect(store.slotsHeld(channel: channel, lane: .submit) == (isCommitted ? 1 : 0))
        #expect(try await claim() == nil || !isCommitted)
    }

    @Test(arguments: CommitFault.allCases)
    func `keeps or loses a change as the planned fault says`(_ fault: CommitFault) async throws {
        let batch = addFile()
        let intent = try await intent(#require(try await claim()))
        guard case .recorded(let call) = try await store.recordIntent(intent) else {
            Issue.record("the intent is recorded")
            return
        }
        var state = intent.state
        (state.phase, state.inFlight) = (.settled, nil)
        var decision = SettlementDecision()
        decision.moves = intent.orders.map {
            OrderMove(line: $0.line, from: .submitting, to: .succeeded, cause: nil, code: "0")
        }
        let ended = EndedCall(
            call: call,
            outcome: .answered(ChannelAnswer(header: .taken, headerCode: "0", items: [])),
            status: 200,
            response: [],
            volatileElements: [:],
            latencyMicroseconds: 1
        )
        let change = SubmissionChange(
            chunk: intent.chunk,
            submission: intent.submission,
            state: state,
            endedCall: ended,
            begins: nil,
            sendBy: .seconds(20),
            specificationSHA256: intent.specificationSHA256,
            decision: decision,
            submissionReviews: [],
            slowLaneFor: nil,
            next: .finish
        )
        store.plan(fault, for: .record)
        await #expect(throws: StoreFault.self) { _ = try await store.record(change) }
        let isCommitted = fault == .commitsThenUnknown
        let key = try #require(store.submissions(of: batch).first)
        #expect(store.state(of: key) == (isCommitted ? state : intent.state))
        #expect((store.settledAt(of: key) != nil) == isCommitted)
        #expect(store.orders(of: batch).allSatisfy { ($0.state == .succeeded && $0.evidence == call) == isCommitted })
        #expect(store.chunks(of: batch).isEmpty == isCommitted)
        #expect(try await store.record(change) == (isCommitted ? .stale : .committed(nil)))
        #expect(store.exchanges(of: batch).map(\.isLate) == [false])
    }

    @Test func `refuses moves that no submission makes, and finals that no answer proves`() async throws {
        let batch = addFile()
        let intent = try await intent(#require(try await claim()))
        guard case .recorded(let call) = try await store.recordIntent(intent) else {
            Issue.record("the intent is recorded")
            return
        }
        var state = intent.state
        state.inFlight = nil
        let ended = EndedCall(
            call: call,
            outcome: .unknown("timeout"),
            status: nil,
            response: [],
            volatileElements: [:],
            latencyMicroseconds: 1
        )
        let line = LineNumber(1)
        let again = NextAttempt(after: .zero)
        for move in [
            OrderMove(line: line, from: .submitting, to: .ready, cause: .channel, code: "0", next: again),
            OrderMove(line: line, from: .submitting, to: .succeeded, cause: nil, code: "0"),
            OrderMove(line: line, from: .succeeded, to: .returned, cause: nil, code: "0"),
        ] {
            var decision = SettlementDecision()
            decision.moves = [move]
            let change = SubmissionChange(
                chunk: intent.chunk,
                submission: intent.submission,
                state: state,
                endedCall: ended,
                begins: nil,
                sendBy: .seconds(20),
                specificationSHA256: intent.specificationSHA256,
                decision: decision,
                submissionReviews: [],
                slowLaneFor: nil,
                next: .finish
            )
            let error = await #expect(throws: StoreRefusal.self) { _ = try await store.record(change) }
            let order = OrderKey(batch: batch, line: line, businessDate: intent.chunk.businessDate)
            #expect(
                error == (move.to == .returned ? .moveNotOfSubmission(order, to: .returned) : .evidenceMissing(order))
            )
        }
        #expect(store.orders(of: batch).map(\.state) == [.submitting, .submitting])
        #expect(store.exchanges(of: batch).map(\.outcome) == [nil])
    }

    @Test func `says when the next chunk comes up, and lists its files`() async throws {
        #expect(store.nextDueAt() == nil && store.batches().isEmpty)
        let batch = addFile()
        #expect(store.nextDueAt() == store.clock.now && store.batches() == [batch])
        #expect(try await claim() != nil)
        #expect(store.nextDueAt() == store.clock.now.advanced(by: .minutes(2)))
    }

    @Test func `says nothing personal in its errors`() {
        let key = SubmissionKey(
            batch: BatchIdentifier(7),
            number: SubmissionNumber(1_000),
            businessDate: BusinessDate(daysSince1970: 1)
        )
        #expect(
            StoreRefusal.numberTaken(key).description
                == "submission 7/1000: its channel number is taken in this scope; give it another one"
        )
        #expect(StoreFault(fault: .commitsThenUnknown, operation: .record).description.contains("send nothing"))
    }

    @Test func `has a clock that moves only when told`() {
        let clock = ManualClock(start: Timestamp(unixMicroseconds: 5))
        #expect(clock.now == Timestamp(unixMicroseconds: 5))
        clock.advance(by: .seconds(2))
        #expect(clock.now == Timestamp(unixMicroseconds: 2_000_005))
    }

    @Test func `traps when its clock is turned back`() async {
        await #expect(processExitsWith: .failure) { ManualClock().advance(by: TimeSpan(microseconds: -1)) }
    }
}
