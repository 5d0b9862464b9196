import PaymentCore
import Testing
import sluice_bench

/// Day after day for a year: the live tables stay as large as they were, whatever has gone through them.
@Suite struct ArchiveYearTests {
    private static let orders = 40
    /// How many days a rehearsal jumps over: `Scripts/soak` takes every single one.
    private static let step = FaultScale.current.isSoak ? 1 : 7
    private static let days = FaultScale.current.isSoak ? 365 : 210
    /// So long an order of each day is open, and so stays when its day leaves.
    private static let openDays = 75
    /// From here on as many days leave as come.
    private static let settled = 84

    /// All that the live tables take, with what was made ahead.
    private static let liveBytes = """
        SELECT sum(pg_total_relation_size(i.inhrelid))::bigint FROM sluice.heavy_table h
        JOIN pg_inherits i ON i.inhparent = ('sluice.' || h.table_name)::regclass
        """
    private static let liveParts = """
        SELECT count(*) FROM sluice.heavy_table h
        JOIN pg_inherits i ON i.inhparent = ('sluice.' || h.table_name)::regclass
        """

    @Test func `a year of days leaves the live tables as large as they were after ten weeks`() async throws {
        try await FaultScene.with { scene in
            let desk = ArchiveDesk(scene: scene)
            let first = try await desk.today
            let variables = ["SLUICE_ARCHIVE_MERGE_AFTER": "3"]
            var settled: (bytes: Int64, parts: Int64)?
            for day in stride(from: 0, to: Self.days, by: Self.step) {
                let today = first.advanced(byDays: Int32(day))
                try await scene.run(["db", "partitions", "--days", "\(day + Self.step + 14)"])
                for index in day..<(day + Self.step) {
                    let date = first.advanced(byDays: Int32(index))
                    let seed = ArchiveSeed(day: date, orders: Self.orders, batch: Int64(index) + 1)
                    try await desk.meddle(seed.everything)
                    // One of each day stays open when the others leave, and another one is settled at last.
                    try await desk.meddle(
                        """
                        UPDATE sluice.payment_order SET state = 'unknown', evidence_day = NULL, evidence_ordinal = NULL,
                            decided_at = NULL WHERE batch_id = \(index + 1) AND line_no = 7;
                        UPDATE sluice.payment_order SET state = 'succeeded', evidence_day = business_date,
                            evidence_ordinal = 2, decided_at = now()
                        WHERE batch_id = \(index + 1 - Self.openDays) AND line_no = 7;
                        """
                    )
                }
                try await desk.archive(asOf: today, variables)
                if day >= Self.settled, settled == nil {
                    settled = (try await scene.number(Self.liveBytes), try await scene.number(Self.liveParts))
                }
            }
            let known = try #require(settled)
            let (bytes, parts) = (try await scene.number(Self.liveBytes), try await scene.number(Self.liveParts))
            #expect(bytes * 10 <= known.bytes * 12, "\(bytes) bytes after \(known.bytes)")
            // Months differ by three days.
            #expect(abs(parts - known.parts) <= 3 * Int64(HeavyTable.allCases.count), "\(parts) after \(known.parts)")
            FaultScale.report(
                "\(Self.days) days: live tables of \(bytes) bytes in \(parts) partitions, "
                    + "\(known.bytes) in \(known.parts) after \(Self.settled) days"
            )
            try await expectEverythingThere(scene, desk)
        }
    }

    private func expectEverythingThere(_ scene: FaultScene, _ desk: ArchiveDesk) async throws {
        let days = Int64((Self.days + Self.step - 1) / Self.step * Self.step)
        let orders = try await scene.number(
            "SELECT (SELECT count(*) FROM sluice.payment_order) + (SELECT count(*) FROM history.payment_order)"
        )
        #expect(orders == days * Int64(Self.orders))
        // Those that were open when their day left, and are no more, have followed it.
        let oldest = try await desk.oldest
        let left = try await scene.number(
            "SELECT count(*) FROM sluice.payment_order WHERE business_date < '\(oldest)' AND state = 'succeeded'"
        )
        #expect(left == 0)
        #expect(
            try await scene.number("SELECT count(*) FROM sluice.archive_manifest WHERE pass > 1 AND state = 'closed'")
                > 0
        )
        // Whole months that are old enough stand in one partition.
        let merged = try await scene.number("SELECT count(*) FROM sluice.archive_month WHERE put_at IS NOT NULL")
        #expect(merged >= Int64(HeavyTable.allCases.count), "\(merged) months merged")
        try await desk.expectReceiptsToHold()
    }
}
