import ChannelSimulator
import Glibc
import PaymentCore
import PostgresClient
import Testing

/// A channel that says one thing and then another: nothing moves, people learn of it, and no new order may pay the same
/// until they have looked (R8).
///
/// The company is consistent; it is our table that gives one code two meanings, or a wrong one.
@Suite struct ContradictionTests {
    /// A company, and how our table misreads it, by these changes.
    struct Misreading: Sendable, CustomTestStringConvertible {
        let company: Simulation
        let table: [CodeMeaning]
        /// The code of the answer that contradicts.
        let code: String
        /// State and code of the order, before that answer and after it.
        let stands: String
        /// Whether the state is what the company did.
        var isTrue = true
        let testDescription: String
    }

    /// A change of our table.
    struct CodeMeaning: Sendable {
        let place: String
        let text: String

        private static let notDone = #""E105": {meaning: not_done, cause: limit}"#
        /// What follows in the answer to a submit only.
        private static let submitEnd = [
            #"      "E201": {meaning: not_done, cause: channel}"#, #"      "E202": {meaning: not_done, cause: system}"#,
            "  query:",
        ].map { "\n\($0)" }.joined()

        static let stillAtWork = CodeMeaning(
            place: notDone + submitEnd,
            text: #""E105": processing"# + submitEnd
        )
        /// In the query: in the answer to a submit it stays what it was.
        static let done = [
            CodeMeaning(place: notDone, text: #""E105": done"#),
            CodeMeaning(place: #""E105": done"# + submitEnd, text: notDone + submitEnd),
        ]
        static let refused = CodeMeaning(
            place: "\"0000\": taken\n      \"2001\": processing",
            text: "\"0000\": taken\n      \"2001\": {meaning: refused, cause: system}"
        )
    }

    private static let account = BatchText(.payout, count: 1).lines[0].account
    private static let refusing = Simulation(
        settle: "{first: 1500ms, last: 1500ms}",
        accounts: ["\"\(account)\": {refuse_at_submit: E105}"]
    )
    private static let late = [
        Misreading(
            company: refusing,
            table: [.stillAtWork],
            code: "E105",
            stands: "failed E105",
            testDescription: "still at work on it, after a failure"
        ),
        Misreading(
            company: refusing,
            table: CodeMeaning.done,
            code: "E105",
            stands: "succeeded E105",
            isTrue: false,
            testDescription: "not done, after a success"
        ),
        Misreading(
            company: Simulation(accounts: ["\"\(account)\": {take_slowly: 1s}"]),
            table: [.refused],
            code: "2001",
            stands: "succeeded S000",
            testDescription: "refused as a whole, after a success"
        ),
    ]

    private static func list(_ table: [CodeMeaning], _ scene: FaultScene) throws {
        for channel in FaultScene.channels {
            for meaning in table { try scene.edit("channels/\(channel).yaml", meaning.place, meaning.text) }
        }
    }

    /// The order stands as it did; a person, the merchant and whoever is on call are told, each once.
    private static func expectTold(
        _ batch: Int64,
        _ code: String,
        stands: String,
        _ scene: FaultScene
    ) async throws {
        let state = try await scene.text(
            "SELECT state || ' ' || code FROM sluice.payment_order WHERE batch_id = $1 AND line_no = 1",
            [.int64(batch)]
        )
        #expect(state == stands)
        let reviews = try await scene.text(
            "SELECT string_agg(concat_ws(' ', cause, code, line_no), ', ') FROM sluice.review_item"
        )
        #expect(reviews == "contradiction \(code) 1")
        let listed = try await scene.run(["review", "list"]).output
        #expect(listed.contains("contradiction/harbor/"), "\(listed)")
        let alarms = try await scene.text(
            """
            SELECT string_agg(concat_ws(' ', kind, channel, batch_id, code), ', ') FROM sluice.alarm
            WHERE kind = 'contradiction'
            """
        )
        #expect(alarms == "contradiction harbor \(batch) \(code)")
        let told = try await scene.text(
            """
            SELECT string_agg(concat_ws(' ', batch_id, payload ->> 'lines'), ', ') FROM sluice.outbox
            WHERE topic = 'do_not_resubmit'
            """
        )
        #expect(told == "\(batch) [1]")
    }

    /// Of a new file, the order to the same account and amount is held, and the other one goes its way.
    private static func expectHeld(_ line: BatchText.Line, _ scene: FaultScene) async throws -> (Int64, BatchText) {
        var text = BatchText(.payout, count: 2, series: 2)
        text.lines[0].account = line.account
        text.lines[0].amountMinor = line.amountMinor
        let batch = try await scene.submit(text, name: "again.txt")
        try await scene.until(
            "the end of the other order",
            """
            SELECT count(*) FROM sluice.payment_order WHERE batch_id = \(batch) AND line_no = 2
                AND state IN ('succeeded', 'failed')
            """
        )
        let held = try await scene.text(
            "SELECT state || ' ' || code FROM sluice.payment_order WHERE batch_id = $1 AND line_no = 1",
            [.int64(batch)]
        )
        #expect(held == "held account_at_risk")
        let listed = try await scene.run(["review", "list"]).output
        #expect(listed.contains("account_at_risk/\(batch)"), "\(listed)")
        return (batch, text)
    }

    @Test(arguments: late) func `a late answer against a final state moves nothing and is told to everybody`(
        _ misreading: Misreading
    ) async throws {
        try await FaultScene.with(misreading.company) { scene in
            try scene.hurry()
            try Self.list(misreading.table, scene)
        } _: { scene in
            let text = BatchText(.payout, count: 1)
            let batch = try await scene.submit(text)
            let sleeper = try scene.start(
                ["worker"],
                FaultScene.impatient.merging(["SLUICE_FAULT": "stop@call_ended:1"]) { $1 }
            )
            try await Condition.wait("the stop", within: .seconds(30), because: { scene.tails }) { sleeper.isStopped }
            _ = try await scene.number(FaultScene.endTransactions)
            let other = try scene.start(["worker"], FaultScene.impatient)
            try await scene.until(
                "the answer to the other worker",
                "SELECT count(*) FROM sluice.payment_order WHERE state || ' ' || code = '\(misreading.stands)'"
            )
            #expect(try await scene.number("SELECT count(*) FROM sluice.review_item") == 0)
            sleeper.send(SIGCONT)
            try await scene.until(
                "the late answer",
                "SELECT count(*) FROM sluice.outbox WHERE topic = 'do_not_resubmit'"
            )
            try await scene.dismiss([sleeper])
            try await Self.expectTold(batch, misreading.code, stands: misreading.stands, scene)
            let shown = try await scene.run(["order", "show", "\(batch)-1"]).output
            #expect(shown.contains("late: kept as evidence, moved nothing"), "\(shown)")
            let again = try await Self.expectHeld(text.lines[0], scene)
            try await scene.dismiss([other])
            guard misreading.isTrue else {
                // By our table it is paid, by the company's books it is not: this is the money at risk.
                return try await Books(scene: scene).expectInvariants()
            }
            try await Books(scene: scene).expectToHold([(batch, text), again])
        }
    }

    @Test func `an answer in time that contradicts one of its orders is told once, however often it comes`()
        async throws
    {
        try await FaultScene.with(Self.refusing) { scene in
            try scene.hurry()
            try Self.list(CodeMeaning.done, scene)
        } _: { scene in
            let text = BatchText(.payout, count: 3)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.untilAtRest()
            let queries = try await scene.number(
                "SELECT count(*) FROM sluice.exchange WHERE kind = 'query' AND channel = 'harbor'"
            )
            #expect(queries > 1, "the other order of the submission was asked for again and again")
            try await Self.expectTold(batch, "E105", stands: "failed E105", scene)
            let again = try await Self.expectHeld(text.lines[0], scene)
            try await scene.dismiss([worker])
            try await Books(scene: scene).expectToHold([(batch, text), again])
        }
    }
}
