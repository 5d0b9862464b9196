import PaymentCore
import Store

extension SubmissionStoreContract {
    static let leaseCases: [Case] = [
        Case("a change of an earlier lease is stale, and its ended call is kept as late") { scene in
            let way = try await scene.underWay()
            try await scene.harness.advance(by: .minutes(11))
            _ = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            let before = try await scene.snapshot(way.stage)
            let change = scene.change(
                way.chunk,
                of: way.intent,
                ended: scene.answered(way.call),
                decision: SettlementDecision(actions: [.alarm(.unlistedCode, code: "X7")], orders: []),
                reviews: [SubmissionChange.SubmissionReview(cause: .notFound, code: "C1")],
                slowLaneFor: .minutes(5),
                next: .finish
            )
            try scene.expectEqual(try await scene.store.record(change), .stale, "the outcome")
            try await scene.expectOnlyLate(way, before: before)
            try scene.expectEqual(
                try await scene.load(way.chunk, way.intent.submission).state.inFlight?.kind,
                .send,
                "in flight"
            )
        },
        Case("a worker that claims the same chunk again writes nothing under its earlier lease") { scene in
            let stage = try await scene.stage()
            let late = try await scene.intent(for: try await scene.claimOne(stage))
            try await scene.harness.advance(by: .minutes(11))
            let chunk = try await scene.claimOne(stage)
            let claimed = try await scene.snapshot(stage)
            try scene.expectEqual(try await scene.store.recordIntent(late), .stale, "the late intent's outcome")
            try await scene.store.releaseChunk(late.chunk, next: .schedule(.submit, after: .zero))
            try scene.expectEqual(try await scene.snapshot(stage), claimed, "nothing is written")
            let intent = try await scene.intent(for: chunk)
            let way = ContractScene.UnderWay(
                stage: stage,
                chunk: chunk,
                intent: intent,
                call: try await scene.record(intent)
            )
            try await scene.harness.advance(by: .minutes(11))
            _ = try await scene.claimOne(stage, .query)
            let before = try await scene.snapshot(stage)
            let change = scene.change(
                chunk,
                of: intent,
                ended: scene.answered(way.call),
                decision: scene.decision(scene.move(1, .submitting, .succeeded))
            )
            try scene.expectEqual(try await scene.store.record(change), .stale, "the late change's outcome")
            try await scene.expectOnlyLate(way, before: before)
        },
        Case("a late call that moves orders moves none") { scene in
            let way = try await scene.underWay()
            try await scene.harness.advance(by: .minutes(11))
            _ = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            let before = try await scene.snapshot(way.stage)
            let change = scene.change(
                way.chunk,
                of: way.intent,
                ended: scene.answered(way.call),
                decision: scene.decision(scene.move(1, .submitting, .succeeded))
            )
            try scene.expectEqual(try await scene.store.record(change), .stale, "the outcome")
            try await scene.expectOnlyLate(way, before: before)
        },
        Case("a stale change without an ended call writes nothing") { scene in
            let way = try await scene.underWay()
            try await scene.harness.advance(by: .minutes(11))
            _ = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            let before = try await scene.snapshot(way.stage)
            let change = scene.change(way.chunk, of: way.intent, next: .schedule(.send, after: .zero))
            try scene.expectEqual(try await scene.store.record(change), .stale, "the outcome")
            try scene.expectEqual(try await scene.snapshot(way.stage), before, "nothing is written")
        },
        Case("a late call is kept even when its chunk has left the table") { scene in
            let way = try await scene.underWay()
            try await scene.harness.advance(by: .minutes(11))
            let chunk = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            try await scene.record(
                scene.change(
                    chunk,
                    of: way.intent,
                    reviews: [SubmissionChange.SubmissionReview(cause: .notFound, code: "C1")],
                    next: .finish
                )
            )
            let before = try await scene.snapshot(way.stage)
            let change = scene.change(way.chunk, of: way.intent, ended: scene.answered(way.call))
            try scene.expectEqual(try await scene.store.record(change), .stale, "the outcome")
            try await scene.expectOnlyLate(way, before: before)
        },
        Case("how a call ended is recorded once: a second end is stale and changes nothing") { scene in
            let way = try await scene.underWay()
            let ended = scene.answered(way.call)
            try await scene.record(
                scene.change(way.chunk, of: way.intent, ended: ended, next: .schedule(.query, after: .zero))
            )
            let before = try await scene.snapshot(way.stage)
            let other = scene.answered(way.call, code: "9999")
            let again = scene.change(way.chunk, of: way.intent, ended: other, next: .finish)
            try scene.expectEqual(try await scene.store.record(again), .stale, "under the lease that was given back")
            try scene.expectEqual(try await scene.snapshot(way.stage), before, "the first end stands")
            let chunk = try await scene.claimOne(way.stage, .query)
            let claimed = try await scene.snapshot(way.stage)
            let foreign = scene.change(chunk, of: way.intent, ended: other, next: .finish)
            try scene.expectEqual(try await scene.store.record(foreign), .stale, "under the next lease")
            try scene.expectEqual(try await scene.snapshot(way.stage), claimed, "the first end stands")
        },
        Case("a change that is repeated under the same lease is stale and changes nothing") { scene in
            let way = try await scene.underWay()
            let change = scene.change(way.chunk, of: way.intent, ended: scene.answered(way.call), begins: .query)
            try await scene.record(change)
            let before = try await scene.snapshot(way.stage)
            try scene.expectEqual(before.exchanges.map(\.outcome), [.answered, nil], "outcomes of the calls")
            try scene.expectEqual(try await scene.store.record(change), .stale, "the second outcome")
            try scene.expectEqual(try await scene.snapshot(way.stage), before, "the first end stands")
        },
        Case("a call that another lease began cannot be ended as one's own") { scene in
            let way = try await scene.underWay()
            try await scene.harness.advance(by: .minutes(11))
            let chunk = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            let before = try await scene.snapshot(way.stage)
            let change = scene.change(
                chunk,
                of: way.intent,
                ended: scene.answered(way.call),
                decision: scene.decision(scene.move(1, .submitting, .succeeded))
            )
            try scene.expectEqual(try await scene.store.record(change), .stale, "the outcome")
            try await scene.expectOnlyLate(way, before: before)
        },
        Case("an ended lease records no intent") { scene in
            let stage = try await scene.stage()
            let intent = try await scene.intent(for: try await scene.claimOne(stage))
            try await scene.harness.advance(by: .minutes(11))
            let before = try await scene.snapshot(stage)
            try scene.expectEqual(try await scene.store.recordIntent(intent), .stale, "the outcome")
            try scene.expectEqual(try await scene.snapshot(stage), before, "nothing is written")
        },
        Case("an ended lease begins no call, and still takes an outcome while nobody else has the chunk") { scene in
            let way = try await scene.underWay()
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call),
                    next: .schedule(.query, after: .zero)
                )
            )
            let idle = try await scene.claimOne(way.stage, .query)
            try await scene.harness.advance(by: .minutes(11))
            let before = try await scene.snapshot(way.stage)
            let begins = scene.change(idle, of: way.intent, begins: .query)
            try scene.expectEqual(try await scene.store.record(begins), .stale, "a call on an ended lease")
            try scene.expectEqual(try await scene.snapshot(way.stage), before, "nothing is written")
            let chunk = try await scene.claimOne(way.stage, .query)
            guard let call = try await scene.record(scene.change(chunk, of: way.intent, begins: .query)) else {
                throw scene.failure("the call is recorded")
            }
            try await scene.harness.advance(by: .minutes(11))
            try await scene.record(
                scene.change(
                    chunk,
                    of: way.intent,
                    ended: scene.answered(call, code: "Q1"),
                    decision: scene.decision(scene.move(1, .submitting, .succeeded))
                )
            )
            try scene.expectEqual(
                try await scene.states(way.stage),
                [.succeeded, .submitting, .submitting],
                "states of the orders"
            )
            try scene.expectEqual(
                try await scene.harness.exchanges(of: way.stage.file).map(\.isLate),
                [false, false],
                "late"
            )
        },
        Case("no call begins while an earlier one may be under way") { scene in
            let way = try await scene.underWay(lease: .minutes(1))
            try await scene.harness.advance(by: .minutes(2))
            let early = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            let before = try await scene.snapshot(way.stage)
            let begins = scene.change(early, of: way.intent, begins: .query)
            try scene.expectEqual(try await scene.store.record(begins), .stale, "a query beside a send")
            try scene.expectEqual(try await scene.snapshot(way.stage), before, "nothing is written")
            // A change that begins nothing leaves the call in flight, and waits for its end.
            let loaded = try await scene.store.loadSubmission(of: early)
            try await scene.record(
                scene.change(
                    early,
                    of: way.intent,
                    state: loaded.state,
                    next: .schedule(.query, after: .minutes(3))
                )
            )
            try await scene.harness.advance(by: .minutes(4))
            let chunk = try await scene.claimOne(way.stage, .query, worker: ContractScene.bert)
            let kept = try await scene.store.loadSubmission(of: chunk).state.inFlight
            try scene.expectEqual(kept?.kind, .send, "the send is still in flight")
            try scene.expectEqual(kept?.epoch, way.chunk.epoch, "under the epoch that began it")
            try await scene.record(scene.change(chunk, of: way.intent, begins: .query))
        },
    ]
}
