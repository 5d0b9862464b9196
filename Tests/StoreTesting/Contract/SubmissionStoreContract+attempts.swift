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
            // Planned twice, so that its next attempt has a chunk already.
            let channel = try await scene.harness.makeChannel(
                specificationSHA256: ContractScene.specification,
                submitSlots: 4,
                querySlots: 4,
                interval: .zero,
                breaker: LaneRules.Breaker(failures: 100)
            )
            let line = PlannedChunk(channel: channel, lines: ContractScene.lines(1...1))
            let file = try await scene.harness.seedFile(orders: 1, chunks: [line, line])
            let stage = ContractScene.Stage(channel: channel, file: file)
            let first = try await scene.claimOne(stage)
            let intent = try await scene.intent(for: first)
            let send = try await scene.record(intent)
            // Anna sleeps past her lease; Bert hears that the attempt has failed.
            try await scene.harness.advance(by: .minutes(11))
            let asked = try await scene.claimOne(stage, .query, worker: ContractScene.bert)
            guard let query = try await scene.record(scene.change(asked, of: intent, begins: .query)) else {
                throw scene.failure("the query is recorded")
            }
            try await scene.record(
                scene.change(
                    asked,
                    of: intent,
                    ended: scene.answered(query),
                    decision: scene.decision(scene.again(1, .submitting, cause: .system, code: "E202")),
                    next: .finish
                )
            )
            // What Anna heard moves nothing, and says that it was paid.
            let paid = ItemAnswer(
                item: 1,
                code: "S000",
                meaning: .done,
                echo: ItemAnswer.Echo(
                    accountNumber: ContractScene.accountNumber(of: LineNumber(1)),
                    amountMinor: ContractScene.amountMinor(of: LineNumber(1)),
                    currency: "CNY"
                )
            )
            var late = scene.change(first, of: intent, ended: scene.answered(send, header: .taken))
            late.lateActions = [
                .decideItems(
                    ItemDecision(items: [paid], kind: .submit, failureIsFinal: true, unmentioned: .processing)
                )
            ]
            try scene.expectEqual(try await scene.store.record(late), .stale, "the late answer")
            try scene.expectEqual(try await scene.states(stage), [.ready], "states of the orders")
            try scene.expectEqual(
                try await scene.harness.exchanges(of: file).map(\.isLate),
                [true, false],
                "late"
            )
            try scene.expectEqual(
                try await scene.harness.reviews(of: file).map(\.cause),
                [.contradiction],
                "open reviews"
            )
            try scene.expectEqual(
                try await scene.harness.alarms(of: channel).map(\.kind),
                [.contradiction],
                "open alarms"
            )
            let next = try await scene.claimOne(stage)
            try scene.expectEqual(
                try await scene.store.ordersToSubmit(of: next, limit: 10).count,
                0,
                "orders to submit"
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
