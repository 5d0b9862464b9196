import Cryptography
import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Testing

/// Files at each place where something waits for a person, made through the store as the engine makes them.
final class DecisionScene: Sendable {
    static let specification = [UInt8](repeating: 0x51, count: 32)
    static let worker = WorkerIdentifier("decision-worker")

    let harness: PostgresHarness
    let channel: ChannelName
    /// Anna and Bert.
    let people: TwoPeople

    var database: TestDatabase { harness.database }
    var store: SQLStore { harness.database.store }

    private init(harness: PostgresHarness, channel: ChannelName, people: TwoPeople) {
        self.harness = harness
        self.channel = channel
        self.people = people
    }

    static func make() async throws -> DecisionScene {
        let harness = try await PostgresHarness.make()
        let channel = try await harness.makeChannel(specificationSHA256: specification, submitSlots: 50, querySlots: 50)
        return DecisionScene(harness: harness, channel: channel, people: try await harness.database.twoPeople())
    }

    func close() async { await harness.close() }

    /// Has a decision taken by as many people as it takes.
    @discardableResult
    func decide(_ decision: RequestedDecision) async throws -> ProposalEffect {
        try await store.decide(decision, by: people)
    }

    /// Cancels as Anna; `isDry` only looks.
    func cancel(_ cancellation: RequestedCancellation, isDry: Bool = false) async throws -> CancelledOrders {
        try await store.cancelOrders(cancellation, by: people.maker, isDry: isDry)
    }

    // MARK: Files

    /// A file as pass 1 leaves it.
    func verified(
        accepting amountMinor: Int64? = nil,
        currency: Currency = .cny,
        orders: Int32 = 2,
        ceilings: AmountCeilings = AmountCeilings(),
        date: BusinessDate? = nil,
        isHeld: Bool = false
    ) async throws -> ClaimedBatchFile {
        let file = try await pending(date: date)
        let sum = amountMinor.map { Int128($0) } ?? Self.sum(orders)
        guard
            try await record(
                file,
                accepted: [currency: Tally(count: Int64(orders), amountMinor: sum)],
                ceilings,
                isHeld
            )
        else { throw TestFailure("the verdict is not recorded") }
        return file
    }

    /// A file that intake has claimed.
    func pending(date: BusinessDate? = nil) async throws -> ClaimedBatchFile {
        let content = SecureRandom.bytes(16)
        _ = try await store.submitBatchFile(
            BatchFileToSubmit(
                merchant: TestDatabase.merchant,
                direction: .payout,
                format: "test",
                fileName: "f.csv",
                environment: "test",
                businessDate: date,
                contentSHA256: SHA256.hash(content),
                contentBytes: Int64(content.count),
                partCount: 1
            )
        ) { _ in content }
        guard let file = try await store.claimBatchFile(for: .intake, worker: Self.worker, lease: .minutes(5)) else {
            throw TestFailure("the file is not claimed")
        }
        _ = try await store.takePart(1, of: file)
        return file
    }

    func record(
        _ file: ClaimedBatchFile,
        accepted: [Currency: Tally],
        _ ceilings: AmountCeilings,
        _ isHeld: Bool = false,
        judgedBy: [UInt8]? = nil
    ) async throws -> Bool {
        let records = accepted.values.reduce(0) { $0 + $1.count }
        let note = VerdictNote(code: "too_many_bad_records", line: 0, what: "many", mend: "look")
        return try await store.recordVerdict(
            isHeld
                ? .hold(note, recordCount: records, amountUnreadable: 0, accepted: accepted)
                : .load(recordCount: records, amountUnreadable: 0, accepted: accepted),
            judgedBy: judgedBy,
            of: file,
            ceilings: ceilings,
            duplicates: DuplicateRules(sameName: .off)
        )
    }

