import ChannelSimulator
import Foundation
import PaymentCore
import Testing

/// What `sluice order explain` says of an order in each state, and that the engine does what it says.
@Suite struct ExplainTests {
    /// What `sluice order explain --json` tells.
    private struct Explained: Decodable {
        struct Condition: Decodable {
            let name: String
            let holds: Bool
            let because: String
        }

        struct Ruling: Decodable {
            let allowed: Bool
            let conditions: [Condition]

            /// The names of what stands in the way.
            var against: [String] { conditions.filter { !$0.holds }.map(\.name) }

            /// The evidence for a condition; empty if it is not among them.
            func because(_ name: String) -> String { conditions.first { $0.name == name }?.because ?? "" }
        }

        let order: String
        let state: String
        let code: String?
        let caveat: String?
        let resend: Ruling
        let nextAttempt: Ruling
        let close: Ruling
    }

    private static func explain(_ order: String, _ scene: FaultScene) async throws -> Explained {
        let program = try await scene.run(["order", "explain", order, "--json"])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let explained = try decoder.decode(Explained.self, from: Data(program.output.utf8))
        #expect(explained.order == order && explained.caveat == nil, "\(program.output)")
        return explained
    }

    /// The answers to the three questions, in their order, as a person reads them.
    private static func expectWords(_ order: String, _ answers: [String], _ scene: FaultScene) async throws {
        let words = try await scene.run(["order", "explain", order]).output
        let questions = ["May it be sent again, same number?", "May it go to another channel?", "May it be closed?"]
        for (question, answer) in zip(questions, answers) {
            #expect(words.contains("\(question)  \(answer)\n"), "\(words)")
        }
        #expect(words.contains("Order \(order)"), "\(words)")
    }

    private static func pause(_ lane: String, _ scene: FaultScene) async throws {
        let pause = ["channel", "pause", "harbor", "--lane", lane, "--reason", "a look at the rules"]
        try await scene.run(pause, scene.otto())
    }

    private static func resume(_ lane: String, _ scene: FaultScene) async throws {
        try await scene.run(["channel", "resume", "harbor", "--lane", lane], scene.otto())
    }

