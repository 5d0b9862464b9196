import Cryptography
import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// What results say of an order that came back: why it did, not that it had succeeded before.
@Suite(.serialized) struct `An order that came back` {
    /// A planned file of four orders, of which all but the last were paid and have come back since.
    private static func returned(_ scene: NumberScene) async throws -> BatchIdentifier {
        let file = try await scene.load(["A", "B", "C", "D"].map { NumberScene.Record(number: $0) })
        let store = scene.database.store
        let split = try await store.claimBatchFile(for: .planning, worker: NumberScene.worker, lease: .minutes(5))
        #expect(try await store.recordPlan([], unroutable: [LineNumber(4)], of: #require(split)))
        for (state, also) in [
            ("submitting", ", channel = 'c', submission_no = 1, item_no = 1, attempt_no = 1"),
            (
                "succeeded",
                ", code = 'S000', decided_at = '2026-03-01T10:00:00Z', evidence_day = business_date, "
                    + "evidence_ordinal = 1"
            ), ("returned", ""),
        ] {
            try await scene.database.execute(
                "UPDATE sluice.payment_order SET state = '\(state)'\(also) WHERE batch_id = $1 AND line_no < 4",
                [.int64(file.id.value)]
            )
        }
        // Line 1 came back in two parts, of which the last gives no reason; nobody says why line 3 did.
        for (reference, line, amount, code, at) in [
            ("R-1", 1, 40, "'AC04'", "2026-03-04"), ("R-2", 1, 60, "NULL", "2026-03-06"),
            ("R-3", 2, 100, "'R03'", "2026-03-05"), ("R-4", 3, 100, "NULL", "2026-03-07"),
        ] {
            try await scene.database.execute(
                """
                INSERT INTO sluice.payment_return (channel, return_reference, batch_id, line_no, business_date,
                    amount_minor, currency, code, returned_at)
                SELECT 'c', '\(reference)', batch_id, \(line), business_date, \(amount), 'CNY', \(code),
                    '\(at)T12:00:00Z' FROM sluice.batch_file WHERE batch_id = $1
                """,
                [.int64(file.id.value)]
            )
        }
        return file.id
    }

    @Test func `has the code and the time of its return in results`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.returned(scene)
        let claimed = try await scene.database.store.claimBatchFile(
            for: .settlement,
            worker: NumberScene.worker,
            lease: .minutes(5)
        )
        let file = try #require(claimed)
        #expect(file.id == batch)
        let seen = Mutex<[String]>([])
        _ = try await scene.database.store.writeResultFile(of: file, fileName: "r") { material, emit in
            for row in try material.nextPage() {
                let day = row.decidedAt.map { BusinessDate(at: $0).description } ?? "-"
                seen.withLock { $0.append("\(row.line) \(row.status.rawValue) \(row.code) \(day)") }
            }
            try emit([0x41])
            return ProducedResult(
                lineCount: 4,
                totals: [.underReview: ["CNY": Tally(count: 1, amountMinor: 100)]],
                contentSHA256: SHA256.hash([0x41]),
                previousSHA256: nil,
                contentBytes: 1
            )
        }
        #expect(
            seen.withLock(\.self) == [
                "1 RETURNED AC04 2026-03-06", "2 RETURNED R03 2026-03-05", "3 RETURNED  2026-03-07",
                "4 UNDER_REVIEW  -",
            ]
        )
        await scene.close()
    }

    @Test func `has the code of its return where merchants read their results`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.returned(scene)
        try await scene.database.execute(
            "UPDATE sluice.merchant SET db_role = session_user WHERE merchant_no = $1",
            [.text(TestDatabase.merchant.value)]
        )
        let codes = try await scene.database.text(
            "SELECT string_agg(line_no || ' ' || state || ' ' || coalesce(code, '-'), ', ' ORDER BY line_no)"
                + " FROM sluice.my_order_result WHERE batch_id = $1 AND line_no < 4",
            [.int64(batch.value)]
        )
        #expect(codes == "1 returned AC04, 2 returned R03, 3 returned -")
        await scene.close()
    }
}
