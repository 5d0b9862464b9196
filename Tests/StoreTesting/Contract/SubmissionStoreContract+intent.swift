import PaymentCore
import Store

extension SubmissionStoreContract {
    static let intentCases: [Case] = [
        Case("an intent commits submission, orders, send and chunk together") { scene in
            let way = try await scene.underWay()
            let loaded = try await scene.load(way.chunk, way.intent.submission)
            try scene.expectEqual(loaded.key.batch, way.stage.file.batch, "batch")
            try scene.expectEqual(loaded.key.number, way.intent.submission, "submission")
            try scene.expectEqual(loaded.key.businessDate, way.stage.file.businessDate, "business date")
            try scene.expectEqual(loaded.number, way.intent.number, "channel number")
            try scene.expectEqual(loaded.tradeDate, way.intent.tradeDate, "trade date")
            try scene.expectEqual(loaded.scopeEndsAt, nil, "end of the number's scope")
            try scene.expectEqual(loaded.state, way.intent.state, "state")
            try scene.expectEqual(loaded.envelope, way.intent.envelope, "envelope")
            try scene.expectEqual(
                loaded.orders,
                ContractScene.lines(1...3).map {
                    SubmittedOrder(
                        line: $0,
                        item: $0.value,
                        state: .submitting,
                        amountMinor: ContractScene.amountMinor(of: $0),
                        currency: "CNY",
                        accountNumber: ContractScene.accountNumber(of: $0)
                    )
                },
                "orders"
            )
            for order in try await scene.harness.orders(of: way.stage.file) {
                try scene.expectEqual(order.state, .submitting, "state of the order")
                try scene.expectEqual(order.submission, way.intent.submission, "submission of the order")
                try scene.expectEqual(order.item, order.line.value, "item of the order")
                try scene.expectEqual(order.attempt, 1, "attempt of the order")
            }
            try scene.expectEqual(
                try await scene.harness.exchanges(of: way.stage.file),
                [
                    StoredExchange(
                        submission: way.intent.submission,
                        call: way.call,
                        kind: .send,
                        epoch: way.chunk.epoch,
                        worker: ContractScene.anna,
                        outcome: nil,
                        code: nil,
                        status: nil,
                        response: [],
                        volatileElements: [:],
                        isLate: false
                    )
                ],
                "the record of the send"
            )
            try scene.expectEqual(way.call.ordinal, 1, "the first call's ordinal")
            try scene.expectEqual(
                try await scene.harness.chunks(of: way.stage.file),
                [
                    StoredChunk(
                        chunkIdentifier: way.chunk.chunkIdentifier,
                        chunkNumber: 1,
                        channel: way.stage.channel,
                        kind: .query,
                        lines: [],
                        submissionsCut: 0,
                        submission: way.intent.submission,
                        epoch: way.chunk.epoch,
                        isLeased: true,
                        isDue: false
                    )
                ],
                "the submission's own chunk"
            )
            let tally = Tally(count: 3, amountMinor: Int128(way.intent.amountMinor))
            try scene.expectEqual(
                try await scene.harness.moves(of: way.stage.file),
                [StoredMoves(from: .ready, to: .submitting, currency: "CNY", tally: tally)],
                "the outbox"
            )
        },
        Case("an intent with an order that was cancelled in between writes nothing") { scene in
            let stage = try await scene.stage()
            let chunk = try await scene.claimOne(stage)
            let intent = try await scene.intent(for: chunk)
            try await scene.cancel(2, stage)
            let before = try await scene.snapshot(stage)
            try scene.expectEqual(try await scene.store.recordIntent(intent), .ordersChanged, "the intent's outcome")
            try scene.expectEqual(try await scene.snapshot(stage), before, "nothing is written")
            let again = try await scene.intent(for: chunk)
            try scene.expectEqual(again.orders.map(\.line.value), [1, 3], "the orders that are left")
            _ = try await scene.record(again)
            try scene.expectEqual(
                try await scene.states(stage),
                [.submitting, .cancelled, .submitting],
                "states of the orders"
            )
        },
        Case("an order with an intent is not cancelled any more") { scene in
            let way = try await scene.underWay()
            try scene.expectEqual(
                try await scene.harness.cancelOrder(LineNumber(1), file: way.stage.file),
                false,
                "cancelled"
            )
            try scene.expectEqual(
                try await scene.states(way.stage),
                [.submitting, .submitting, .submitting],
                "states of the orders"
            )
        },
        Case("an intent is recorded once: the second is stale") { scene in
            let way = try await scene.underWay()
            let before = try await scene.snapshot(way.stage)
            try scene.expectEqual(try await scene.store.recordIntent(way.intent), .stale, "the second outcome")
            try scene.expectEqual(try await scene.snapshot(way.stage), before, "nothing is written")
        },
        Case("an intent of an earlier lease is stale, and the new holder's is recorded") { scene in
            let stage = try await scene.stage()
            let old = try await scene.claimOne(stage)
            let late = try await scene.intent(for: old)
            try await scene.harness.advance(by: .minutes(11))
            let chunk = try await scene.claimOne(stage, worker: ContractScene.bert)
            let before = try await scene.snapshot(stage)
            try scene.expectEqual(try await scene.store.recordIntent(late), .stale, "the late outcome")
            try scene.expectEqual(try await scene.snapshot(stage), before, "nothing is written")
            _ = try await scene.record(try await scene.intent(for: chunk))
        },
        Case("an intent of another worker than the holder is stale") { scene in
            let stage = try await scene.stage()
            let held = try await scene.claimOne(stage)
            let borrowed = ClaimedChunk(
                chunkIdentifier: held.chunkIdentifier,
                batch: held.batch,
                businessDate: held.businessDate,
                chunkNumber: held.chunkNumber,
                direction: held.direction,
                channel: held.channel,
                kind: held.kind,
                lines: held.lines,
                submissionsCut: held.submissionsCut,
                submission: nil,
                worker: ContractScene.bert,
                epoch: held.epoch,
                now: held.now
            )
            let before = try await scene.snapshot(stage)
            let intent = try await scene.intent(for: borrowed)
            try scene.expectEqual(try await scene.store.recordIntent(intent), .stale, "the outcome")
            try scene.expectEqual(try await scene.snapshot(stage), before, "nothing is written")
        },
        Case("an intent under a specification that is no longer activated is stale") { scene in
            let stage = try await scene.stage()
            let intent = try await scene.intent(for: try await scene.claimOne(stage))
            try await scene.harness.activate(
                specificationSHA256: ContractScene.otherSpecification,
                channel: stage.channel
            )
            let before = try await scene.snapshot(stage)
            try scene.expectEqual(try await scene.store.recordIntent(intent), .stale, "the outcome")
            try scene.expectEqual(try await scene.snapshot(stage), before, "nothing is written")
        },
        Case("a channel number is given once in its scope") { scene in
            let stage = try await scene.stage(chunkSizes: [1, 1, 1])
            let chunks = try await scene.claim(stage)
            try scene.expectEqual(chunks.count, 3, "claimed chunks")
            _ = try await scene.record(try await scene.intent(for: chunks[0], number: "N1", scope: "2026-06-01"))
            let twice = try await scene.intent(for: chunks[1], number: "N1", scope: "2026-06-01")
            try await scene.expectRefused(stage, "the same number in the same scope") {
                _ = try await scene.store.recordIntent(twice)
            }
            _ = try await scene.record(try await scene.intent(for: chunks[1], number: "N1", scope: "2026-06-02"))
            _ = try await scene.record(try await scene.intent(for: chunks[2], number: "N2", scope: "2026-06-01"))
            // Another channel counts for itself.
            let other = try await scene.stage(chunkSizes: [1])
            let chunk = try await scene.claimOne(other)
            _ = try await scene.record(try await scene.intent(for: chunk, number: "N1", scope: "2026-06-01"))
        },
        Case("a refused number is given to no other order, and another number may follow") { scene in
            let stage = try await scene.stage(chunkSizes: [1, 1])
            let chunks = try await scene.claim(stage)
            try scene.expectEqual(chunks.count, 2, "claimed chunks")
            _ = try await scene.record(try await scene.intent(for: chunks[0], number: "N1"))
            let twice = try await scene.intent(for: chunks[1], number: "N1")
            try await scene.expectRefused(stage, "the same number") { _ = try await scene.store.recordIntent(twice) }
            _ = try await scene.record(try await scene.intent(for: chunks[1], number: "N2"))
            try scene.expectEqual(try await scene.states(stage), [.submitting, .submitting], "states of the orders")
        },
        Case("lines that wait get a submit chunk of their own, due at once") { scene in
            let stage = try await scene.stage(chunkSizes: [5])
            let chunk = try await scene.claimOne(stage)
            _ = try await scene.record(try await scene.intent(for: chunk, orders: 2))
            try scene.expectEqual(
                try await scene.states(stage),
                [.submitting, .submitting, .ready, .ready, .ready],
                "order states"
            )
            let rows = try await scene.harness.chunks(of: stage.file)
            try scene.expectEqual(rows.count, 2, "chunks")
            guard let own = rows.first(where: { $0.kind == .query }),
                let rest = rows.first(where: { $0.kind == .submit })
            else { throw scene.failure("one chunk is the submission's, one has the other lines: \(rows)") }
            try scene.expectEqual(own.chunkIdentifier, chunk.chunkIdentifier, "the submission keeps the chunk")
            try scene.expectEqual(rest.chunkNumber, 1, "the rest keeps the chunk's number")
            try scene.expectEqual(rest.lines, ContractScene.lines(3...5), "the rest's lines")
            try scene.expectEqual(rest.submissionsCut, 1, "submissions cut before")
            try scene.expect(rest.isDue && !rest.isLeased, "the rest is due now, and nobody's")
        },
        Case("submission numbers are a function of the chunk and of how many were cut from it") { scene in
            let stage = try await scene.stage(chunkSizes: [3, 3])
            var numbers: [Int32: [Int32]] = [:]
            var claimed = 0
            while let chunk = try await scene.claim(stage, limit: 1, lease: .minutes(60)).first {
                claimed += 1
                try scene.expect(claimed <= 6, "six orders make six submissions of one order at most")
                let intent = try await scene.intent(for: chunk, orders: 1)
                let call = try await scene.record(intent)
                try await scene.record(scene.change(chunk, of: intent, ended: scene.answered(call)))
                numbers[chunk.chunkNumber, default: []].append(intent.submission.value)
            }
            try scene.expectEqual(
                numbers,
                [1: [1_000, 1_001, 1_002], 2: [2_000, 2_001, 2_002]],
                "submission numbers a chunk"
            )
            try scene.expectEqual(
                try await scene.harness.orders(of: stage.file).compactMap(\.submission?.value),
                [1_000, 1_001, 1_002, 2_000, 2_001, 2_002],
                "submissions of the orders"
            )
        },
        Case("a submission whose worker died comes up again as a query, its send without an outcome") { scene in
            let way = try await scene.underWay()
            try await scene.harness.advance(by: .minutes(9))
            for lane in Lane.allCases {
                try scene.expectEqual(try await scene.claim(way.stage, lane).count, 0, "still leased: \(lane)")
            }
            try await scene.harness.advance(by: .minutes(2))
            try scene.expectEqual(try await scene.claim(way.stage).count, 0, "nothing comes up to be sent")
            let chunk = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            try scene.expectEqual(chunk.kind, .query, "kind")
            try scene.expectEqual(chunk.submission, way.intent.submission, "submission")
            try scene.expectEqual(chunk.lines, [], "lines without an intent")
            try scene.expect(chunk.epoch > way.chunk.epoch, "the epoch grows with each holder")
            let loaded = try await scene.store.loadSubmission(of: chunk)
            try scene.expectEqual(loaded.state.inFlight?.kind, .send, "the send stays in flight")
            try scene.expectEqual(loaded.state.inFlight?.epoch, way.chunk.epoch, "under the epoch that began it")
            try scene.expect(
                loaded.state.inFlight.map { $0.until <= chunk.now } ?? false,
                "and can be under way no more"
            )
            try scene.expectEqual(
                try await scene.harness.exchanges(of: way.stage.file).map(\.outcome),
                [nil],
                "the send's outcome"
            )
            try scene.expectEqual(
                try await scene.states(way.stage),
                [.submitting, .submitting, .submitting],
                "states of the orders"
            )
        },
        Case("a send's slot is held for as long as the send can be under way, whatever the lease") { scene in
            let way = try await scene.underWay(chunkSizes: [1, 1], submitSlots: 1, lease: .minutes(1))
            try await scene.harness.advance(by: .minutes(2))
            try scene.expectEqual(try await scene.claim(way.stage).count, 0, "the only submit slot is still held")
            try scene.expectEqual(
                try await scene.claim(way.stage, .query, worker: ContractScene.bert).count,
                1,
                "the lease has ended, so that the submission itself comes up"
            )
            try await scene.harness.advance(by: .minutes(3))
            try scene.expectEqual(try await scene.claim(way.stage).count, 1, "the slot is free again")
        },
    ]
}
