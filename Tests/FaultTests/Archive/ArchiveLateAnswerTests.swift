import Glibc
import PaymentCore
import Pipeline
import Testing

/// An answer that comes when its orders have long been in history: it finds its place, and moves nothing.
@Suite struct ArchiveLateAnswerTests {
    @Test func `a sender that wakes after its orders were archived leaves evidence, and changes nothing`() async throws
    {
        try await FaultScene.with(.honest) { scene in
            try scene.hurry(items: 20)
        } _: { scene in
            let desk = ArchiveDesk(scene: scene)
            let text = BatchText(.payout, count: 60)
            let batch = try await scene.submit(text)
            let sleeper = try scene.start(
                ["worker"],
                FaultScene.impatient.merging(["SLUICE_FAULT": "stop@\(FaultPoint.beforeFirstByte.rawValue):1"]) { $1 }
            )
            try await Condition.wait("the stop", within: .seconds(30), because: { scene.tails }) { sleeper.isStopped }
            _ = try await scene.number(FaultScene.endTransactions)
            let name = try await scene.text("SELECT worker_id FROM sluice.exchange WHERE outcome IS NULL LIMIT 1")
            let other = try scene.start(["worker"], FaultScene.impatient)
            try await scene.untilAtRest()
            try await scene.dismiss([other])

            let today = try await desk.today
            let asOf = try await desk.asOf(leaving: today)
            let books = try await ArchiveBooks.read(scene)
            try await desk.archive(asOf: asOf)
            #expect(try await desk.rows(.paymentOrder, today, in: "history") == 60)
            #expect(try await desk.rows(.paymentOrder, today, in: "sluice") == 0)
            try await books.expectToHold(scene, "archived")
            let left = "worker_id = '\(name)' AND kind = 'send' AND outcome IS NULL"
            #expect(try await scene.number("SELECT count(*) FROM history.exchange WHERE \(left)") > 0)

            sleeper.send(SIGCONT)
            try await scene.until(
                "the late answer",
                "SELECT count(*) FROM sluice.exchange WHERE worker_id = '\(name)' AND is_late AND outcome IS NOT NULL"
            )
            try await scene.dismiss([sleeper])
            // History is never changed; the answer stands beside it, and the order's story has both.
            #expect(try await scene.number("SELECT count(*) FROM history.exchange WHERE \(left)") > 0)
            let line = try await scene.number(
                """
                SELECT s.line_nos[1]::bigint FROM history.submission s JOIN sluice.exchange e
                    USING (batch_id, submission_no) WHERE e.is_late LIMIT 1
                """
            )
            let shown = try await scene.run(["order", "show", "\(batch)-\(line)", "--json"])
            #expect(shown.output.contains("\"late\":true"), "\(shown.output)")
            let states = "SELECT count(*) FROM history.payment_order WHERE state = 'succeeded'"
            #expect(try await scene.number(states) == 60)
            try await Books(scene: scene).expectInvariants()

            // It has no orders of its own to wait for, and leaves with the next run.
            let after = try await ArchiveBooks.read(scene)
            try await desk.archive(asOf: asOf.advanced(byDays: 1))
            #expect(try await scene.number("SELECT count(*) FROM sluice.exchange WHERE is_late") == 0)
            #expect(try await scene.number("SELECT count(*) FROM history.exchange WHERE is_late") > 0)
            try await after.expectToHold(scene, "the late answer archived")
            try await desk.expectReceiptsToHold()
            try await Books(scene: scene).expectInvariants()
        }
    }
}