    /// Takes a verified file through pass 2 and planning.
    func load(
        _ file: ClaimedBatchFile,
        orders: Int32 = 2,
        chunks: [PlannedChunk] = [],
        unroutable: [Int32] = []
    ) async throws -> SeededFile {
        var slice = LoadSlice(upTo: orders)
        for line in (1...orders).map(LineNumber.init) {
            slice.appendOrder(
                line,
                number: "N\(file.id)-\(line)",
                amountMinor: ContractScene.amountMinor(of: line),
                account: ContractScene.accountNumber(of: line),
                name: "Payee \(line)"
            )
        }
        _ = try await store.load(slice, of: file)
        _ = try await store.finishLoading(file)
        guard let split = try await store.claimBatchFile(for: .planning, worker: Self.worker, lease: .minutes(5)),
            try await store.recordPlan(chunks, unroutable: unroutable.map(LineNumber.init), of: split)
        else { throw TestFailure("the file is not planned") }
        return SeededFile(batch: file.id, businessDate: file.businessDate)
    }

    /// Loaded above the ceiling of a file.
    func heldFile(orders: Int32 = 2) async throws -> SeededFile {
        let ceilings = AmountCeilings(file: [.cny: 1])
        return try await load(try await verified(orders: orders, ceilings: ceilings), orders: orders)
    }

