import EmbeddedPostgres
import PaymentCore
import PostgresClient
import Testing

/// A file is loaded whole and once, or not at all.
@Suite struct LoadOnceTests {
    @Test func `a line of a loaded file cannot be inserted a second time`() async throws {
        try await FaultScene.with { scene in
            let text = BatchText(.withhold, count: 120)
            let batch = try await scene.submit(text)
            try await scene.run(["run", "intake"])
            #expect(try await scene.state(of: batch) == "working")
            let before = try await Self.fingerprint(scene, batch)
            try await scene.run(["run", "intake"])
            // As the worker's own role could do it by hand: under the same key, and under another day.
            let worker = PostgresPool(
                configuration: PostgresConfiguration(
                    uri: scene.server.uri(database: scene.database, user: "sluice_worker"),
                    applicationName: "test-worker"
                ),
                connectionsMax: 1
            )
            let same = await #expect(throws: PostgresError.self) {
                try await Self.insertAgain(batch, day: "business_date", as: worker)
            }
            #expect(same?.code == .refused)
            let other = await #expect(throws: PostgresError.self) {
                try await Self.insertAgain(batch, day: "business_date + 1", as: worker)
            }
            #expect(other?.code == .refused)
            let after = try await Self.fingerprint(scene, batch)
            #expect(after == before)
            await worker.close()
        }
    }

    /// A defect of a file that shows at its last record or after it.
    struct LateDefect: Sendable, CustomTestStringConvertible {
        let name: String
        let code: String
        let direction: PaymentCore.Direction
        var arguments: [String] = []
        let spoil: @Sendable (inout BatchText) -> Void

        var testDescription: String { name }
    }

    static let lateDefects = [
        LateDefect(name: "trailer count", code: "trailer_mismatch", direction: .withhold) {
            $0.trailerCount = $0.lines.count + 1
        },
        LateDefect(name: "trailer sum", code: "trailer_mismatch", direction: .withhold) { $0.trailerSum = $0.sum + 1 },
        LateDefect(
            name: "declared count",
            code: "totals_mismatch",
            direction: .payout,
            arguments: ["--declared-count", "999"]
        ) { _ in },
        LateDefect(
            name: "declared sum",
            code: "totals_mismatch",
            direction: .payout,
            arguments: ["--declared-sum", "CNY=1"]
        ) { _ in },
        LateDefect(name: "last record breaks a rule", code: "refused_by_rule", direction: .payout) {
            $0.lines[$0.lines.count - 1].account = BatchText.misspelt($0.lines[$0.lines.count - 1].account)
        },
    ]

    @Test(arguments: lateDefects)
    func `a file refused at its end leaves nothing behind and loads whole once corrected`(
        _ defect: LateDefect
    ) async throws {
        try await FaultScene.with { scene in
            try scene.edit(
                "merchants/MER-PAYOUT.yaml",
                "account_check_digit: quarantine",
                "account_check_digit: refuse_file"
            )
            let right = BatchText(defect.direction, count: 300, padding: defect.direction == .payout ? 12_000 : 0)
            var wrong = right
            defect.spoil(&wrong)
            let refused = try await scene.submit(wrong, name: "wrong.txt", defect.arguments)
            try await scene.run(["run", "intake"])
            #expect(try await scene.state(of: refused) == "refused \(defect.code)")
            for table in ["payment_order", "quarantine_record", "order_number_registry", "work_chunk", "review_item"] {
                #expect(try await scene.number("SELECT count(*) FROM sluice.\(table)") == 0, "\(table)")
            }
            #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file_part WHERE NOT is_encrypted") == 0)
            let shown = try await scene.run(["file", "show", "\(refused)"]).output
            #expect(shown.contains("wrong.txt") && shown.contains("what to do"), "\(shown)")

            let batch = try await scene.submit(right, name: "right.txt")
            try await scene.run(["run", "intake"])
            #expect(try await scene.state(of: batch) == "working")
            #expect(
                try await scene.number("SELECT count(*) FROM sluice.payment_order WHERE batch_id = $1", [.int64(batch)])
                    == Int64(right.lines.count)
            )
            #expect(try await scene.number("SELECT count(*) FROM sluice.quarantine_record") == 0)
            #expect(
                try await scene.number("SELECT sum(amount_minor)::bigint FROM sluice.payment_order") == right.sum
            )
            try await Books(scene: scene).expectInvariants()
        }
    }

    private static func fingerprint(_ scene: FaultScene, _ batch: Int64) async throws -> String {
        try await scene.text(
            """
            SELECT count(*) || ' '
                || md5(string_agg(o.line_no || o.business_date::text || o.state, ',' ORDER BY o.line_no))
            FROM sluice.payment_order o WHERE o.batch_id = $1
            """,
            [.int64(batch)]
        )
    }

    private static func insertAgain(_ batch: Int64, day: String, as role: PostgresPool) async throws {
        try await role.transaction("insert again") { transaction in
            try transaction.executeScript(
                """
                INSERT INTO sluice.payment_order (batch_id, line_no, business_date, state, amount_minor, data_key_id,
                    currency, merchant_order_no, personal, account_hash)
                SELECT batch_id, line_no, \(day), 'ready', amount_minor, data_key_id, currency, merchant_order_no,
                    personal, account_hash FROM sluice.payment_order WHERE batch_id = \(batch) AND line_no = 1
                """
            )
        }
    }
}
