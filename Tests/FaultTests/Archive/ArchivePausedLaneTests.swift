import PaymentCore
import PostgresClient
import Testing

/// What waits for a lane or for a person stays live, however old it is.
@Suite struct ArchivePausedLaneTests {
    private static let waiting = """
        SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state::text, count(*) AS n
            FROM sluice.payment_order WHERE state NOT IN ('succeeded', 'failed') GROUP BY state) o
        """

    /// `open_max`: below it the day changes its table, above it the day goes by rows.
    @Test(arguments: ["1000", "10"])
    func `ready and held orders of a paused lane never leave`(_ openMax: String) async throws {
        try await FaultScene.with(.honest) { scene in
            let desk = ArchiveDesk(scene: scene)
            let variables = ["SLUICE_ARCHIVE_OPEN_MAX": openMax]
            try await scene.run(
                ["channel", "pause", "harbor", "--lane", "submit", "--reason", "their maintenance"],
                scene.otto()
            )
            let text = BatchText(.payout, count: 100)
            let batch = try await scene.submit(text)
            let above = BatchText(.payout, count: 30, series: 2)
            let worker = try scene.start(["worker"])
            try await scene.until(
                "the other channel's end",
                """
                SELECT (count(*) > 0)::int::bigint FROM sluice.payment_order
                WHERE state = 'succeeded' AND NOT EXISTS (SELECT FROM sluice.work_chunk WHERE channel = 'meridian')
                """
            )
            try await scene.dismiss([worker])
            let held = try await scene.submit(above)
            try await scene.run(
                ["run", "intake"],
                ["SLUICE_CEILINGS_DAY": "CNY=\(text.sum + above.sum - 1)"],
                expecting: 3
            )
            let before = try await scene.text(Self.waiting)
            #expect(before.hasPrefix("held 30, ready "), "\(before)")
            let books = try await ArchiveBooks.read(scene)

            let asOf = try await desk.asOf(leaving: desk.today)
            for later in [0, 40] {
                try await desk.archive(asOf: asOf.advanced(byDays: Int32(later)), variables)
                #expect(try await scene.text(Self.waiting) == before)
                #expect(
                    try await scene.number("SELECT count(*) FROM history.payment_order WHERE state <> 'succeeded'") == 0
                )
                #expect(try await scene.number("SELECT count(*) FROM history.payment_order") > 0)
                try await books.expectToHold(scene, "\(later) days later")
            }
            try await desk.expectReceiptsToHold()

            // They are worked on as if their day were live, and leave once they are final.
            try await scene.run(["channel", "resume", "harbor"], scene.otto())
            let next = try scene.start(["worker"])
            try await scene.until(
                "the end of what was ready",
                "SELECT (count(*) = 0)::int::bigint FROM sluice.payment_order WHERE state NOT IN ('held', 'succeeded')"
            )
            try await scene.dismiss([next])
            try await desk.archive(asOf: asOf.advanced(byDays: 41), variables)
            #expect(
                try await scene.number(
                    "SELECT count(*) FROM history.payment_order WHERE batch_id = $1 AND state = 'succeeded'",
                    [.int64(batch)]
                ) == Int64(text.lines.count)
            )
            #expect(try await scene.number("SELECT count(*) FROM sluice.payment_order") == 30)
            #expect(
                try await scene.number(
                    "SELECT count(*) FROM sluice.payment_order WHERE batch_id = $1 AND state = 'held'",
                    [.int64(held)]
                ) == 30
            )
            try await desk.expectReceiptsToHold()
            try await Books(scene: scene).expectInvariants()
        }
    }
}
