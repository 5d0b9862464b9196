import PaymentCore
import Store

extension SubmissionStoreContract {
    static let claimCases: [Case] = [
        Case("a claim hands out what was planned") { scene in
            let stage = try await scene.stage(chunkSizes: [3, 2])
            let chunks = try await scene.claim(stage)
            try scene.expectEqual(chunks.map(\.chunkNumber), [1, 2], "chunks are numbered as planned")
            try scene.expectEqual(
                chunks.map(\.lines),
                [ContractScene.lines(1...3), ContractScene.lines(4...5)],
                "lines of the chunks"
            )
            for chunk in chunks {
                try scene.expectEqual(chunk.batch, stage.file.batch, "batch")
                try scene.expectEqual(chunk.businessDate, stage.file.businessDate, "business date")
                try scene.expectEqual(chunk.channel, stage.channel, "channel")
                try scene.expectEqual(chunk.direction, .payout, "direction")
                try scene.expectEqual(chunk.kind, .submit, "kind")
                try scene.expectEqual(chunk.submission, nil, "submission")
                try scene.expectEqual(chunk.worker, ContractScene.anna, "worker")
            }
            try scene.expectEqual(
                chunks.map(\.nextSubmission.value),
                [1_000, 2_000],
                "submission numbers come of chunk and cut"
            )
            try scene.expectEqual(
                try await scene.harness.chunks(of: stage.file).map(\.isLeased),
                [true, true],
                "leased"
            )
        },
        Case("a claim takes due chunks of its own channel and lane only, in due order") { scene in
            let stage = try await scene.stage(chunkSizes: [1, 1, 1])
            let other = try await scene.stage(chunkSizes: [1])
            let chunks = try await scene.claim(stage)
            try scene.expectEqual(chunks.map(\.chunkNumber), [1, 2, 3], "all three are due")
            for (chunk, minutes) in zip(chunks, [20, 10, 30] as [Int64]) {
                try await scene.store.releaseChunk(chunk, next: .schedule(.submit, after: .minutes(minutes)))
            }
            try scene.expectEqual(try await scene.claim(stage).count, 0, "nothing is due yet")
            try await scene.harness.advance(by: .minutes(25))
            try scene.expectEqual(try await scene.claim(stage, .query).count, 0, "the query lane holds nothing")
            try scene.expectEqual(
                try await scene.claim(stage).map(\.chunkNumber),
                [2, 1],
                "what is due comes, the longest due first"
            )
            try scene.expectEqual(try await scene.claim(other).count, 1, "the other channel's chunk waits for its own")
        },
        Case("a claim takes no more than its limit, and never more than the free slots") { scene in
            let stage = try await scene.stage(chunkSizes: [1, 1, 1, 1, 1], submitSlots: 3)
            try scene.expectEqual(try await scene.claim(stage, limit: 0).count, 0, "a limit of 0 takes nothing")
            let first = try await scene.claim(stage, limit: 2)
            try scene.expectEqual(first.map(\.chunkNumber), [1, 2], "the limit holds")
            try scene.expectEqual(
                try await scene.claim(stage, worker: ContractScene.bert).map(\.chunkNumber),
                [3],
                "one slot is left"
            )
            try scene.expectEqual(try await scene.claim(stage).count, 0, "no slot is left")
            try scene.expectEqual(
                try await scene.harness.slotsHeld(channel: stage.channel, lane: .submit),
                3,
                "slots held"
            )
            try await scene.store.releaseChunk(first[0], next: .schedule(.submit, after: .minutes(30)))
            try scene.expectEqual(
                try await scene.claim(stage).map(\.chunkNumber),
                [4],
                "a slot that was given back is taken again"
            )
        },
        Case("claimers at the same time share chunks and slots without overlap") { scene in
            let slots = 6
            let stage = try await scene.stage(chunkSizes: Array(repeating: 1, count: 12), submitSlots: slots)
            let claimed = try await withThrowingTaskGroup(of: [ClaimedChunk].self) { group in
                for number in 0..<8 {
                    let worker = WorkerIdentifier(String(repeating: String(number), count: 32))
                    group.addTask { try await scene.claim(stage, limit: 3, worker: worker) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            try scene.expectEqual(
                Set(claimed.map(\.chunkIdentifier)).count,
                claimed.count,
                "no chunk is given to two claimers"
            )
            try scene.expect(claimed.count <= slots, "\(claimed.count) chunks are claimed with \(slots) slots")
            // A claimer that finds a row locked may pass it by, so the rest may need one more claim.
            let rest = try await scene.claim(stage, limit: 12)
            try scene.expectEqual(claimed.count + rest.count, slots, "every slot is used, none twice")
            try scene.expectEqual(
                try await scene.harness.slotsHeld(channel: stage.channel, lane: .submit),
                slots,
                "slots held"
            )
        },
        Case("the submit lane and the query lane have slots of their own") { scene in
            let way = try await scene.underWay(chunkSizes: [1, 1], submitSlots: 1)
            let ended = scene.answered(way.call)
            try await scene.record(
                scene.change(way.chunk, of: way.intent, ended: ended, next: .schedule(.query, after: .zero))
            )
            try scene.expectEqual(try await scene.claim(way.stage).count, 1, "the submit slot is taken")
            let query = try await scene.claimOne(way.stage, .query)
            try scene.expectEqual(query.chunkIdentifier, way.chunk.chunkIdentifier, "the submission's own chunk")
            for lane in Lane.allCases {
                try scene.expectEqual(
                    try await scene.harness.slotsHeld(channel: way.stage.channel, lane: lane),
                    1,
                    "\(lane) slots held"
                )
            }
        },
        Case("nothing is claimed from a paused channel, on either lane") { scene in
            let way = try await scene.underWay(chunkSizes: [1, 1])
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call),
                    next: .schedule(.query, after: .zero)
                )
            )
            try await scene.harness.setRunning(false, lane: nil, channel: way.stage.channel)
            for lane in Lane.allCases {
                try scene.expectEqual(try await scene.claim(way.stage, lane).count, 0, "paused: \(lane)")
            }
            try await scene.harness.setRunning(true, lane: nil, channel: way.stage.channel)
            for lane in Lane.allCases {
                try scene.expectEqual(try await scene.claim(way.stage, lane).count, 1, "resumed: \(lane)")
            }
        },
        Case("nothing is claimed with another specification than the activated one") { scene in
            let stage = try await scene.stage()
            let other = ContractScene.otherSpecification
            try scene.expectEqual(try await scene.claim(stage, specification: other).count, 0, "not activated")
            try await scene.harness.activate(specificationSHA256: other, channel: stage.channel)
            try scene.expectEqual(try await scene.claim(stage).count, 0, "no longer activated")
            try scene.expectEqual(try await scene.claim(stage, specification: other).count, 1, "activated")
        },
        Case("an ended lease makes the chunk and its slot free again, and the epoch grows") { scene in
            let stage = try await scene.stage(submitSlots: 1)
            let first = try await scene.claimOne(stage)
            try await scene.harness.advance(by: .minutes(9))
            try scene.expectEqual(try await scene.claim(stage, worker: ContractScene.bert).count, 0, "still leased")
            try await scene.harness.advance(by: .minutes(2))
            let second = try await scene.claimOne(stage, worker: ContractScene.bert)
            try scene.expectEqual(second.chunkIdentifier, first.chunkIdentifier, "the same chunk")
            try scene.expect(second.epoch > first.epoch, "the epoch grows with each holder")
            try scene.expectEqual(second.worker, ContractScene.bert, "the new holder")
            try scene.expectEqual(second.lines, first.lines, "its lines")
        },
    ]

