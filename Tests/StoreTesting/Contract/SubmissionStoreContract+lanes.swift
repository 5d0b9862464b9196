import PaymentCore
import Store

extension SubmissionStoreContract {
    static let laneCases: [Case] = [
        Case("one claim serves several lanes, each by its own limit and slots") { scene in
            let first = try await scene.stage(chunkSizes: [1, 1, 1, 1], submitSlots: 3)
            let second = try await scene.stage(chunkSizes: [1, 1, 1, 1], submitSlots: 4)
            let (query, _) = try await scene.taken(first)
            func lane(_ stage: ContractScene.Stage, _ lane: Lane, limit: Int) -> LaneClaim {
                LaneClaim(
                    channel: stage.channel,
                    lane: lane,
                    specificationSHA256: ContractScene.specification,
                    lease: ContractScene.lease,
                    limit: limit
                )
            }
            let lanes = [
                lane(second, .submit, limit: 2), lane(first, .query, limit: 5), lane(first, .submit, limit: 9),
            ]
            let chunks = try await scene.store.claimChunks(ChunkClaim(worker: ContractScene.anna, lanes: lanes))
            try scene.expectEqual(
                chunks.map(\.channel),
                [second, second, first, first, first, first].map(\.channel),
                "lane by lane as asked"
            )
            try scene.expectEqual(chunks.map(\.chunkNumber), [1, 2, 1, 2, 3, 4], "each by its own limit and slots")
            try scene.expectEqual(chunks[2].chunkIdentifier, query.chunkIdentifier, "the query lane's")
            try scene.expectEqual(
                chunks.map(\.kind),
                [.submit, .submit, .query, .submit, .submit, .submit],
                "kinds"
            )
        },
        Case("a paused lane gives nothing, and its channel's other lane goes on") { scene in
            let stage = try await scene.stage(chunkSizes: [1, 1])
            _ = try await scene.taken(stage)
            try await scene.harness.setRunning(false, lane: .submit, channel: stage.channel)
            try scene.expectEqual(try await scene.claim(stage).count, 0, "paused")
            try scene.expectEqual(try await scene.claim(stage, .query).count, 1, "not paused")
            try await scene.harness.setRunning(true, lane: .submit, channel: stage.channel)
            try scene.expectEqual(try await scene.claim(stage).count, 1, "resumed")
        },
        Case("a slowed lane hands out nothing until its time is over; the other lane goes on") { scene in
            let stage = try await scene.stage(chunkSizes: [1, 1])
            _ = try await scene.taken(stage, slowLaneFor: .minutes(20))
            try scene.expectEqual(try await scene.claim(stage, .query).count, 1, "the other lane")
            try await scene.harness.advance(by: .minutes(15))
            try scene.expectEqual(try await scene.claim(stage).count, 0, "slow")
            try await scene.harness.advance(by: .minutes(6))
            try scene.expectEqual(try await scene.claim(stage).count, 1, "no longer slow")
        },
        Case("a slow-down halves a lane's pace, and good answers bring it back step by step") { scene in
            let interval = TimeSpan.milliseconds(200)
            let stage = try await scene.stage(
                chunkSizes: Array(repeating: 1, count: 20),
                submitSlots: 20,
                interval: interval
            )
            _ = try await scene.taken(stage, slowLaneFor: .minutes(1))
            let slowed = try await scene.harness.health(channel: stage.channel, lane: .submit)
            try scene.expectEqual(slowed.slowInterval, interval + interval, "half the pace")
            try await scene.harness.advance(by: .minutes(2))
            let pair = try await scene.claim(stage, limit: 2)
            try scene.expectEqual(pair.map(\.startsAfter), [.zero, interval + interval], "starts at half the pace")
            for chunk in pair { try await scene.answer(chunk, stage) }
            let better = try await scene.harness.health(channel: stage.channel, lane: .submit)
            try scene.expect(
                better.slowInterval.map { $0 > interval && $0 < interval + interval } ?? false,
                "two good answers speed it up, not wholly: \(better)"
            )
            for _ in 0..<8 {
                try await scene.harness.advance(by: .minutes(1))
                try await scene.answer(try await scene.claimOne(stage), stage)
            }
            let healthy = try await scene.harness.health(channel: stage.channel, lane: .submit)
            try scene.expectEqual(healthy.slowInterval, nil, "ten good answers")
        },
        Case("a lane's rate gives each chunk a start of its own, across claims") { scene in
            let interval = TimeSpan.milliseconds(400)
            let stage = try await scene.stage(
                chunkSizes: Array(repeating: 1, count: 12),
                submitSlots: 12,
                interval: interval
            )
            var starts: [Timestamp] = []
            for _ in 0..<3 {
                let chunks = try await scene.claim(stage, limit: 1)
                starts += chunks.map { $0.now.advanced(by: $0.startsAfter) }
            }
            try scene.expectEqual(starts.count, 3, "starts that are near enough")
            for (early, late) in zip(starts, starts.dropFirst()) {
                try scene.expect(late.since(early) >= interval, "starts keep the pace: \(late.since(early))")
            }
            try await scene.harness.advance(by: .minutes(1))
            try scene.expectEqual(
                try await scene.claim(stage, limit: 10).map(\.startsAfter),
                [.zero, interval, interval + interval],
                "no start is leased that is more than a second away, and none was saved up"
            )
        },
        Case("submissions to be sent again go before fresh orders") { scene in
            let stage = try await scene.stage(chunkSizes: [1, 1, 1, 1, 1], submitSlots: 4)
            for chunk in try await scene.claim(stage, limit: 2) {
                try await scene.fail(chunk, stage, .notSent("connect"), next: .schedule(.send, after: .zero))
            }
            try scene.expectEqual(
                try await scene.claim(stage).map(\.kind),
                [.send, .send, .submit, .submit],
                "unsent first, then what slots are left for"
            )
        },
        Case("a dead lane never has more unsent submissions than slots") { scene in
            let stage = try await scene.stage(chunkSizes: Array(repeating: 1, count: 8), submitSlots: 3)
            let first = try await scene.claim(stage)
            try scene.expectEqual(first.map(\.kind), [.submit, .submit, .submit], "fresh orders for all slots")
            for chunk in first {
                try await scene.fail(chunk, stage, .notSent("connect"), next: .schedule(.send, after: .minutes(30)))
            }
            try scene.expectEqual(try await scene.claim(stage).count, 0, "each slot is kept for an unsent submission")
            try await scene.harness.advance(by: .minutes(31))
            let again = try await scene.claim(stage)
            try scene.expectEqual(again.map(\.kind), [.send, .send, .send], "the same ones again")
            try await scene.store.releaseChunk(again[0], next: .schedule(.query, after: .hours(5)))
            for chunk in again.dropFirst() {
                try await scene.store.releaseChunk(chunk, next: .schedule(.send, after: .minutes(30)))
            }
            try scene.expectEqual(
                try await scene.claim(stage).map(\.kind),
                [.submit],
                "one has gone out, so one more may be tried"
            )
            let states = try await scene.states(stage)
            try scene.expectEqual(states.filter { $0 == .submitting }.count, 3, "not sent yet")
            try scene.expectEqual(states.filter { $0 == .ready }.count, 5, "the rest waits, plainly ready")
        },
    ]