    @Test func `an order from ready to unknown, until it may be sent again, and is`() async throws {
        try await FaultScene.with(Simulation(behaviours: ["never_answer: 1000"])) { scene in
            try scene.hurry(polls: 40)
        } _: { scene in
            for lane in ["submit", "query"] { try await Self.pause(lane, scene) }
            let batch = try await scene.submit(BatchText(.payout, count: 1))
            let order = "\(batch)-1"
            let worker = try scene.start(["worker"])
            try await scene.until("the plan", "SELECT count(*) FROM sluice.work_chunk")
            let ready = try await Self.explain(order, scene)
            #expect(ready.state == "ready" && ready.resend.against == ["in_a_submission"])
            #expect(ready.resend.because("in_a_submission").contains("nothing was sent"))
            #expect(ready.nextAttempt.allowed && ready.nextAttempt.because("no_live_attempt").contains("next attempt"))
            #expect(ready.close.because("evidence").hasPrefix("nothing was sent"))
            try await Self.expectWords(order, ["No.", "Yes.", "No."], scene)

            try await Self.resume("submit", scene)
            try await scene.until(
                "the time-out of its send",
                "SELECT count(*) FROM sluice.payment_order WHERE state = 'unknown'"
            )
            try await Self.pause("submit", scene)
            let unknown = try await Self.explain(order, scene)
            #expect(unknown.state == "unknown" && unknown.resend.against == ["absence_counted"])
            #expect(unknown.resend.because("absence_counted") == "0 of 3 not-found answers in a row count")
            #expect(unknown.resend.because("protection_window").contains("s are left of the window"))
            #expect(unknown.nextAttempt.against == ["can_never_settle"])
            #expect(unknown.nextAttempt.because("can_never_settle").contains("absence is not evidence (R5)"))
            #expect(unknown.close.against == ["evidence"])
            #expect(unknown.close.because("evidence").contains("1 without a known outcome"))
            try await Self.expectWords(order, ["No.", "No.", "No."], scene)

            try await Self.resume("query", scene)
            try await scene.until("enough absence", "SELECT count(*) FROM sluice.work_chunk WHERE kind = 'send'")
            let absent = try await Self.explain(order, scene)
            #expect(absent.state == "unknown" && absent.resend.allowed)
            #expect(
                Set(absent.resend.conditions.map(\.name)).isSuperset(of: [
                    "order_open", "open", "nothing_under_way", "absence_counted", "duplicate_check", "resend_policy",
                    "never_taken", "sends_left", "clock", "protection_window",
                ])
            )
            #expect(absent.resend.conditions.allSatisfy { !$0.because.isEmpty }, "each condition names its evidence")
            #expect(absent.resend.because("absence_counted") == "3 of 3 not-found answers in a row count")
            #expect(absent.resend.because("sends_left").hasPrefix("1 of at most"))
            #expect(absent.nextAttempt.against == ["can_never_settle"], "another number could pay twice")
            #expect(absent.nextAttempt.because("attempts_left") == "0 of at most 3 attempts have failed")
            #expect(absent.nextAttempt.because("other_channel") == "it may go to meridian")
            #expect(absent.close.because("evidence").contains("the last answer said 1404"))
            try await Self.expectWords(order, ["Yes.", "No.", "No."], scene)

            try await Self.resume("submit", scene)
            try await scene.until("the second send", "SELECT count(*) FROM sluice.submission WHERE sends = 2")
            try await scene.dismiss([worker])
            let copies = try TruthFile.read(path: scene.truthPath).channels["harbor"]?.copies.values.map(\.self) ?? []
            #expect(copies.map(\.times.count) == [2] && copies.map(\.bodies.count) == [1], "the same, under one number")
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test func `an order whose send may be under way may neither be sent again nor go elsewhere`() async throws {
        try await FaultScene.with(.honest) { scene in
            let text = BatchText(.payout, count: 1)
            let batch = try await scene.submit(text)
            let sleeper = try scene.start(["worker"], ["SLUICE_FAULT": "stop@intent_committed:1"])
            try await Condition.wait("the stop", within: .seconds(30), because: { scene.tails }) { sleeper.isStopped }
            let submitting = try await Self.explain("\(batch)-1", scene)
            #expect(submitting.state == "submitting")
            #expect(submitting.resend.against == ["nothing_under_way", "absence_counted"])
            #expect(submitting.resend.because("nothing_under_way") == "a send may still be under way (R6)")
            #expect(submitting.nextAttempt.against == ["can_never_settle"])
            #expect(submitting.nextAttempt.because("can_never_settle").hasPrefix("1 of 1 sends may have arrived"))
            #expect(submitting.close.because("evidence").contains("1 without a known outcome"))
            sleeper.send(SIGCONT)
            try await scene.untilAtRest()
            try await scene.dismiss([sleeper])
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `an order of which no byte ever left may be sent again, and may go elsewhere`() async throws {
        try await FaultScene.with(.honest) { scene in
            try scene.control.put("harbor", into: .refused)
            let text = BatchText(.payout, count: 1)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.until("a send that fails", "SELECT count(*) FROM sluice.submission WHERE sends_unsent > 0")
            try await Self.pause("submit", scene)
            try await scene.until(
                "the end of its last send",
                "SELECT count(*) FROM sluice.submission WHERE in_flight_kind IS NULL AND sends = sends_unsent"
            )
            let unsent = try await Self.explain("\(batch)-1", scene)
            #expect(unsent.state == "submitting" && unsent.resend.allowed && unsent.nextAttempt.allowed)
            #expect(unsent.resend.because("proven_unsent").contains("the same number again is harmless (R4)"))
            #expect(unsent.nextAttempt.because("can_never_settle").hasSuffix("sends is proven unsent"))
            #expect(unsent.nextAttempt.because("other_channel") == "it may go to meridian")
            #expect(unsent.close.because("evidence").contains("0 without a known outcome"))
            try await Self.expectWords("\(batch)-1", ["Yes.", "Yes.", "No."], scene)
            try scene.control.put("harbor", into: .healthy)
            try await Self.resume("submit", scene)
            try await scene.untilAtRest()
            try await scene.dismiss([worker])
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `a final order names its evidence and goes nowhere, and an order that is none has its exit code`()
        async throws
    {
        let text = BatchText(.payout, count: 2)
        let simulation = Simulation(accounts: ["\"\(text.lines[1].account)\": {refuse_at_submit: E101}"])
        try await FaultScene.with(simulation) { scene in
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.untilAtRest()
            try await scene.dismiss([worker])
            for (line, state, code) in [(1, "succeeded", "S000"), (2, "failed", "E101")] {
                let explained = try await Self.explain("\(batch)-\(line)", scene)
                #expect(explained.state == state && explained.code == code)
                for ruling in [explained.resend, explained.nextAttempt] {
                    #expect(ruling.against == ["order_open"])
                    #expect(ruling.because("order_open") == "the order is \(state), which is final")
                }
                let evidence = explained.close.because("evidence")
                #expect(explained.close.allowed && evidence.hasPrefix("closed by exchange"), "\(evidence)")
                #expect(evidence.hasSuffix("code \(code)"), "\(evidence)")
                try await Self.expectWords("\(batch)-\(line)", ["No.", "No.", "Yes."], scene)
            }
            for (order, status) in [("\(batch)-3", Int32(1)), ("999-1", 1), ("twelve", 2), ("1-0", 2)] {
                let refused = try await scene.run(["order", "explain", order], expecting: status)
                #expect(refused.output.isEmpty)
                #expect(refused.log.contains(status == 1 ? "there is no order \(order)" : order), "\(refused.log)")
            }
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }
}