    /// Loaded and planned, with a warning about the whole file.
    func warned(of cause: ReviewCause) async throws -> SeededFile {
        let chunk = PlannedChunk(channel: channel, lines: [LineNumber(1), LineNumber(2)])
        let file = try await load(try await verified(), chunks: [chunk])
        try await database.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date)
            SELECT $2::text || '/' || batch_id, $2, 'seen', batch_id, business_date FROM sluice.batch_file
            WHERE batch_id = $1
            """,
            [.int64(file.batch.value), .text(cause.rawValue)]
        )
        return file
    }

    // MARK: Submissions

    /// A submission whose first send is under way.
    struct Sent {
        let file: SeededFile
        let chunk: ClaimedChunk
        let intent: SubmissionIntent
        let call: RecordedCall

        var lines: [LineNumber] { intent.orders.map(\.line) }
    }

    func send(orders: Int32 = 2) async throws -> Sent {
        let lines = (1...orders).map(LineNumber.init)
        let file = try await load(
            try await verified(orders: orders),
            orders: orders,
            chunks: [PlannedChunk(channel: channel, lines: lines)]
        )
        let chunk = try await claim(.submit)
        let intent = try await intent(for: chunk)
        guard case .recorded(let call) = try await store.recordIntent(intent) else {
            throw TestFailure("the intent is not recorded")
        }
        return Sent(file: file, chunk: chunk, intent: intent, call: call)
    }

    func claim(_ lane: Lane) async throws -> ClaimedChunk {
        let claimed = try await store.claimChunks(
            ChunkClaim(
                worker: Self.worker,
                lanes: [
                    LaneClaim(
                        channel: channel,
                        lane: lane,
                        specificationSHA256: Self.specification,
                        lease: .minutes(10),
                        limit: 1
                    )
                ]
            )
        )
        guard let chunk = claimed.first else { throw TestFailure("no chunk of the \(lane.rawValue) lane is due") }
        return chunk
    }

    func intent(for chunk: ClaimedChunk) async throws -> SubmissionIntent {
        let orders = try await store.ordersToSubmit(of: chunk, limit: 1_000)
        let envelope = Envelope(kind: .submit, method: "POST", path: "/pay", headers: [], body: [1])
        return SubmissionIntent(
            chunk: chunk,
            submission: chunk.nextSubmission,
            number: "N\(chunk.batch)-\(chunk.nextSubmission)",
            numberScope: "*",
            scopeEndsAt: nil,
            tradeDate: chunk.businessDate,
            specificationSHA256: Self.specification,
            envelope: envelope,
            envelopeSHA256: SHA256.hash(envelope.serialized),
            orders: orders,
            currency: "CNY",
            amountMinor: orders.reduce(0) { $0 + $1.amountMinor },
            attempt: 1,
            state: SubmissionState(
                phase: .intended,
                sends: 1,
                sendsUnsent: 0,
                inFlight: InFlight(kind: .send, epoch: chunk.epoch, until: chunk.now.advanced(by: .minutes(4))),
                polls: 0,
                notFounds: 0,
                lastNotFoundAt: nil,
                firstSentAt: chunk.now,
                lastSendEndedAt: nil,
                everTaken: false
            ),
            sendBy: .minutes(1),
            remainingLines: []
        )
    }

    /// The end of the send: all of its orders move, and a person must look, unless `cause` is nil.
    func end(
        _ sent: Sent,
        to state: OrderState = .unknown,
        cause: ReviewCause? = nil,
        lateActions: [SubmissionAction] = [],
        next: ChunkNext = .finish
    ) async throws -> ChangeOutcome {
        var after = sent.intent.state
        after.phase = state.isFinal ? .settled : .unknown
        after.inFlight = nil
        after.polls = 20
        var decision = SettlementDecision()
        decision.moves = sent.lines.map {
            OrderMove(line: $0, from: .submitting, to: state, cause: nil, code: "0000")
        }
        let answer = ChannelAnswer(header: .found, headerCode: "0000", items: [])
        return try await store.record(
            SubmissionChange(
                chunk: sent.chunk,
                submission: sent.intent.submission,
                state: after,
                endedCall: EndedCall(
                    call: sent.call,
                    outcome: state.isFinal ? .answered(answer) : .unknown("timeout"),
                    status: nil,
                    response: [],
                    volatileElements: [:],
                    latencyMicroseconds: 1
                ),
                begins: nil,
                sendBy: .zero,
                specificationSHA256: [],
                decision: decision,
                submissionReviews: cause.map { [SubmissionChange.SubmissionReview(cause: $0, code: "seen")] } ?? [],
                slowLaneFor: nil,
                lateActions: lateActions,
                next: next
            )
        )
    }

    // MARK: Review

    /// An item as the engine would open it for one order.
    func open(_ cause: ReviewCause, line: Int32, file: SeededFile, submission: SubmissionNumber? = nil) async throws {
        try await database.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no, submission_no)
            SELECT $1 || '/' || batch_id, $1, 'seen', batch_id, business_date, $3, $4 FROM sluice.batch_file
            WHERE batch_id = $2
            """,
            [
                .text(cause.rawValue), .int64(file.batch.value), .int32(line),
                submission.map { .int32($0.value) } ?? .null,
            ]
        )
    }

    /// The incident of a cause that is open about a file.
    func incident(_ cause: ReviewCause, of batch: BatchIdentifier) async throws -> String {
        try await database.text(
            "SELECT min(incident) FROM sluice.review_item WHERE batch_id = $1 AND cause = $2 AND closed_at IS NULL",
            [.int64(batch.value), .text(cause.rawValue)]
        )
    }

    /// What names the review of one file alone: submissions of a channel and day are one incident.
    func target(_ cause: ReviewCause, of batch: BatchIdentifier) async throws -> String {
        switch cause {
        case .pollsExhausted, .notFound, .duplicateOtherContent:
            try await database.text(
                "SELECT item_id::text FROM sluice.review_item WHERE batch_id = $1 AND closed_at IS NULL",
                [.int64(batch.value)]
            )
        default: try await incident(cause, of: batch)
        }
    }

    static func sum(_ orders: Int32) -> Int128 {
        (1...orders).reduce(0) { $0 + Int128(ContractScene.amountMinor(of: LineNumber($1))) }
    }

    func states(of file: SeededFile) async throws -> [OrderState] { try await harness.orders(of: file).map(\.state) }

    /// Every table that a refused decision must leave as it was.
    func fingerprint() async throws -> String {
        let tables = [
            "batch_file", "batch_file_sum", "payment_order", "submission", "exchange", "work_chunk", "channel_slot",
            "review_item", "review_decision", "order_to_plan", "order_number_registry", "outbox",
        ]
        let hashes = tables.map {
            "(SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM sluice.\($0) t)"
        }
        return try await database.text("SELECT concat_ws(' ', \(hashes.joined(separator: ", ")))")
    }

    func expectNoBreach(_ place: SourceLocation = #_sourceLocation) async throws {
        let found = try await breaches()
        #expect(found.isEmpty, "\(found)", sourceLocation: place)
    }

    /// What does not hold of all that always holds.
    func breaches() async throws -> [String] {
        var found: [String] = []
        for invariant in Invariant.allCases {
            let finding = try await store.check(invariant)
            if !finding.holds { found.append("\(invariant.rawValue): \(finding.examples)") }
        }
        return found
    }
}