    static let releaseCases: [Case] = [
        Case("orders to submit are the chunk's ready ones, in line order, up to the limit") { scene in
            let stage = try await scene.stage(chunkSizes: [4, 1])
            let chunk = try await scene.claimOne(stage)
            try await scene.cancel(1, stage)
            let orders = try await scene.store.ordersToSubmit(of: chunk, limit: 2)
            try scene.expectEqual(orders.map(\.line), ContractScene.lines(2...3), "the first two that are ready")
            for order in orders {
                try scene.expectEqual(order.amountMinor, ContractScene.amountMinor(of: order.line), "amount")
                try scene.expectEqual(order.accountNumber, ContractScene.accountNumber(of: order.line), "account")
                try scene.expectEqual(order.currency, "CNY", "currency")
                try scene.expectEqual(order.attempts, 0, "attempts ended before")
            }
        },
        Case("the texts of orders are those of the lines asked for, whatever became of the orders") { scene in
            let stage = try await scene.stage(chunkSizes: [4])
            let chunk = try await scene.claimOne(stage)
            let orders = try await scene.store.ordersToSubmit(of: chunk, limit: 10)
            try await scene.cancel(2, stage)
            let texts = try await scene.store.texts(
                of: ContractScene.lines(2...3) + [LineNumber(99)],
                batch: chunk.batch,
                businessDate: chunk.businessDate
            )
            try scene.expectEqual(texts, orders[1...2].map { OrderTexts($0) }, "texts")
            let none = try await scene.store.texts(of: [], batch: chunk.batch, businessDate: chunk.businessDate)
            try scene.expectEqual(none, [], "no line, no text")
        },
        Case("a chunk whose orders were all cancelled is finished, and its slot is free") { scene in
            let stage = try await scene.stage(chunkSizes: [1], submitSlots: 1)
            let chunk = try await scene.claimOne(stage)
            try await scene.cancel(1, stage)
            try scene.expectEqual(try await scene.store.ordersToSubmit(of: chunk, limit: 5).count, 0, "none is ready")
            try await scene.store.releaseChunk(chunk, next: .finish)
            try scene.expectEqual(try await scene.harness.chunks(of: stage.file), [], "the chunk has left the table")
            try scene.expectEqual(
                try await scene.harness.slotsHeld(channel: stage.channel, lane: .submit),
                0,
                "slots held"
            )
        },
        Case("a chunk that was given back for later waits without lease and slot") { scene in
            let stage = try await scene.stage(submitSlots: 1)
            let chunk = try await scene.claimOne(stage)
            try await scene.store.releaseChunk(chunk, next: .schedule(.submit, after: .minutes(5)))
            let row = try await scene.harness.chunks(of: stage.file)
            try scene.expectEqual(row.map(\.isLeased), [false], "leased")
            try scene.expectEqual(row.map(\.isDue), [false], "due")
            try scene.expectEqual(row.map(\.lines), [ContractScene.lines(1...3)], "lines")
            try scene.expectEqual(
                try await scene.harness.slotsHeld(channel: stage.channel, lane: .submit),
                0,
                "slots held"
            )
            try await scene.harness.advance(by: .minutes(6))
            try scene.expect(try await scene.claimOne(stage).epoch > chunk.epoch, "the epoch grows with each holder")
        },
        Case("a stale worker gives nothing back") { scene in
            let stage = try await scene.stage()
            let old = try await scene.claimOne(stage)
            try await scene.harness.advance(by: .minutes(11))
            _ = try await scene.claimOne(stage, worker: ContractScene.bert)
            let before = try await scene.snapshot(stage)
            try await scene.store.releaseChunk(old, next: .schedule(.submit, after: .zero))
            try scene.expectEqual(try await scene.snapshot(stage), before, "the new holder keeps lease and slot")
        },
        Case("a submit chunk whose intent was committed after all is not given back") { scene in
            let way = try await scene.underWay()
            let before = try await scene.snapshot(way.stage)
            try await scene.store.releaseChunk(way.chunk, next: .schedule(.submit, after: .zero))
            try await scene.store.releaseChunk(way.chunk, next: .finish)
            try scene.expectEqual(
                try await scene.snapshot(way.stage),
                before,
                "the submission keeps its chunk, lease and slot"
            )
        },
    ]
}
