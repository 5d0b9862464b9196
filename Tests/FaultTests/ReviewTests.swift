import Foundation
import PaymentCore
import PostgresClient
import Testing

/// What people do with the built program: each story from what went wrong to books that hold.
@Suite struct ReviewTests {
    private struct Incident {
        let name, cause: String
        let orders: Int
        let amounts: [String: Int]

        /// What the decision is about, as the list shows it.
        var about: [String] {
            ["--orders", "\(orders)"]
                + amounts.sorted { $0.key < $1.key }.flatMap { ["--amount", "\($0.key)=\($0.value)"] }
        }
    }

    private static func incidents(_ scene: FaultScene) async throws -> [Incident] {
        let listed = try await scene.run(["review", "list", "--json"]).json() as? [String: Any]
        return try #require(listed?["incidents"] as? [[String: Any]]).map { row in
            Incident(
                name: try #require(row["incident"] as? String),
                cause: try #require(row["cause"] as? String),
                orders: try #require(row["orders"] as? Int),
                amounts: try #require(row["amounts"] as? [String: Int])
            )
        }
    }

    /// A run ends when nothing is due; what is due later waits for the next start.
    private static func runUntil(_ what: String, _ scene: FaultScene, _ sql: String) async throws {
        try await Condition.wait(what, within: .seconds(60), because: { scene.tails }) {
            if try await scene.number(sql) == 1 { return true }
            _ = try await scene.start(["run", "all", "--json"]).end()
            return false
        }
    }

    private static let finished = "SELECT (NOT EXISTS (SELECT FROM sluice.batch_file WHERE state <> 'finished'))::int"

    @Test func `a file above a ceiling is loaded and held until a person approves it`() async throws {
        try await FaultScene.with(.honest) { scene in
            let text = BatchText(.payout, count: 60)
            try scene.edit("merchants/MER-PAYOUT.yaml", "file: {CNY: 10000000000000}", "file: {CNY: \(text.sum - 1)}")
            let batch = try await scene.submit(text)
            let run = try await scene.run(["run", "all", "--json"], expecting: 3)
            #expect(run.output.contains("\"review_items\":1"), "\(run.output)")
            let held = try await scene.text(
                """
                SELECT f.state || ' ' || count(*) || ' ' || min(o.state::text) || ' ' || min(o.code)
                FROM sluice.batch_file f JOIN sluice.payment_order o USING (batch_id) GROUP BY f.state
                """
            )
            #expect(held == "working 60 held ceiling_file")
            #expect(try await scene.number("SELECT count(*) FROM sluice.result_file") == 0, "not due yet")
            let listed = try await scene.run(["review", "list"])
            #expect(listed.output.contains("ceiling_exceeded") && listed.output.contains("approve"), "\(listed.output)")

            let incident = try #require(try await Self.incidents(scene).first)
            #expect(incident.name == "ceiling/\(batch)" && incident.orders == 60)
            #expect(incident.amounts == ["CNY": Int(text.sum)])
            let note = ["--comment", "confirmed by phone"]
            let wrong = ["--orders", "59", "--amount", "CNY=\(text.sum)"]
            let refused = try await scene.run(
                ["review", "decide", incident.name, "approve"] + wrong + note,
                scene.anna(),
                expecting: 1
            )
            #expect(refused.log.contains("60 orders"), "\(refused.log)")
            let explained = try await scene.run(["order", "explain", "\(batch)-1"]).output
            #expect(explained.contains("held until a person decides: ceiling"), "\(explained)")
            #expect(explained.contains("incident ceiling/\(batch)") && !explained.contains("Yes."), "\(explained)")
            let misfit = ["review", "decide", incident.name, "ask-again"] + incident.about + note
            #expect(try await scene.run(misfit, scene.anna(), expecting: 2).log.contains("approve, cancel"))
            let decide = ["review", "decide", incident.name, "approve"] + incident.about + note
            #expect(try await scene.run(decide, expecting: 2).log.contains("sluice login"), "nobody is logged in")
            try await scene.runByTwo(decide)
            let again = try await scene.run(decide, scene.anna(), expecting: 1)
            #expect(again.log.contains("no open review item"), "\(again.log)")
            try await Books(scene: scene).expectInvariants()
            try await Self.runUntil("the end of the file", scene, Self.finished)
            try await Books(scene: scene).expectToHold([(batch, text)])
            #expect(try await scene.number("SELECT count(*) FROM sluice.payment_order WHERE state = 'succeeded'") == 60)
        }
    }

    @Test func `a file that is held past its deadline has a result that says so, and one that is cancelled its end`()
        async throws
    {
        try await FaultScene.with { scene in
            let text = BatchText(.payout, count: 30)
            try await scene.owner.transaction("test") {
                try $0.executeScript("UPDATE sluice.merchant SET result_due_after = '0 seconds'")
            }
            let ceiling = ["SLUICE_CEILINGS_DAY": "CNY=\(text.sum - 1)"]
            let batch = try await scene.submit(text)
            try await scene.run(["run", "all"], ceiling, expecting: 3)
            #expect(try await scene.state(of: batch) == "working")
            let first = try await scene.run(["file", "result", "\(batch)"])
            #expect(first.output.components(separatedBy: "UNDER_REVIEW").count == 31, "\(first.output.prefix(500))")
            #expect(first.log.contains("not final"), "\(first.log)")

            let anna = try await scene.anna()
            let one = ["order", "cancel", "\(batch)-1", "--state", "held"]
            let mistaken = try await scene.run(
                one + ["--amount", "\(text.lines[0].amountMinor + 1)"],
                anna,
                expecting: 1
            )
            #expect(mistaken.log.contains("nothing was cancelled"), "\(mistaken.log)")
            try await scene.run(one + ["--amount", "\(text.lines[0].amountMinor)"], anna)
            #expect(try await scene.run(one, anna, expecting: 1).log.contains("nothing was cancelled"))
            let incident = try #require(try await Self.incidents(scene).first)
            #expect(incident.orders == 29)
            let decide = ["review", "decide", incident.name, "cancel"] + incident.about + ["--comment", "a load test"]
            try await scene.runByTwo(decide)
            try await Self.runUntil("the end of the file", scene, Self.finished)
            let last = try await scene.run(["file", "result", "\(batch)"])
            #expect(last.output.components(separatedBy: "FAILED").count == 31, "\(last.output.prefix(500))")
            try await Books(scene: scene).expectInvariants()
        }
    }

    @Test func `orders that the channel never answers for are settled on a person's evidence`() async throws {
        var silent = Simulation()
        silent.behaviours = ["never_answer: 1000"]
        silent.items = ["never_finish: 1000"]
        try await FaultScene.with(silent) { scene in
            let text = BatchText(.payout, count: 4)
            let batch = try await scene.submit(text)
            _ = try await scene.start(["run", "all"]).end()
            let sent = "SELECT (count(*) = 4)::int FROM sluice.payment_order WHERE state IN ('unknown', 'processing')"
            try await Self.runUntil("sends without an end", scene, sent)
            let late = try await scene.run(["order", "cancel", "\(batch)-1"], scene.anna(), expecting: 1)
            #expect(late.log.contains("too late") && late.log.contains("order show"), "\(late.log)")
            // As if the last poll had been made: what the engine itself would do after hours.
            try await scene.owner.transaction("test") {
                try $0.executeScript(
                    "UPDATE sluice.submission SET polls = 10000; UPDATE sluice.work_chunk SET due_at = now()"
                )
            }
            let waiting = "SELECT (count(*) = 0)::int FROM sluice.work_chunk"
            try await Self.runUntil("the end of asking", scene, waiting)
            try await Self.expectUnknownElsewhere("\(batch)-1", scene)
            let evidence = ["--evidence", "letter of the bank, 12 May", "--comment", "asked twice"]
            for incident in try await Self.incidents(scene) {
                #expect(incident.cause == "polls_exhausted")
                let asked =
                    ["review", "decide", incident.name, "ask-again"] + incident.about + ["--comment", "once more"]
                try await scene.runByTwo(asked)
            }
            try await Books(scene: scene).expectInvariants()
            try await scene.owner.transaction("test") {
                try $0.executeScript(
                    "UPDATE sluice.submission SET polls = 10000; UPDATE sluice.work_chunk SET due_at = now()"
                )
            }
            try await Self.runUntil("the end of asking", scene, waiting)
            for line in 1...4 {
                let order = "\(batch)-\(line)"
                let item = try await scene.number(
                    """
                    SELECT min(r.item_id) FROM sluice.review_item r JOIN sluice.payment_order o
                        ON o.batch_id = r.batch_id AND o.submission_no = r.submission_no
                    WHERE r.closed_at IS NULL AND o.line_no = \(line)
                    """
                )
                let amount = "\(text.lines[line - 1].amountMinor)"
                let named = ["--order", order, "--amount", amount, "--state", "unknown"]
                let decide = ["review", "decide", "\(item)", "succeeded"] + named
                let unproven = try await scene.run(decide + ["--comment", "by phone"], scene.anna(), expecting: 2)
                #expect(unproven.log.contains("R8"), "\(unproven.log)")
                try await scene.runByTwo(decide + evidence)
                let shown = try await scene.run(["order", "show", order])
                #expect(shown.output.contains("letter of the bank"), "\(shown.output)")
                let explained = try await scene.run(["order", "explain", order]).output
                #expect(explained.contains("May it be closed?  Yes."), "\(explained)")
                #expect(explained.contains("+ closed by decision "), "\(explained)")
                #expect(explained.contains("letter of the bank, 12 May; note: asked twice"), "\(explained)")
            }
            try await Self.runUntil("the end of the file", scene, Self.finished)
            #expect(try await Self.incidents(scene).isEmpty)
            try await Books(scene: scene).expectInvariants()
        }
    }

    /// Where its channels are not described, nothing is allowed of an order that may have been paid.
    private static func expectUnknownElsewhere(_ order: String, _ scene: FaultScene) async throws {
        let elsewhere = "\(scene.folder)/elsewhere"
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: "\(scene.configuration)/sluice.yaml",
            toPath: "\(elsewhere)/sluice.yaml"
        )
        let words = try await scene.run(["order", "explain", order], ["SLUICE_CONFIG": elsewhere], expecting: 2).output
        #expect(words.contains("May it be sent again, same number?  No: it cannot be judged here.\n"), "\(words)")
        #expect(words.contains("May it go to another channel?  No.\n"), "\(words)")
        #expect(words.contains("is missing in this configuration"), "\(words)")
        #expect(!words.contains("Yes.") && !words.contains("nothing was sent"), "\(words)")
        let flag = ["order", "explain", order, "--config", elsewhere, "--json"]
        let json = try await scene.run(flag, expecting: 2).json() as? [String: Any]
        for question in ["resend", "next_attempt", "close"] {
            #expect((json?[question] as? [String: Any])?["allowed"] as? Bool == false, "\(question)")
        }
    }

    @Test func `nobody decides without a session, nor under a name that is told`() async throws {
        let production = ["SLUICE_ENVIRONMENT_CLASS": "production"]
        try await FaultScene.with(stamped: production) { scene in
            try scene.empty(["channels", "merchants"])
            let decide = ["review", "decide", "1", "load", "--orders", "1", "--amount", "CNY=1", "--comment", "n"]
            // Without a database that could be asked.
            let nowhere = ["SLUICE_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"]
            let refused = try await scene.run(decide, production.merging(nowhere) { $1 }, expecting: 2)
            #expect(refused.log.contains("nobody is logged in"), "\(refused.log)")
            // Nor whoever asks the database itself.
            let error = await #expect(throws: PostgresError.self) {
                try await scene.owner.transaction("decide") { transaction in
                    _ = try transaction.query(
                        """
                        SELECT * FROM sluice.propose_decision(sha256('anna'), '1', 'load', 'note', NULL, NULL, NULL, 1,
                            '{CNY}', '{1}', NULL, '{}', '{}', '{}', '{}', false)
                        """
                    )
                }
            }
            #expect(error?.sqlState == "SL017")
            #expect(try await scene.number("SELECT count(*) FROM sluice.review_decision") == 0)
        }
    }
}
