import Glibc
import PaymentCore
import Pipeline
import PostgresClient
import Testing

/// An intake that is killed at each boundary of its slices and between them, again and again, leaves what one leaves
/// that nobody disturbed.
@Suite struct IntakeKillTests {
    private static let sliceRecords = 16
    private static let variables = FaultScene.impatient.merging(
        ["SLUICE_LIMITS_SLICE_RECORDS": "\(sliceRecords)"]
    ) { $1 }
    /// More starts than the kills of a small file need.
    private static let startsMax = 80

    @Test func `whenever an intake is killed, its tables end as those of an undisturbed one`() async throws {
        var undisturbed: [String: String] = [:]
        var disturbed: [String: String] = [:]
        var kills = 0
        try await FaultScene.with(prepare: Self.prepare) { scene in
            _ = try await Self.queueFirst(scene)
            _ = try await scene.submit(Self.second)
            try await Self.intake(scene)
            undisturbed = try await Self.tables(scene)
        }
        try await FaultScene.with(prepare: Self.prepare) { scene in
            _ = try await Self.queueFirst(scene)
            let batch = try await scene.submit(Self.second)
            kills = try await Self.killEverywhere(scene, batch)
            try await Self.intake(scene)
            #expect(try await scene.state(of: batch) == "working")
            disturbed = try await Self.tables(scene)
            try await Books(scene: scene).expectInvariants()
        }
        // Each slice was killed on its way at least once and at its end, beside the verdict and the end of the file.
        #expect(kills >= 2 * (Self.second.lines.count / Self.sliceRecords) + 2)
        #expect(undisturbed["quarantine_record"]?.contains("superseded") == true)
        #expect(undisturbed["same_payment"]?.isEmpty == false)
        for (table, rows) in undisturbed { #expect(disturbed[table] == rows, "\(table)") }
        FaultScale.report("killed in an intake: \(kills)")
    }

    private static func prepare(_ scene: FaultScene) throws {
        let file = "merchants/MER-PAYOUT.yaml"
        try scene.edit(file, "  currencies: [CNY]", "  superseding: true\n  currencies: [CNY]")
        try scene.edit(file, "bad_per_ten_thousand_max: 500", "bad_per_ten_thousand_max: 10000")
    }

    /// A file whose first records wait in quarantine.
    private static func queueFirst(_ scene: FaultScene) async throws -> Int64 {
        var text = BatchText(.payout, count: 24)
        for line in 0..<8 { text.lines[line].account = BatchText.misspelt(text.lines[line].account) }
        let batch = try await scene.submit(text)
        try await intake(scene)
        return batch
    }

    /// Five slices with everything that a registry can say of a number, in each of them.
    private static let second: BatchText = {
        let first = BatchText(.payout, count: 24).lines
        var text = BatchText(.payout, count: 80, series: 2)
        for slice in 0..<5 {
            let start = slice * sliceRecords
            text.lines[start + 1].number = first[slice].number  // Superseded.
            text.lines[start + 2].number = first[10 + slice].number  // An order of the first file.
            text.lines[start + 3].account = BatchText.misspelt(text.lines[start + 3].account)
            if slice > 0 { text.lines[start + 4].number = text.lines[start - sliceRecords].number }
            // Pays what an order of the first file pays.
            let other = first[16 + slice]
            text.lines[start + 5].account = other.account
            text.lines[start + 5].amountMinor = other.amountMinor
        }
        return text
    }()

    /// Runs of what cron calls, until nothing is left to load or to plan.
    private static func intake(_ scene: FaultScene) async throws {
        try await Condition.wait("the end of the intake", within: .seconds(60), because: { scene.tails }) {
            let run = try scene.start(["run", "intake"], variables)
            let status = try await run.end()
            guard [0, 3].contains(status) else { throw SceneFailure(run.tail) }
            return try await scene.number(
                "SELECT (count(*) = 0)::int::bigint FROM sluice.batch_file WHERE state IN ('pending', 'splitting', "
                    + "'split')"
            ) == 1
        }
    }

    /// Kills one start after the other, each a little further, until the file is loaded; counts the kills.
    private static func killEverywhere(_ scene: FaultScene, _ batch: Int64) async throws -> Int {
        var kills = 0
        var ways: [String] = []
        for _ in 1...startsMax {
            let state = try await scene.state(of: batch)
            guard state == "pending" || state == "splitting" else { return kills }
            let left = try await scene.number(
                "SELECT coalesce(record_count, 0) - loaded_count FROM sluice.batch_file WHERE batch_id = $1",
                [.int64(batch)]
            )
            let plan: String
            if state == "pending" {
                plan = "verdict_recorded:1"
            } else if left == 0 {
                plan = "file_loaded:1"
            } else {
                // One slice on its way, then two at once, then the end of one: and on from there.
                if ways.isEmpty { ways = ["slice_loaded:1", "slice_under_way:2", "slice_under_way:1"] }
                if left <= sliceRecords { ways.removeAll { $0 == "slice_under_way:2" } }
                plan = ways.removeLast()
            }
            let doomed = try scene.start(
                ["run", "intake"],
                variables.merging(["SLUICE_FAULT": "kill@\(plan)"]) { $1 }
            )
            let status = try await doomed.end()
            guard [0, 3, 4, 128 + SIGKILL].contains(status) else { throw SceneFailure(doomed.tail) }
            if status == 128 + SIGKILL { kills += 1 }
            // What its connections had open ends with them; and it comes up again by itself, but the wait is not what
            // is tested here. The next start has the next epoch.
            _ = try await scene.number(FaultScene.endTransactions)
            try await scene.owner.transaction("test") {
                try $0.executeScript("UPDATE sluice.batch_file SET due_at = now() WHERE lease_worker IS NOT NULL;")
            }
        }
        throw SceneFailure("the file is never loaded: \(scene.tails)")
    }

    /// The rows that an intake writes, without what differs from run to run: times, leases and what is encrypted.
    private static func tables(_ scene: FaultScene) async throws -> [String: String] {
        let columns = [
            "payment_order": "batch_id, line_no, business_date, state, amount_minor, currency, merchant_order_no, "
                + "bank_code, code, payment_key IS NULL",
            "quarantine_record": "batch_id, line_no, business_date, state, origin, merchant_order_no, amount_minor, "
                + "currency, reasons, charset, byte_from, byte_to, physical_line, closed_code, successor_batch_id, "
                + "successor_line_no",
            "order_number_registry": "merchant_id, order_no, state, batch_id, line_no",
            "batch_file": "batch_id, state, verdict, record_count, amount_unreadable, load_position, loaded_count, "
                + "next_chunk_no, held_by, lease_worker IS NULL",
            "batch_file_sum": "batch_id, currency, orders, amount_minor, counted_minor",
            "review_item": "incident, cause, code, batch_id, line_no, closed_at IS NULL",
            "same_payment": "batch_id, line_no, other_batch_id, other_line_no",
            "outbox": "topic, batch_id, payload",
            "work_chunk": "batch_id, chunk_no, channel, kind, line_nos",
        ]
        var tables: [String: String] = [:]
        for (table, columns) in columns {
            tables[table] = try await scene.text(
                "SELECT coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '') FROM (SELECT \(columns) FROM "
                    + "sluice.\(table)) t"
            )
        }
        return tables
    }
}
