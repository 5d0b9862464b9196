import ChannelSimulator
import Foundation
import Glibc
import PaymentCore
import PostgresClient
import Testing

/// Quarantine cleared by two people with the built program: from what was set aside to what was paid.
@Suite struct ReleaseTests {
    static let tolerance = "bad_per_ten_thousand_max:"

    /// A file of which some records have misspelt accounts, which a reviewer may accept.
    static func submit(bad: Int, of count: Int, _ scene: FaultScene) async throws -> (batch: Int64, text: BatchText) {
        try scene.edit("merchants/MER-PAYOUT.yaml", "\(tolerance) 500", "\(tolerance) 10000")
        var text = BatchText(.payout, count: count)
        for line in 0..<bad { text.lines[line].account = BatchText.misspelt(text.lines[line].account) }
        return (try await scene.submit(text), text)
    }

    /// Asks for the release of all records of a file with their check digits accepted; answers what approves it.
    static func askForRelease(of batch: Int64, _ scene: FaultScene) async throws -> [String] {
        let asked = try await scene.run(
            [
                "quarantine", "release", "--batch", "\(batch)", "--accept", "account_check_digit", "--comment",
                "confirmed with the merchant", "--json",
            ],
            scene.anna()
        )
        let answer = try #require(try asked.json() as? [String: Any], "\(asked.output)")
        let number = try #require(answer["proposal"] as? String, "\(asked.output)")
        let records = try #require(answer["records"] as? Int)
        let amounts = try #require(answer["amounts"] as? [String: Int])
        let sums = amounts.flatMap { ["--amount", "\($0.key)=\($0.value)"] }
        return ["review", "approve", number, "--orders", "\(records)"] + sums + ["--comment", "seen"]
    }

    /// Works until the original and its supplement are finished.
    private static func workToTheEnd(_ scene: FaultScene) async throws {
        let worker = try scene.start(["worker"])
        try await scene.until(
            "the end of the original and its supplement",
            "SELECT (count(*) = 2)::int FROM sluice.batch_file WHERE state = 'finished'"
        )
        worker.send(SIGTERM)
        #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
    }

    /// What is paid in the end: each record once, by the books of the companies and by ours.
    static func expectReleased(_ batch: Int64, bad: Int, of count: Int, _ scene: FaultScene) async throws {
        try await Books(scene: scene).expectInvariants()
        let released = try await scene.number(
            "SELECT count(*) FROM sluice.quarantine_record WHERE batch_id = \(batch) AND state = 'released'"
        )
        #expect(released == Int64(bad))
        let supplements = try await scene.text(
            """
            SELECT count(DISTINCT f.batch_id) || ' ' || count(o.line_no) || ' ' || count(DISTINCT o.merchant_order_no)
                || ' ' || count(*) FILTER (WHERE o.state = 'succeeded')
            FROM sluice.batch_file f LEFT JOIN sluice.payment_order o USING (batch_id)
            WHERE f.parent_batch_id = \(batch)
            """
        )
        #expect(supplements == "1 \(bad) \(bad) \(bad)")
        let owned = try await scene.number(
            """
            SELECT count(*) FROM sluice.order_number_registry r JOIN sluice.payment_order o ON o.batch_id = r.batch_id
                AND o.line_no = r.line_no AND o.merchant_order_no = r.order_no WHERE r.state = 'order'
            """
        )
        #expect(owned == Int64(count))
        let result = try await scene.run(["file", "result", "\(batch)"])
        #expect(result.output.components(separatedBy: "SUCCEEDED").count == count + 1, "\(result.output.prefix(600))")
        #expect(!result.log.contains("not final"), "\(result.log)")
        let totals = try await scene.text(
            "SELECT records || ' ' || orders || ' ' || released || ' ' || quarantined FROM sluice.batch_totals "
                + "WHERE batch_id = \(batch)"
        )
        #expect(totals == "\(count) \(count - bad) \(bad) 0")
        var paid: [String: Int] = [:]
        for channel in try TruthFile.read(path: scene.truthPath).channels.values {
            for (reference, payment) in channel.payments { paid[reference, default: 0] += payment.count }
        }
        #expect(paid.count == count && paid.values.allSatisfy { $0 == 1 }, "\(paid.filter { $0.value != 1 })")
    }

    @Test func `what one person asks for and another one approves is paid in the next window`() async throws {
        try await FaultScene.with(.honest) { scene in
            let (batch, _) = try await Self.submit(bad: 4, of: 12, scene)
            _ = try await scene.start(["run", "all"]).end()
            let listed = try await scene.run(["quarantine", "list", "--batch", "\(batch)"]).output
            #expect(listed.contains("account_check_digit"), "\(listed)")
            let held = try await scene.run(
                ["quarantine", "release", "--batch", "\(batch)", "--comment", "go", "--json"],
                scene.anna(),
                expecting: 3
            )
            #expect(held.output.contains("account_check_digit"), "without the reason accepted nothing goes")
            let approve = try await Self.askForRelease(of: batch, scene)
            let alone = try await scene.run(approve, scene.anna(), expecting: 2)
            #expect(alone.log.contains("may not approve"), "\(alone.log)")
            let second = try await scene.signedIn("anna2", staff: "S1", role: .approver)
            let disguised = try await scene.run(approve, second, expecting: 1)
            #expect(disguised.log.contains("same person"), "\(disguised.log)")
            try await scene.run(approve, scene.bert())
            try await Self.workToTheEnd(scene)
            try await Self.expectReleased(batch, bad: 4, of: 12, scene)
        }
    }

    /// Where a release, or the load of its supplement, is killed.
    static let kills = [
        "review_approval_sent:1", "review_approval_committed:1", "verdict_recorded:1", "slice_loaded:1",
        "slice_loaded:2", "file_loaded:1", "plan_recorded:1", "intent_committed:1",
        "outcome_recorded:1", "result_written:1",
    ]

    @Test(arguments: kills)
    func `a release that is killed is made once`(_ kill: String) async throws {
        try await FaultScene.with(.honest) { scene in
            // More records than a slice has.
            let (batch, _) = try await Self.submit(bad: 45, of: 60, scene)
            _ = try await scene.start(["run", "all"]).end()
            let approve = try await Self.askForRelease(of: batch, scene)
            let plan = ["SLUICE_FAULT": "kill@\(kill)"]
            let bert = try await scene.bert()
            if kill.hasPrefix("review_") {
                let doomed = try scene.start(approve, bert.merging(plan) { $1 })
                #expect(try await doomed.end() == 128 + SIGKILL, "\(doomed.tail)")
                _ = try await scene.number(FaultScene.endTransactions)
                let released = try await scene.number(
                    "SELECT count(*) FROM sluice.quarantine_record WHERE state = 'released'"
                )
                let isCommitted = kill.contains("committed")
                #expect(released == (isCommitted ? 45 : 0))
                let again = try await scene.run(approve, bert, expecting: isCommitted ? 1 : 0)
                #expect(!isCommitted || again.log.contains("approved already"), "\(again.log)")
            } else {
                try await scene.run(approve, bert)
                let doomed = try scene.start(["run", "all"], plan)
                #expect(try await doomed.end() == 128 + SIGKILL, "\(doomed.tail)")
                _ = try await scene.number(FaultScene.endTransactions)
            }
            try await Self.workToTheEnd(scene)
            try await Self.expectReleased(batch, bad: 45, of: 60, scene)
        }
    }
}
