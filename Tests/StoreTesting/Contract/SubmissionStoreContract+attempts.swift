import PaymentCore
import Store

extension SubmissionStoreContract {
    static let attemptCases: [Case] = [
        Case("an ended attempt is filed, and its order waits for planning") { scene in
            let way = try await scene.underWay(chunkSizes: [2])
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call, code: "E201", header: .taken),
                    decision: scene.decision(
                        scene.again(1, .submitting, cause: .channel, code: "E201"),
                        scene.move(2, .submitting, .processing)
                    )
                )
            )
            let orders = try await scene.harness.orders(of: way.stage.file)
            try scene.expectEqual(orders.map(\.state), [.ready, .processing], "states of the orders")
            try scene.expectEqual(orders[0].submission, nil, "the order has left its submission")
            try scene.expectEqual(orders[0].evidence, nil, "an open order has no evidence of an end")
            try scene.expectEqual(orders[0].attempt, 1, "its attempt counts")
            try scene.expectEqual(
                try await scene.harness.attempts(of: way.stage.file),
                [
                    StoredAttempt(
                        line: LineNumber(1),
                        channel: way.stage.channel,
                        submission: way.intent.submission,
                        cause: .channel,
                        code: "E201"
                    )
                ],
                "ended attempts"
            )
            try scene.expectEqual(try await scene.harness.waiting(of: way.stage.file), [LineNumber(1)], "waiting lines")
            let history = try await scene.store.attemptHistory(of: way.chunk, lines: ContractScene.lines(1...2))
            try scene.expectEqual(
                history.ended,
                [LineNumber(1): [.init(channel: way.stage.channel, isUnsent: false)]],
                "the history"
            )
        },
        Case("an order waits for planning no shorter than it must") { scene in
            let way = try await scene.underWay(chunkSizes: [1])
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call, code: "E105", header: .taken),
                    decision: scene.decision(
                        scene.again(1, .submitting, cause: .limit, code: "E105", after: .minutes(20))
                    ),
                    next: .finish
                )
            )
            try scene.expectEqual(try await scene.harness.waiting(of: way.stage.file), [], "waiting lines, too early")
            try await scene.harness.advance(by: .minutes(21))
            try scene.expectEqual(try await scene.harness.waiting(of: way.stage.file), [LineNumber(1)], "waiting lines")
        },
        Case("a submission that is given up unsent gives its orders back") { scene in
            let way = try await scene.underWay(chunkSizes: [2])
            var state = way.intent.state
            (state.phase, state.inFlight, state.firstSentAt, state.sendsUnsent) = (.settled, nil, nil, 1)
            let unsent = EndedCall(
                call: way.call,
                outcome: .notSent("connect_refused"),
                status: nil,
                response: [],
                volatileElements: [:],
                latencyMicroseconds: 3
            )
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    state: state,
                    ended: unsent,
                    decision: scene.decision(
                        scene.again(1, .submitting, cause: .channel, code: "given_up_unsent"),
                        scene.again(2, .submitting, cause: .channel, code: "given_up_unsent")
                    ),
                    next: .finish
                )
            )
            try scene.expectEqual(try await scene.states(way.stage), [.ready, .ready], "states of the orders")
            let history = try await scene.store.attemptHistory(of: way.chunk, lines: ContractScene.lines(1...2))
            try scene.expect(
                history.ended.count == 2 && history.ended.values.allSatisfy { $0.allSatisfy(\.isUnsent) },
                "both attempts are known as unsent"
            )
        },
        Case("an order that has gone on is seen as failed by the submission that it left") { scene in
            let way = try await scene.underWay(chunkSizes: [2])
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call, header: .taken),
                    decision: scene.decision(
                        scene.again(1, .submitting, cause: .system, code: "E202"),
                        scene.move(2, .submitting, .processing)
                    )
                )
            )
            let loaded = try await scene.load(way.chunk, way.intent.submission)
            try scene.expectEqual(loaded.orders.map(\.state), [.failed, .processing], "states as it sees them")
            try scene.expectEqual(loaded.orders.map(\.item), [1, 2], "items")
        },
        Case("no call begins under another specification than the active one") { scene in
            let way = try await scene.underWay(chunkSizes: [1])
            try await scene.record(
                scene.change(
                    way.chunk,
                    of: way.intent,
                    ended: scene.answered(way.call),
                    next: .schedule(.query, after: .zero)
                )
            )
            let chunk = try await scene.claimOne(way.stage, .query)
            try await scene.harness.activate(
                specificationSHA256: ContractScene.otherSpecification,
                channel: way.stage.channel
            )
            let before = try await scene.snapshot(way.stage)
            let outcome = try await scene.store.record(scene.change(chunk, of: way.intent, begins: .query))
            try scene.expectEqual(outcome, .stale, "a call under a specification that is not active")
            try scene.expectEqual(try await scene.snapshot(way.stage), before, "nothing is written")
        },
        Case("a contradicted order is submitted no more") { scene in
            let stage = try await scene.stage(chunkSizes: [2])
            let chunk = try await scene.claimOne(stage)
            let intent = try await scene.intent(for: chunk)
            var late = SettlementDecision()
            late.reviews = [.init(line: LineNumber(1), cause: .contradiction, code: "S000")]
            late.alarms = [.init(kind: .contradiction, code: "S000")]
            try await scene.store.noteContradictions(late, of: intent.submission, chunk: chunk)
            try scene.expectEqual(try await scene.store.recordIntent(intent), .ordersChanged, "the intent")
            let ready = try await scene.store.ordersToSubmit(of: chunk, limit: 10)
            try scene.expectEqual(ready.map(\.line), [LineNumber(2)], "orders to submit")
            try scene.expectEqual(
                try await scene.harness.reviews(of: stage.file).map(\.cause),
                [.contradiction],
                "open reviews"
            )
            try scene.expectEqual(
                try await scene.harness.alarms(of: stage.channel).map(\.kind),
                [.contradiction],
                "open alarms"
            )
        },
    ]
}

extension ContractScene {
    /// A move back to `ready`: the attempt has ended, and another follows.
    func again(
        _ line: Int32,
        _ from: OrderState,
        cause: FailureCause,
        code: String,
        after delay: TimeSpan = .zero
    ) -> OrderMove {
        OrderMove(
            line: LineNumber(line),
            from: from,
            to: .ready,
            cause: cause,
            code: code,
            next: NextAttempt(after: delay)
        )
    }
}
