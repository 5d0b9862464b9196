import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import Testing

/// Where nobody is paid because a number came once more: superseding ends there.
@Suite(.serialized) struct `A number is not superseded` {
    private typealias Record = NumberScene.Record
    private static let otherAccount = Record(number: "A", account: "6222020200112233446")

    /// Moves the order of line 1 to where a failure with cause `data` leaves it, and says so if an answer contradicts.
    private static func fail(_ file: ClaimedBatchFile, isContradicted: Bool, _ scene: NumberScene) async throws {
        let batch: [PostgresValue] = [.int64(file.id.value)]
        for sql in [
            """
            INSERT INTO sluice.quarantine_record (batch_id, line_no, business_date, origin, merchant_order_no,
                amount_minor, currency, reasons, charset, byte_from, byte_to, physical_line, raw, data_key_id)
            SELECT batch_id, line_no, business_date, 'failed_order', merchant_order_no, amount_minor, currency, '[]',
                'UTF-8', 0, 0, 0, '', data_key_id FROM sluice.payment_order WHERE batch_id = $1 AND line_no = 1
            """,
            "UPDATE sluice.order_number_registry SET state = 'quarantine' WHERE batch_id = $1 AND line_no = 1",
        ] { try await scene.database.execute(sql, batch) }
        guard isContradicted else { return }
        for sql in [
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, submission_no, line_no)
            SELECT 'contradiction/x', 'contradiction', 'done', batch_id, business_date, 1, 1 FROM sluice.batch_file
            WHERE batch_id = $1
            """,
            """
            INSERT INTO sluice.account_at_risk (account_hash, amount_minor, currency, batch_id, business_date, line_no)
            SELECT account_hash, amount_minor, currency, batch_id, business_date, line_no FROM sluice.payment_order
            WHERE batch_id = $1 AND line_no = 1
            """,
        ] { try await scene.database.execute(sql, batch) }
    }

    /// What the function does to whom its caller has not looked at: nothing.
    private static func closedByFunction(
        _ earlier: ClaimedBatchFile,
        by file: ClaimedBatchFile,
        _ scene: NumberScene
    ) async throws -> Int64 {
        try await scene.database.number(
            "SELECT sluice.supersede_quarantined($1, $2, $3, $4, $5)",
            [
                .int64(file.id.value), .textArray(["A"]), .intArray([1]), .bigintArray([earlier.id.value]),
                .intArray([1]),
            ]
        )
    }

    @Test(arguments: [true, false])
    func `where it was that of an order, which may have been paid`(_ isContradicted: Bool) async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A")])
        try await Self.fail(first, isContradicted: isContradicted, scene)
        // To another account, which nothing holds as the old one is held.
        let newer = try await scene.load([Self.otherAccount], NumberScene.superseding)
        #expect(try await scene.reasons(newer) == "1 duplicate_of_quarantined")
        #expect(try await scene.owner(of: "A") == "quarantine \(first.id)-1")
        #expect(try await scene.record(first, line: 1) == "open")
        let orders = try await scene.database.number(
            "SELECT count(*) FROM sluice.payment_order WHERE batch_id = $1",
            [.int64(newer.id.value)]
        )
        #expect(orders == 0)
        let third = try await scene.file(1)
        #expect(try await Self.closedByFunction(first, by: third, scene) == 0)
        #expect(try await scene.owner(of: "A") == "quarantine \(first.id)-1")
        #expect(try await scene.record(first, line: 1) == "open")
        await scene.close()
    }

    @Test func `nor chosen away by a person, before somebody has looked into a contradiction`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A")])
        try await Self.fail(first, isContradicted: true, scene)
        let newer = try await scene.load([Self.otherAccount])
        let failed = NamedRecord(batch: first.id, line: LineNumber(1), amountMinor: 100)
        let people = try await scene.database.twoPeople()
        let resent = NamedRecord(batch: newer.id, line: LineNumber(1), amountMinor: 100)
        for (living, closed) in [(resent, failed), (failed, resent)] {
            let choice = RequestedChoice(living: living, closed: closed, note: "asked")
            let error = await #expect(throws: PostgresError.self) {
                try await scene.database.store.choose(choice, by: people)
            }
            #expect(error?.sqlState == "SL009")
        }
        #expect(try await scene.owner(of: "A") == "quarantine \(first.id)-1")
        try await scene.database.execute("UPDATE sluice.review_item SET closed_at = now()")
        let choice = RequestedChoice(living: resent, closed: failed, note: "asked")
        _ = try await scene.database.store.choose(choice, by: people)
        #expect(try await scene.owner(of: "A") == "quarantine \(newer.id)-1")
        await scene.close()
    }

    @Test func `by a file that came before it, however late it is loaded`() async throws {
        let scene = try await NumberScene.make()
        let older = try await scene.file(1)
        let newer = try await scene.load([Record(number: "A", isBad: true)])
        let slice = NumberScene.slice([Self.otherAccount])
        #expect(try await Self.closedByFunction(newer, by: older, scene) == 0)
        #expect(try await scene.load(slice, of: older, NumberScene.superseding) == .loaded(duplicates: 1))
        #expect(try await scene.reasons(older) == "1 duplicate_of_quarantined")
        #expect(try await scene.owner(of: "A") == "quarantine \(newer.id)-1")
        #expect(try await scene.record(newer, line: 1) == "open")
        await scene.close()
    }

    @Test func `by a file that moves money the other way`() async throws {
        let scene = try await NumberScene.make()
        let first = try await scene.load([Record(number: "A", isBad: true)])
        let other = try await scene.database.makeSplittingFile(
            records: 1,
            direction: .withhold,
            worker: NumberScene.worker
        )
        #expect(try await Self.closedByFunction(first, by: other, scene) == 0)
        let slice = NumberScene.slice([Self.otherAccount])
        #expect(try await scene.load(slice, of: other, NumberScene.superseding) == .loaded(duplicates: 1))
        #expect(try await scene.owner(of: "A") == "quarantine \(first.id)-1")
        await scene.close()
    }
}