    static let breakerCases: [Case] = [
        Case("failed calls in a row open a lane's breaker, once, with one alarm") { scene in
            let stage = try await scene.brittle()
            let chunks = try await scene.claim(stage, limit: 3)
            try await scene.fail(chunks[0], stage, .notSent("connect"), next: .schedule(.send, after: .zero))
            try await scene.expectBreaker(.closed(failures: 1), stage)
            try await scene.fail(chunks[1], stage)
            try await scene.expectBreaker(.open(until: chunks[0].now, times: 1), stage)
            try scene.expectEqual(try await scene.claim(stage).count, 0, "open")
            // A call that was under way when it opened tells nothing new.
            try await scene.fail(chunks[2], stage)
            try await scene.expectBreaker(.open(until: chunks[0].now, times: 1), stage)
            try scene.expectEqual(
                try await scene.harness.alarms(of: stage.channel),
                [StoredAlarm(kind: .laneOpen, channel: stage.channel, code: "submit", occurrences: 1)],
                "alarms"
            )
            try scene.expectEqual(try await scene.claim(stage, .query).count, 2, "the other lane goes on")
        },
        Case("an answer between failures keeps the breaker closed, and calls of our own fault do not count") { scene in
            let stage = try await scene.brittle()
            let chunks = try await scene.claim(stage, limit: 4)
            try await scene.fail(chunks[0], stage)
            try await scene.answer(chunks[1], stage)
            try await scene.expectBreaker(.closed(failures: 0), stage)
            try await scene.fail(chunks[2], stage)
            try await scene.fail(chunks[3], stage, .notSent("send_by_passed"), next: .schedule(.send, after: .zero))
            try await scene.expectBreaker(.closed(failures: 1), stage)
            try scene.expectEqual(try await scene.harness.alarms(of: stage.channel), [], "alarms")
        },
        Case("an open breaker lets exactly one chunk try, and its answer closes it") { scene in
            let stage = try await scene.opened()
            try await scene.harness.advance(by: .minutes(21))
            let probe = try await scene.claim(stage)
            try scene.expectEqual(probe.count, 1, "one probe")
            try await scene.expectBreaker(
                .halfOpen(probe: probe[0].chunkIdentifier, until: probe[0].now, times: 1),
                stage
            )
            try scene.expectEqual(try await scene.claim(stage, worker: ContractScene.bert).count, 0, "while it runs")
            try await scene.answer(probe[0], stage)
            try await scene.expectBreaker(.closed(failures: 0), stage)
            try scene.expect(try await scene.claim(stage).count > 1, "closed again")
        },
        Case("a probe that fails opens the breaker again for twice as long, without another alarm") { scene in
            let stage = try await scene.opened()
            try await scene.harness.advance(by: .minutes(21))
            try await scene.fail(try await scene.claimOne(stage), stage)
            try await scene.harness.advance(by: .minutes(21))
            try scene.expectEqual(try await scene.claim(stage).count, 0, "twice as long")
            try await scene.harness.advance(by: .minutes(20))
            try scene.expectEqual(try await scene.claim(stage).count, 1, "the next probe")
            try scene.expectEqual(
                try await scene.harness.alarms(of: stage.channel).map(\.occurrences),
                [1],
                "alarms"
            )
        },
        Case("a probe that is given back, or whose worker dies, lets the next one go") { scene in
            let stage = try await scene.opened()
            try await scene.harness.advance(by: .minutes(21))
            let first = try await scene.claimOne(stage)
            try await scene.store.releaseChunk(first, next: .schedule(.submit, after: .zero))
            _ = try await scene.claimOne(stage, worker: ContractScene.bert)
            try scene.expectEqual(try await scene.claim(stage).count, 0, "while it runs")
            try await scene.harness.advance(by: .minutes(11))
            try scene.expectEqual(try await scene.claim(stage).count, 1, "its lease is over")
        },
    ]
}

