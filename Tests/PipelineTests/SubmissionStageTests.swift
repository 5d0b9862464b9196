import ChannelKit
import PaymentCore
import Pipeline
import Store
import StoreTesting
import Testing

/// The lanes on the store in memory: what is sent, how often, and what is believed.
struct `The submit and query lanes` {
    private static let taken = CallOutcome.answered(
        ChannelAnswer(header: .taken, headerCode: "0000", items: [])
    )
    private static let notFound = CallOutcome.answered(
        ChannelAnswer(header: .notFound, headerCode: "1404", items: [])
    )

    private static func found(_ meaning: ItemMeaning, code: String, orders: ClosedRange<Int32>) -> CallOutcome {
        .answered(
            ChannelAnswer(
                header: .found,
                headerCode: "0000",
                items: orders.map { item in
                    ItemAnswer(
                        item: item,
                        code: code,
                        meaning: meaning,
                        echo: ItemAnswer.Echo(
                            accountNumber: "62220200000000000\(item)",
                            amountMinor: 100 + Int64(item),
                            currency: "CNY"
                        )
                    )
                }
            )
        )
    }

    @Test func `take a file the straight way with three updates an order at most`() async throws {
        let scene = try SubmissionScene()
        scene.channel.answer([Self.taken], then: Self.found(.done, code: "S000", orders: 1...4))
        try await scene.work(for: .seconds(10))
        #expect(scene.states == [.succeeded, .succeeded, .succeeded, .succeeded])
        #expect(scene.channel.sends.count == 1)
        #expect(scene.store.orders(of: scene.batch).allSatisfy { $0.updates ?? 0 <= 3 })
        #expect(scene.store.chunks(of: scene.batch).isEmpty)
    }

    @Test(arguments: [CommitFault.failsBefore, .commitsThenUnknown, .failsAfterRollback])
    func `send nothing when the intent's commit is not certain`(_ fault: CommitFault) async throws {
        let scene = try SubmissionScene()
        scene.store.plan(fault, for: .recordIntent)
        scene.channel.answer([], then: Self.taken)
        try await scene.work(.submit)
        #expect(scene.channel.calls.isEmpty, "R1: nothing may leave before the intent is committed")
    }

    @Test func `ask, and never send again, when the worker dies between call and record`() async throws {
        let scene = try SubmissionScene()
        scene.store.plan(.failsBefore, for: .record)
        scene.channel.answer([Self.taken], then: Self.found(.done, code: "S000", orders: 1...4))
        try await scene.work(for: .seconds(60))
        #expect(scene.channel.sends.count == 1)
        #expect(scene.states.allSatisfy { $0 == .succeeded })
    }

    @Test func `keep number and envelope while every send is proven unsent`() async throws {
        let scene = try SubmissionScene()
        let unsent = CallOutcome.notSent("connect")
        scene.channel.answer(
            [unsent, unsent, unsent, Self.taken],
            then: Self.found(.done, code: "S000", orders: 1...4)
        )
        try await scene.work(.submit)
        #expect(scene.states.allSatisfy { $0 == .submitting }, "not sent yet, plainly")
        try await scene.work(for: .seconds(60))
        #expect(scene.channel.sends.count == 4)
        #expect(Set(scene.channel.sends).count == 1, "R6: the same envelope each time")
        #expect(scene.states.allSatisfy { $0 == .succeeded })
    }

    @Test func `resend the same envelope after absence was proven, and only so often`() async throws {
        let scene = try SubmissionScene()
        scene.channel.answer([.unknown("timeout")], then: Self.notFound)
        try await scene.work(for: .minutes(3))
        #expect((2...3).contains(scene.channel.sends.count), "\(scene.channel.sends.count)")
        #expect(Set(scene.channel.sends).count == 1)
        #expect(scene.states.allSatisfy { $0 == .unknown }, "absence never fails an order (R5)")
        #expect(!scene.store.reviews(of: scene.batch).isEmpty)
    }

    @Test func `never send again what the channel had taken`() async throws {
        let scene = try SubmissionScene()
        scene.channel.answer([Self.taken], then: Self.notFound)
        try await scene.work(for: .minutes(3))
        #expect(scene.channel.sends.count == 1)
        #expect(scene.states.allSatisfy { $0 == .unknown })
        #expect(scene.store.alarms().contains { $0.kind == .takenThenNotFound })
    }

    @Test func `end in a review item, never in failure, when no answer is final`() async throws {
        let scene = try SubmissionScene()
        scene.channel.answer([Self.taken], then: Self.found(.unknown(listed: false), code: "X999", orders: 1...4))
        try await scene.work(for: .minutes(5))
        #expect(scene.states.allSatisfy { $0 == .unknown })
        #expect(scene.store.chunks(of: scene.batch).isEmpty)
        #expect(scene.store.reviews(of: scene.batch).contains { $0.cause == .pollsExhausted })
        let polls = scene.channel.calls.count - 1
        #expect(polls <= 12, "polls are bounded (R7)")
    }

    @Test func `believe no success for another amount`() async throws {
        let scene = try SubmissionScene(orders: 1)
        let wrong = ItemAnswer(
            item: 1,
            code: "S000",
            meaning: .done,
            echo: ItemAnswer.Echo(accountNumber: "622202000000000001", amountMinor: 999, currency: "CNY")
        )
        let answer = ChannelAnswer(header: .found, headerCode: "0000", items: [wrong])
        scene.channel.answer([Self.taken], then: .answered(answer))
        try await scene.work(for: .minutes(5))
        #expect(scene.states == [.unknown])
        #expect(scene.store.reviews(of: scene.batch).contains { $0.cause == .answerMismatch })
    }

    @Test func `set an order aside that no message can carry, and send the rest`() async throws {
        let scene = try SubmissionScene(accountName: String(repeating: "x", count: 600))
        scene.channel.answer([Self.taken], then: Self.found(.processing, code: "P001", orders: 1...3))
        try await scene.work(for: .seconds(2))
        #expect(scene.states == [.processing, .ready, .processing, .processing])
        #expect(
            scene.store.reviews(of: scene.batch).contains { $0.line == LineNumber(2) && $0.cause == .unfitForChannel }
        )
    }

    @Test(arguments: [
        ("{repertoire: ascii}", "张三"), ("{repertoire: gbk}", "𠮷野"),
        ("{repertoire: utf8, counted_in: characters, length_max: {account_name: 6}}", "Payee 2"),
    ])
    func `set an order aside that this channel does not carry, and send the rest`(
        text: String,
        name: String
    ) async throws {
        let scene = try SubmissionScene(accountName: name, text: text)
        scene.channel.answer([Self.taken], then: Self.found(.processing, code: "P001", orders: 1...3))
        try await scene.work(for: .seconds(2))
        #expect(scene.states == [.processing, .ready, .processing, .processing])
        #expect(
            scene.store.reviews(of: scene.batch).contains { $0.line == LineNumber(2) && $0.cause == .unfitForChannel }
        )
    }

    @Test func `do not send an order that was cancelled first`() async throws {
        let scene = try SubmissionScene()
        #expect(scene.store.cancelOrder(LineNumber(3), batch: scene.batch))
        scene.channel.answer([Self.taken], then: Self.found(.done, code: "S000", orders: 1...2))
        try await scene.work(.submit)
        #expect(scene.states == [.processing, .processing, .cancelled, .processing])
    }
}
