import ChannelSimulator
import Foundation
import PaymentCore
import PostgresClient
import Testing

/// Orders whose attempt ended with proof: what they do next, and when they have had enough (R9).
@Suite struct RerouteTests {
    /// What `sluice order show --json` tells of an order's attempts.
    private struct Story: Decodable {
        struct Submission: Decodable {
            let submission: Int32
            let channel: String
            let number: String
            let phase: String
        }

        struct Attempt: Decodable {
            let attempt: Int
            let channel: String
            let submission: Int32
            let cause: String
            let code: String
        }

        let state: String
        let attempt: Int
        let submission: Int32?
        let submissions: [Submission]
        let attempts: [Attempt]
    }

    /// How harbor refuses, with proof that nothing of it will ever be paid.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let cause: String
        let code: String
        /// What it does to items; nothing where it refuses the message as a whole.
        var items: [String] = []
        let testDescription: String
    }

    private static let refusals = [
        Refusal(
            cause: "channel",
            code: "E201",
            items: ["refuse_at_submit: {E201: 1000}"],
            testDescription: "item by item, in the answer to the submit"
        ),
        Refusal(
            cause: "system",
            code: "E202",
            items: ["refuse: {E202: 1000}"],
            testDescription: "item by item, in the answer to a query"
        ),
        Refusal(cause: "system", code: "1001", testDescription: "the message as a whole"),
    ]

    private static let amount = "amount_max: 500000000"
    /// The line of an order that is planned for harbor.
    private static let first = 1
    private static let finished = "SELECT count(*) FROM sluice.batch_file WHERE state = 'finished'"
    private static let succeeded = "SELECT count(*) FROM sluice.payment_order WHERE state = 'succeeded'"

    private static func story(_ batch: Int64, _ scene: FaultScene) async throws -> Story {
        let shown = try await scene.run(["order", "show", "\(batch)-\(first)", "--json"])
        return try JSONDecoder().decode(Story.self, from: Data(shown.output.utf8))
    }

    @Test(arguments: refusals)
    func `orders that one channel refuses go to the other under another number, and are paid there once`(
        _ refusal: Refusal
    ) async throws {
        let simulation = Simulation(itemsOf: ["harbor": refusal.items])
        try await FaultScene.with(simulation) { scene in
            // The company takes smaller amounts than we shall believe.
            if refusal.items.isEmpty { try scene.edit("channels/harbor.yaml", Self.amount, "amount_max: 10") }
        } _: { scene in
            if refusal.items.isEmpty {
                try scene.edit("channels/harbor.yaml", "amount_max: 10", Self.amount)
                try await scene.run(["channel", "activate", "harbor"])
            }
            let text = BatchText(.payout, count: 10)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.until("the end of the file", Self.finished)
            try await scene.dismiss([worker])
            #expect(try await scene.number(Self.succeeded) == 10)
            let ended = try await scene.text(
                """
                SELECT count(*) || ' ' || string_agg(DISTINCT concat_ws(' ', a.attempt_no, a.channel, a.cause, a.code,
                    'then', o.attempt_no, o.channel), ', ')
                FROM sluice.payment_attempt a JOIN sluice.payment_order o USING (batch_id, line_no)
                """
            )
            #expect(ended == "6 1 harbor \(refusal.cause) \(refusal.code) then 2 meridian")

            let story = try await Self.story(batch, scene)
            #expect(story.state == "succeeded" && story.attempt == 2)
            #expect(story.attempts.map(\.channel) == ["harbor"] && story.attempts.map(\.code) == [refusal.code])
            #expect(story.submissions.map(\.channel) == ["harbor", "meridian"])
            #expect(story.submissions.map(\.submission) == [story.attempts[0].submission, story.submission])
            #expect(Set(story.submissions.map(\.number)).count == 2, "a second attempt has a number of its own")
            let words = try await scene.run(["order", "show", "\(batch)-\(Self.first)"]).output
            #expect(words.contains("Ended attempts") && words.contains(refusal.code), "\(words)")
            for submission in story.submissions {
                #expect(words.contains("on \(submission.channel)") && words.contains(submission.number), "\(words)")
            }
            let truth = try TruthFile.read(path: scene.truthPath)
            #expect(truth.channels["harbor"]?.payments.isEmpty == true)
            #expect(truth.channels["meridian"]?.payments.count == 10)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    /// A merchant's rule, and what all channels answer.
    struct Limit: Sendable, CustomTestStringConvertible {
        let rule: String
        let code: String
        let attempts: Int64
        let testDescription: String
    }

    @Test(arguments: [
        Limit(rule: "max: 1", code: "E201", attempts: 1, testDescription: "one attempt, although a channel is left"),
        Limit(rule: "max: 3", code: "E201", attempts: 2, testDescription: "no channel is left that was not tried"),
        Limit(
            rule: "max: 2\n  limit_after: 1s",
            code: "E105",
            attempts: 2,
            testDescription: "a limit is tried again later, as often as allowed"
        ),
        Limit(rule: "max: 3", code: "E105", attempts: 1, testDescription: "a limit without a time is final"),
    ]) func `an order that used up its attempts stays failed, and the merchant's result is final`(
        _ limit: Limit
    ) async throws {
        try await FaultScene.with(Simulation(items: ["refuse_at_submit: {\(limit.code): 1000}"])) { scene in
            try scene.edit("merchants/MER-PAYOUT.yaml", "  max: 3 ", "  \(limit.rule) ")
        } _: { scene in
            let text = BatchText(.payout, count: 10)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.until("the end of the file", Self.finished)
            try await scene.dismiss([worker])
            let orders = try await scene.text(
                """
                SELECT count(*) || ' ' || string_agg(DISTINCT concat_ws(' ', state, code, attempt_no), ', ')
                FROM sluice.payment_order
                """
            )
            #expect(orders == "10 failed \(limit.code) \(limit.attempts)")
            let ended = try await scene.number("SELECT count(*) FROM sluice.payment_attempt")
            #expect(ended == 10 * (limit.attempts - 1))
            let early = try await scene.number(
                """
                SELECT count(*) FROM sluice.payment_attempt a JOIN sluice.payment_order o USING (batch_id, line_no)
                JOIN sluice.submission s ON s.batch_id = o.batch_id AND s.submission_no = o.submission_no
                WHERE a.cause = 'limit' AND s.intended_at < a.ended_at + interval '1 second'
                """
            )
            #expect(early == 0, "a limit was tried again before its time")
            let channels = try await Self.story(batch, scene).submissions.map(\.channel)
            #expect(channels == Array(["harbor", "meridian"].prefix(Int(limit.attempts))))
            let result = try await scene.run(["file", "result", "\(batch)"])
            #expect(result.output.components(separatedBy: "FAILED").count == 11, "\(result.output)")
            #expect(!result.log.contains("not final"), "\(result.log)")
            let truth = try TruthFile.read(path: scene.truthPath)
            #expect(truth.channels.values.allSatisfy { $0.payments.isEmpty })
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `what a channel that cannot be reached gives up unsent goes to the other one`() async throws {
        try await FaultScene.with(.honest) { scene in
            try scene.edit("channels/harbor.yaml", "  first: 200ms", "  sends_max: 2\n  first: 200ms")
        } _: { scene in
            try scene.control.put("harbor", into: .refused)
            let text = BatchText(.payout, count: 10)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.until("the end of the file", Self.finished)
            try await scene.dismiss([worker])
            #expect(try await scene.number(Self.succeeded) == 10)
            let story = try await Self.story(batch, scene)
            #expect(story.attempts.map(\.channel) == ["harbor"] && story.attempts.map(\.cause) == ["channel"])
            #expect(story.attempts.map(\.code) == ["given_up_unsent"])
            #expect(story.submissions.map(\.channel) == ["harbor", "meridian"])
            let unsent = try await scene.text(
                """
                SELECT string_agg(concat_ws(' ', phase, sends, sends_unsent, polls), ', ') FROM sluice.submission
                WHERE channel = 'harbor'
                """
            )
            #expect(unsent == "settled 2 2 0")
            let truth = try TruthFile.read(path: scene.truthPath)
            #expect(truth.channels["harbor"]?.copies.isEmpty ?? true, "nothing may have arrived")
            #expect(truth.channels["meridian"]?.payments.count == 10)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }
}
