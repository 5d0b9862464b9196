import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// What has left is known all the same: to duplicate checks, and to whoever would write it again.
@Suite(.serialized) struct `A number that has left` {
    private typealias Record = NumberScene.Record

    /// A loaded file of two final orders in the history; the first day that is live comes after it.
    private static func archived(_ scene: NumberScene) async throws -> (ClaimedBatchFile, ArchiveScene) {
        let file = try await scene.load([Record(number: "A"), Record(number: "B", amountMinor: 200)])
        let split = try await scene.database.store.claimBatchFile(
            for: .planning,
            worker: NumberScene.worker,
            lease: .minutes(5)
        )
        #expect(try await scene.database.store.recordPlan([], unroutable: [], of: try #require(split)))
        let archive = try await ArchiveScene.over(scene.database)
        try await archive.meddle(
            """
            UPDATE sluice.payment_order SET state = 'succeeded', channel = 'c', submission_no = 1, item_no = line_no,
                attempt_no = 1, code = '0000', decided_at = now(), evidence_day = business_date, evidence_ordinal = 1
            """
        )
        try await archive.archiveUntilToday()
        #expect(try await archive.rows(.paymentOrder, file.businessDate, in: "history") == 2)
        return (file, archive)
    }

    @Test func `is taken for later files`() async throws {
        let scene = try await NumberScene.make()
        let (file, archive) = try await Self.archived(scene)
        let tomorrow = file.businessDate.advanced(byDays: 1)
        for rules in [NumberScene.keeping, NumberScene.superseding] {
            let again = try await scene.load(
                [Record(number: "C\(rules.isSuperseding)"), Record(number: "A", amountMinor: 300)],
                rules,
                date: tomorrow
            )
            #expect(try await scene.reasons(again) == "2 duplicate_of_earlier_file")
        }
        #expect(try await scene.owner(of: "A") == "order \(file.id)-1")
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `is of a payment that later ones may look like, until it comes back`() async throws {
        let scene = try await NumberScene.make()
        let (first, archive) = try await Self.archived(scene)
        let tomorrow = first.businessDate.advanced(byDays: 1)
        func found(_ number: String) async throws -> [SamePayment] {
            let file = try await scene.file(1, date: tomorrow)
            _ = try await scene.load(NumberScene.slice([Record(number: number)]), of: file, NumberScene.keeping)
            let count = try await scene.database.store.warnOfSamePayments(in: file, days: 1)
            _ = try await scene.database.store.finishLoading(file)
            let same = try await scene.database.store.samePayments(of: file.id, limit: 10)
            #expect(same.count == Int(count))
            try await archive.meddle("UPDATE sluice.payment_order SET state = 'cancelled' WHERE batch_id = \(file.id)")
            return same
        }
        let same = try await found("X")
        #expect(same.map(\.otherBatch) == [first.id] && same.map(\.otherLine) == [LineNumber(1)])
        let outcome = try await scene.database.store.recordReturn(
            ReturnedPayment(
                channel: ChannelName("c"),
                reference: "R-1",
                batch: first.id,
                line: LineNumber(1),
                amount: Money(minor: 100, currency: .cny),
                code: nil,
                returnedAt: Timestamp(unixMicroseconds: 1_700_000_000_000_000)
            )
        )
        #expect(outcome == .recorded)
        #expect(try await found("Y").isEmpty)
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `stands on a line that is never inserted again`() async throws {
        let scene = try await NumberScene.make()
        let (file, archive) = try await Self.archived(scene)
        let columns = """
            batch_id, line_no, business_date, state, amount_minor, data_key_id, currency, merchant_order_no, personal,
            account_hash
            """
        let tomorrow = file.businessDate.advanced(byDays: 1)
        // Under its own day, under another one, into that day itself, and into the history.
        for (table, day, refusal) in [
            ("sluice.payment_order", file.businessDate, "SL015"), ("sluice.payment_order", tomorrow, "SL015"),
            ("sluice.payment_order_\(tomorrow.compact)", tomorrow, "SL015"),
            ("history.payment_order", file.businessDate, "42501"),
        ] {
            let refused = await #expect(throws: PostgresError.self) {
                try await scene.database.worker.transaction("insert again") { transaction in
                    try transaction.execute(
                        """
                        INSERT INTO \(table) (\(columns))
                        SELECT batch_id, line_no, '\(day)', 'ready', amount_minor, data_key_id, currency,
                            merchant_order_no, personal, account_hash FROM sluice.all_payment_order
                        """
                    )
                }
            }
            #expect(refused?.sqlState == refusal, "\(table) \(day)")
        }
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.all_payment_order") == 2)
        await archive.archiver.close()
        await scene.close()
    }
}
