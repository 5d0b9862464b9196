import Foundation
import Glibc
import PaymentCore
import Pipeline
import PostgresClient
import Testing

/// An intake that is killed at each boundary of its slices, and between them, leaves what one leaves that nobody
/// disturbed.
@Suite struct IntakeKillTests {
    private static let sliceRecords = 8
    private static let slices = 5
    private static let variables = FaultScene.impatient.merging(
        ["SLUICE_LIMITS_SLICE_RECORDS": "\(sliceRecords)"]
    ) { $1 }
    /// Where the intake of each file is killed: one file after the other.
    private static let kills =
        ["verdict_recorded:1"] + (1...slices).map { "slice_under_way:\($0)" }
        + (1...slices).map { "slice_loaded:\($0)" } + ["file_loaded:1"]

    @Test func `whenever an intake is killed, its tables end as those of an undisturbed one`() async throws {
        var undisturbed: [String: String] = [:]
        var disturbed: [String: String] = [:]
        try await FaultScene.with(prepare: Self.prepare) { scene in
            undisturbed = try await Self.tables(scene, after: { _ in })
        }
        try await FaultScene.with(prepare: Self.prepare) { scene in
            disturbed = try await Self.tables(scene) { file in
                let plan = ["SLUICE_FAULT": "kill@\(Self.kills[file])"]
                let doomed = try scene.start(["run", "intake"], Self.variables.merging(plan) { $1 })
                let status = try await doomed.end()
                #expect(status == 128 + SIGKILL, "\(Self.kills[file]): \(doomed.tail)")
                // What it had open ends with its connections, and it is missed at once: neither wait is tested here.
                _ = try await scene.number(FaultScene.endTransactions)
                try await scene.owner.transaction("test") {
                    try $0.executeScript(
                        """
                        UPDATE sluice.worker SET heartbeat_at = now() - interval '1 minute' WHERE stopped_at IS NULL;
                        UPDATE sluice.batch_file SET due_at = now() WHERE lease_worker IS NOT NULL;
                        """
                    )
                }
            }
            try await Books(scene: scene).expectInvariants()
        }
        #expect(undisturbed["quarantine_record"]?.components(separatedBy: "superseded").count == Self.kills.count + 1)
        #expect(undisturbed["same_payment"]?.split(separator: "\n").count == Self.kills.count)
        for (table, rows) in undisturbed { #expect(disturbed[table] == rows, "\(table)") }
        FaultScale.report("killed in intakes: \(Self.kills.count)")
    }

    private static func prepare(_ scene: FaultScene) throws {
        let file = "merchants/MER-PAYOUT.yaml"
        try scene.edit(file, "superseding: false", "superseding: true")
        try scene.edit(file, "bad_per_ten_thousand_max: 500", "bad_per_ten_thousand_max: 10000")
    }

    /// A file whose first records wait in quarantine, one for each of the files that come after it.
    private static let first: BatchText = {
        var text = BatchText(.payout, count: 3 * kills.count)
        for line in 0..<kills.count { text.lines[line].account = BatchText.misspelt(text.lines[line].account) }
        return text
    }()

    /// Slices with all that a registry can say of a number.
    private static func text(_ file: Int) -> BatchText {
        var text = BatchText(.payout, count: slices * sliceRecords, series: file + 2)
        text.lines[4].account = BatchText.misspelt(text.lines[4].account)
        // Superseded; an order of the first file; an earlier slice's; and what pays as an order of the first file does.
        text.lines[9].number = first.lines[file].number
        text.lines[17].number = first.lines[kills.count + file].number
        text.lines[25].number = text.lines[1].number
        let other = first.lines[2 * kills.count + file]
        (text.lines[33].account, text.lines[33].amountMinor) = (other.account, other.amountMinor)
        return text
    }

    /// Loads file after file, each first given to `disturb`; answers the rows that are left.
    private static func tables(
        _ scene: FaultScene,
        after disturb: (_ file: Int) async throws -> Void
    ) async throws -> [String: String] {
        _ = try await scene.submit(first)
        try await intake(scene)
        for file in kills.indices {
            _ = try await scene.submit(text(file))
            try await disturb(file)
            try await intake(scene)
        }
        return try await tables(scene)
    }

    /// Runs of what cron calls, until nothing is left to load or to plan.
    private static func intake(_ scene: FaultScene) async throws {
        try await Condition.wait("the end of the intake", within: .seconds(60), because: { scene.tails }) {
            let run = try scene.start(["run", "intake"], variables)
            let status = try await run.end()
            guard [0, 3, 4].contains(status) else { throw SceneFailure(run.tail) }
            return try await scene.number(
                "SELECT (count(*) = 0)::int::bigint FROM sluice.batch_file WHERE state IN ('pending', 'splitting', "
                    + "'split')"
            ) == 1
        }
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