extension ContractScene {
    /// Two failures open its breaker for 20 minutes.
    fileprivate func brittle() async throws -> Stage {
        try await stage(
            chunkSizes: Array(repeating: 1, count: 6),
            submitSlots: 4,
            breaker: LaneRules.Breaker(failures: 2, open: .minutes(20), openMax: .minutes(60))
        )
    }

    /// A brittle lane whose breaker is open.
    fileprivate func opened() async throws -> Stage {
        let stage = try await brittle()
        for chunk in try await claim(stage, limit: 2) { try await fail(chunk, stage) }
        return stage
    }

    /// Takes a chunk to the end of a send that was answered; its submission is asked for at once.
    @discardableResult
    fileprivate func taken(
        _ stage: Stage,
        slowLaneFor: TimeSpan? = nil
    ) async throws -> (chunk: ClaimedChunk, intent: SubmissionIntent) {
        let chunk = try await claimOne(stage)
        let intent = try await intent(for: chunk)
        let call = try await record(intent)
        try await record(
            change(
                chunk,
                of: intent,
                ended: answered(call),
                slowLaneFor: slowLaneFor,
                next: .schedule(.query, after: .zero)
            )
        )
        return (chunk, intent)
    }

    /// Ends a fresh chunk's send with an answer.
    fileprivate func answer(_ chunk: ClaimedChunk, _ stage: Stage) async throws {
        let intent = try await intent(for: chunk)
        let call = try await record(intent)
        try await record(
            change(chunk, of: intent, ended: answered(call), next: .schedule(.query, after: .hours(5)))
        )
    }

    /// Ends a fresh chunk's send without an answer.
    fileprivate func fail(
        _ chunk: ClaimedChunk,
        _ stage: Stage,
        _ outcome: CallOutcome = .unknown("timeout"),
        next: ChunkNext = .schedule(.query, after: .zero)
    ) async throws {
        let intent = try await intent(for: chunk)
        let call = try await record(intent)
        try await record(change(chunk, of: intent, ended: unanswered(call, outcome), next: next))
    }

    /// Compares all but the times, which are the store's.
    fileprivate func expectBreaker(_ expected: LaneHealth.Breaker, _ stage: Stage) async throws {
        let found = try await harness.health(channel: stage.channel, lane: .submit).breaker
        try expectEqual(found.timeless, expected.timeless, "breaker")
    }
}

extension LaneHealth.Breaker {
    fileprivate var timeless: Self {
        let never = Timestamp(unixMicroseconds: 0)
        return switch self {
        case .closed: self
        case .open(_, let times): .open(until: never, times: times)
        case .halfOpen(let probe, _, let times): .halfOpen(probe: probe, until: never, times: times)
        }
    }
}
