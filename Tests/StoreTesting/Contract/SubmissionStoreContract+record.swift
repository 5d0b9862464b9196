import PaymentCore
import Store

extension SubmissionStoreContract {
    static let recordCases: [Case] = [
        Case("the straight path updates an order row three times at most and names its evidence") { scene in
            let way = try await scene.underWay(chunkSizes: [2])
            var taken = way.intent.state
            (taken.phase, taken.everTaken, taken.inFlight) = (.taken, true, nil)
            taken.lastSendEndedAt = way.chunk.now.advanced(by: .seconds(2))
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    state: taken,
                    ended: scene.answered(way.call, header: .taken),
                    decision: scene.decision(
                        scene.move(1, .submitting, .processing),
                        scene.move(2, .submitting, .processing)
                    ),
                    next: .schedule(.query, after: .zero)
                )
            )
            let chunk = try await scene.claimOne(way.stage, .query)
            let loaded = try await scene.store.loadSubmission(of: chunk)
            try scene.expectEqual(loaded.state, taken, "the state as it was recorded")
            let begun = try await scene.record(scene.change(chunk, of: way.intent, state: taken, begins: .query))
            guard let query = begun else { throw scene.failure("the query is recorded") }
            try scene.expectEqual(query.ordinal, 2, "ordinals count on")
            var settled = taken
            (settled.phase, settled.polls) = (.settled, 1)
            try await scene.record(
                scene.change(
                    chunk,
                    of: way.intent,
                    state: settled,
                    ended: scene.answered(query, code: "Q000", header: .found),
                    decision: scene.decision(
                        scene.move(1, .processing, .succeeded, code: "S1"),
                        scene.move(2, .processing, .failed, cause: .customer, code: "F9")
                    ),
                    next: .finish
                )
            )
            let orders = try await scene.harness.orders(of: way.stage.file)
            try scene.expectEqual(orders.map(\.state), [.succeeded, .failed], "states of the orders")
            try scene.expectEqual(orders.map(\.cause), [nil, .customer], "causes")
            try scene.expectEqual(orders.map(\.code), ["S1", "F9"], "codes")
            try scene.expectEqual(orders.map(\.evidence), [query, query], "evidence")
            for updates in orders.compactMap(\.updates) {
                try scene.expect(updates <= 3, "an order row was updated \(updates) times on the straight path")
            }
            try scene.expectEqual(
                try await scene.load(chunk, way.intent.submission).state,
                settled,
                "the settled state"
            )
            try scene.expectEqual(try await scene.harness.chunks(of: way.stage.file), [], "chunks")
            for lane in Lane.allCases {
                try scene.expectEqual(
                    try await scene.harness.slotsHeld(channel: way.stage.channel, lane: lane),
                    0,
                    "\(lane) slots held"
                )
            }
        },
        Case("an ended call is kept as it was seen") { scene in
            let outcomes: [(CallOutcome, StoredExchange.Outcome, String)] = [
                (.notSent("connect_refused"), .notSent, "connect_refused"),
                (.unknown("timeout"), .unknown, "timeout"),
                (.answered(ChannelAnswer(header: .taken, headerCode: "T0", items: [])), .answered, "T0"),
            ]
            for (outcome, kept, code) in outcomes {
                let way = try await scene.underWay(chunkSizes: [1])
                let status: Int32? = kept == .answered ? 200 : nil
                let ended = EndedCall(
                    call: way.call,
                    outcome: outcome,
                    status: status,
                    response: kept == .answered ? [0x7b, 0x7d] : [],
                    volatileElements: ["X-Nonce": "n-1"],
                    latencyMicroseconds: 7
                )
                try await scene.record(scene.change(way.chunk, of: way.intent, ended: ended))
                try scene.expectEqual(
                    try await scene.harness.exchanges(of: way.stage.file),
                    [
                        StoredExchange(
                            submission: way.intent.submission,
                            call: way.call,
                            kind: .send,
                            epoch: way.chunk.epoch,
                            worker: ContractScene.anna,
                            outcome: kept,
                            code: code,
                            status: status,
                            response: ended.response,
                            volatileElements: ["X-Nonce": "n-1"],
                            isLate: false
                        )
                    ],
                    "the exchange"
                )
            }
        },
        Case("moves are told to the outbox as counts and sums, and other orders stay") { scene in
            let way = try await scene.underWay(chunkSizes: [3])
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call),
                    decision: scene.decision(
                        scene.move(1, .submitting, .processing),
                        scene.move(3, .submitting, .succeeded)
                    )
                )
            )
            try scene.expectEqual(
                try await scene.states(way.stage),
                [.processing, .submitting, .succeeded],
                "states of the orders"
            )
            func tally(_ lines: Int32...) -> Tally {
                lines.reduce(into: Tally()) { $0.add(ContractScene.amountMinor(of: LineNumber($1))) }
            }
            try scene.expectEqual(
                Set(try await scene.harness.moves(of: way.stage.file)),
                [
                    StoredMoves(from: .ready, to: .submitting, currency: "CNY", tally: tally(1, 2, 3)),
                    StoredMoves(from: .submitting, to: .processing, currency: "CNY", tally: tally(1)),
                    StoredMoves(from: .submitting, to: .succeeded, currency: "CNY", tally: tally(3)),
                ],
                "the outbox"
            )
        },
        Case("one order that is not as it was seen refuses the whole change, and the call is kept as late") { scene in
            let way = try await scene.underWay()
            let before = try await scene.snapshot(way.stage)
            let change = scene.change(
                way.chunk,
                of: way.intent,
                ended: scene.answered(way.call),
                decision: scene.decision(
                    scene.move(1, .submitting, .processing),
                    scene.move(2, .processing, .succeeded),
                    scene.move(3, .submitting, .processing)
                ),
                reviews: [SubmissionChange.SubmissionReview(cause: .notFound, code: "C1")],
                next: .finish
            )
            try scene.expectEqual(try await scene.store.record(change), .stale, "the outcome")
            try await scene.expectOnlyLate(way, before: before)
        },
        Case("an order of another submission is not moved") { scene in
            let way = try await scene.underWay(chunkSizes: [1, 1])
            let other = try await scene.claimOne(way.stage)
            _ = try await scene.record(try await scene.intent(for: other))
            let before = try await scene.snapshot(way.stage)
            let change = scene.change(
                way.chunk,
                of: way.intent,
                ended: scene.answered(way.call),
                decision: scene.decision(scene.move(2, .submitting, .succeeded))
            )
            try scene.expectEqual(try await scene.store.record(change), .stale, "the outcome")
            try await scene.expectOnlyLate(way, before: before)
        },
        Case("a final state without an ended call is refused by an error") { scene in
            for (to, cause) in [(.succeeded, nil), (.failed, .customer)] as [(OrderState, FailureCause?)] {
                let way = try await scene.underWay()
                let change = scene.change(
                    way.chunk,
                    of: way.intent,
                    decision: scene.decision(scene.move(1, .submitting, to, cause: cause))
                )
                try await scene.expectRefused(way.stage, "\(to) without evidence") {
                    _ = try await scene.store.record(change)
                }
            }
        },
        Case("an alarm is counted, not repeated") { scene in
            let way = try await scene.underWay(chunkSizes: [1])
            var chunk = way.chunk
            for round in 1...3 as ClosedRange<Int64> {
                let others: [SubmissionAction] = [
                    .alarm(.unlistedCode, code: "X8"), .alarm(.takenThenNotFound, code: "X7"),
                ]
                let decision = SettlementDecision(
                    actions: [.alarm(.unlistedCode, code: "X7")] + (round == 2 ? others : []),
                    orders: []
                )
                try await scene.record(
                    scene.change(
                        chunk,
                        of: way.intent,
                        ended: round == 1 ? scene.answered(way.call) : nil,
                        decision: decision,
                        next: .schedule(.query, after: .zero)
                    )
                )
                chunk = try await scene.claimOne(way.stage, .query)
            }
            let channel = way.stage.channel
            try scene.expectEqual(
                Set(try await scene.harness.alarms(of: channel)),
                [
                    StoredAlarm(kind: .unlistedCode, channel: channel, code: "X7", occurrences: 3),
                    StoredAlarm(kind: .unlistedCode, channel: channel, code: "X8", occurrences: 1),
                    StoredAlarm(kind: .takenThenNotFound, channel: channel, code: "X7", occurrences: 1),
                ],
                "alarms"
            )
        },
        Case("a review item is opened once a cause and subject") { scene in
            let way = try await scene.underWay(chunkSizes: [2])
            let doneForNobody = ItemDecision(
                items: [1, 2].map { ItemAnswer(item: $0, code: "D0", meaning: .done, echo: nil) },
                kind: .query,
                failureIsFinal: true,
                unmentioned: .unknown
            )
            var chunk = way.chunk
            for round in 1...2 {
                let orders = try await scene.load(chunk, way.intent.submission).orders
                let decision = SettlementDecision(actions: [.decideItems(doneForNobody)], orders: orders)
                try await scene.record(
                    scene.change(
                        chunk,
                        of: way.intent,
                        ended: round == 1 ? scene.answered(way.call) : nil,
                        decision: decision,
                        reviews: [
                            SubmissionChange.SubmissionReview(cause: .notFound, code: "NF\(round)"),
                            SubmissionChange.SubmissionReview(cause: .pollsExhausted, code: "polls_exhausted"),
                        ],
                        next: .schedule(.query, after: .zero)
                    )
                )
                chunk = try await scene.claimOne(way.stage, .query)
            }
            try scene.expectEqual(try await scene.states(way.stage), [.unknown, .unknown], "states of the orders")
            let reviews = try await scene.harness.reviews(of: way.stage.file)
            let ofLines = reviews.filter { $0.line != nil }.sorted { ($0.line?.value ?? 0) < ($1.line?.value ?? 0) }
            try scene.expectEqual(ofLines.map(\.line?.value), [1, 2], "review items a line")
            try scene.expectEqual(ofLines.map(\.cause), [.answerMismatch, .answerMismatch], "their causes")
            try scene.expectEqual(ofLines.map(\.code), ["D0", "D0"], "their codes")
            try scene.expectEqual(
                Set(reviews.filter { $0.line == nil }),
                [
                    StoredReview(cause: .notFound, code: "NF1", submission: way.intent.submission, line: nil),
                    StoredReview(
                        cause: .pollsExhausted,
                        code: "polls_exhausted",
                        submission: way.intent.submission,
                        line: nil
                    ),
                ],
                "review items of the submission"
            )
            try scene.expectEqual(reviews.count, 4, "review items")
        },
        Case("a change that schedules frees lease and slot, and the chunk comes up on its lane") { scene in
            for kind in [ChunkKind.send, .query] {
                let way = try await scene.underWay(submitSlots: 1)
                try await scene.record(
                    scene.change(
                        way.chunk,
                        of: way.intent,
                        ended: scene.answered(way.call),
                        next: .schedule(kind, after: .minutes(5))
                    )
                )
                try scene.expectEqual(
                    try await scene.harness.chunks(of: way.stage.file),
                    [
                        StoredChunk(
                            chunkIdentifier: way.chunk.chunkIdentifier,
                            chunkNumber: 1,
                            channel: way.stage.channel,
                            kind: kind,
                            lines: [],
                            submissionsCut: 0,
                            submission: way.intent.submission,
                            epoch: way.chunk.epoch,
                            isLeased: false,
                            isDue: false
                        )
                    ],
                    "the chunk"
                )
                try scene.expectEqual(
                    try await scene.harness.slotsHeld(channel: way.stage.channel, lane: .submit),
                    0,
                    "slots held"
                )
                try scene.expectEqual(try await scene.claim(way.stage, kind.lane).count, 0, "not due yet")
                try await scene.harness.advance(by: .minutes(6))
                let chunk = try await scene.claimOne(way.stage, kind.lane)
                try scene.expectEqual(chunk.kind, kind, "kind")
                try scene.expectEqual(chunk.submission, way.intent.submission, "submission")
            }
        },
        Case("a change that finishes takes the chunk out of the table and frees its slot") { scene in
            let way = try await scene.underWay(submitSlots: 1)
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call),
                    decision: scene.decision(scene.move(1, .submitting, .unknown)),
                    reviews: [SubmissionChange.SubmissionReview(cause: .duplicateOtherContent, code: "D9")],
                    next: .finish
                )
            )
            try scene.expectEqual(try await scene.harness.chunks(of: way.stage.file), [], "chunks")
            try scene.expectEqual(
                try await scene.harness.slotsHeld(channel: way.stage.channel, lane: .submit),
                0,
                "slots held"
            )
        },
        Case("a change that begins a call records it, and keeps lease and slot") { scene in
            for step in SubmissionStep.allCases {
                let way = try await scene.underWay()
                let kind = ChunkKind(step)
                try await scene.record(
                    scene.change(
                        way.chunk,
                        of: way.intent,
                        ended: scene.answered(way.call),
                        next: .schedule(kind, after: .zero)
                    )
                )
                let chunk = try await scene.claimOne(way.stage, kind.lane)
                let change = scene.change(chunk, of: way.intent, begins: step)
                guard let call = try await scene.record(change) else { throw scene.failure("the call is recorded") }
                try scene.expectEqual(call.ordinal, 2, "ordinals count on")
                let loaded = try await scene.load(chunk, way.intent.submission)
                try scene.expectEqual(loaded.state, change.state, "the state, with the call in flight")
                let exchanges = try await scene.harness.exchanges(of: way.stage.file)
                try scene.expectEqual(exchanges.map(\.call), [way.call, call], "calls")
                try scene.expectEqual(exchanges.last?.kind, step == .send ? .send : .query, "kind of the call")
                try scene.expectEqual(exchanges.last?.epoch, chunk.epoch, "epoch of the call")
                try scene.expectEqual(exchanges.last?.outcome, nil, "outcome of the call")
                try scene.expectEqual(
                    try await scene.harness.slotsHeld(channel: way.stage.channel, lane: kind.lane),
                    1,
                    "slots held"
                )
                let rows = try await scene.harness.chunks(of: way.stage.file)
                try scene.expectEqual(rows.map(\.isLeased), [true], "leased")
                try scene.expectEqual(rows.map(\.isDue), [false], "due")
            }
        },
    ]
}

extension ContractScene {
    /// A refused change leaves everything as it was but the ended call, which is kept as late evidence.
    func expectOnlyLate(_ way: UnderWay, before: Snapshot) async throws {
        var expected = before
        let index = expected.exchanges.firstIndex {
            $0.submission == way.intent.submission && $0.call == way.call
        }
        guard let index else { throw failure("the send has a record") }
        expected.exchanges[index].outcome = .answered
        expected.exchanges[index].code = "0000"
        expected.exchanges[index].status = 200
        expected.exchanges[index].response = Array("answer 0000".utf8)
        expected.exchanges[index].volatileElements = ["X-Timestamp": "1780275600"]
        expected.exchanges[index].isLate = true
        try expectEqual(try await snapshot(way.stage), expected, "only the ended call is kept, as late")
    }
}
