import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

@Suite struct `Lists of quarantined records` {
    private typealias Record = QuarantineScene.Record

    /// Two files of two merchants and two days: five records that wait, one amended, one closed.
    private static func filled() async throws -> (scene: QuarantineScene, first: OrderKey, second: OrderKey) {
        let scene = try await QuarantineScene.make()
        let both = [
            Record.reason("account_malformed", "account_number"), Record.reason("surrounding_space", "account_name"),
        ]
        let first = try await scene.load(
            [
                Record(number: "A-1", amountMinor: 100), Record(number: "A-2", amountMinor: 200, reasons: both),
                Record(number: nil, amountMinor: nil, reasons: [Record.reason("wrong_column_count", nil)], texts: nil),
                Record(number: "A-4", amountMinor: 400, currency: try #require(Currency(code: "USD"))),
            ],
            name: "first.csv"
        )
        let second = try await scene.load(
            [Record(number: "B-1", amountMinor: 10), Record(number: "B-2", amountMinor: 20)],
            name: "second.csv",
            date: try await scene.database.today().advanced(byDays: -1)
        )
        try await scene.database.execute(
            """
            INSERT INTO sluice.merchant (merchant_no, title, result_due_after) VALUES ('MER-2', 'Two', '1 hour');
            """
        )
        try await scene.database.execute(
            """
            UPDATE sluice.batch_file SET merchant_id = (SELECT merchant_id FROM sluice.merchant
                WHERE merchant_no = 'MER-2') WHERE batch_id = $1
            """,
            [.int64(second.batch.value)]
        )
        _ = try await scene.store.amend([scene.amendment(first, 2)], comment: "checked", session: scene.rita)
        try await scene.database.execute(
            """
            UPDATE sluice.quarantine_record SET state = 'rejected', closed_code = 'superseded', closed_at = now()
            WHERE batch_id = $1 AND line_no = 2
            """,
            [.int64(second.batch.value)]
        )
        return (scene, first, second)
    }

    private static func words(_ groups: [QuarantineGroup]) -> Set<String> {
        Set(
            groups.map { group in
                let sums = group.amounts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
                return "\(group.key) \(group.state.rawValue): \(group.records) in \(group.files), "
                    + sums.joined(separator: " + ")
            }
        )
    }

    @Test func `count by reason, field, file and merchant, with sums by currency`() async throws {
        let (scene, first, second) = try await Self.filled()
        let filter = QuarantineFilter()
        #expect(
            Self.words(try await scene.store.quarantineGroups(filter, by: .reason)) == [
                "account_malformed open: 3 in 2, 110 CNY + 400 USD", "account_malformed amended: 1 in 1, 200 CNY",
                "surrounding_space amended: 1 in 1, 200 CNY", "wrong_column_count open: 1 in 1, ",
            ]
        )
        #expect(
            Self.words(try await scene.store.quarantineGroups(filter, by: .field)) == [
                "account_number open: 3 in 2, 110 CNY + 400 USD", "account_number amended: 1 in 1, 200 CNY",
                "account_name amended: 1 in 1, 200 CNY", " open: 1 in 1, ",
            ]
        )
        let files = try await scene.store.quarantineGroups(filter, by: .file)
        #expect(
            Self.words(files) == [
                "\(first.batch) open: 3 in 1, 100 CNY + 400 USD", "\(first.batch) amended: 1 in 1, 200 CNY",
                "\(second.batch) open: 1 in 1, 10 CNY",
            ]
        )
        #expect(files.first?.fileName == "first.csv" && files.first?.records == 3, "the largest comes first")
        #expect(
            Self.words(try await scene.store.quarantineGroups(filter, by: .merchant)) == [
                "MER-TEST open: 3 in 1, 100 CNY + 400 USD", "MER-TEST amended: 1 in 1, 200 CNY",
                "MER-2 open: 1 in 1, 10 CNY",
            ]
        )
        await scene.close()
    }

    @Test func `are narrowed down by everything that a reviewer asks for`() async throws {
        let (scene, first, second) = try await Self.filled()
        func found(_ change: (inout QuarantineFilter) -> Void) async throws -> [String] {
            var filter = QuarantineFilter()
            change(&filter)
            let records = try await scene.store.quarantinedRecords(filter)
            #expect(try await scene.store.quarantinedCount(filter) == Int64(records.count))
            #expect(
                try await scene.store.recordsToReview(filter, after: nil).map(\.key)
                    == records.map { RecordKey($0.key) }
            )
            return records.map { "\($0.key)" }
        }
        let (one, two) = ("\(first.batch)", "\(second.batch)")
        #expect(try await found { _ in } == ["\(one)-1", "\(one)-2", "\(one)-3", "\(one)-4", "\(two)-1"])
        #expect(try await found { $0.batch = second.batch } == ["\(two)-1"])
        #expect(try await found { $0.batch = BatchIdentifier(999) } == [])
        #expect(try await found { $0.merchant = MerchantNumber("MER-2") } == ["\(two)-1"])
        #expect(try await found { $0.reason = "surrounding_space" } == ["\(one)-2"])
        #expect(try await found { $0.field = "account_name" } == ["\(one)-2"])
        #expect(try await found { $0.states = [.amended] } == ["\(one)-2"])
        #expect(try await found { $0.states = [] } == [])
        #expect(try await found { $0.since = first.businessDate } == ["\(one)-1", "\(one)-2", "\(one)-3", "\(one)-4"])
        #expect(try await found { $0.businessDate = second.businessDate } == ["\(two)-1"])
        #expect(try await found { ($0.states, $0.batch) = ([.rejected], second.batch) } == ["\(two)-2"])
        // Whoever asks for one reason does not mean the records' other ones.
        var filter = QuarantineFilter()
        filter.reason = "account_malformed"
        #expect(
            try await scene.store.quarantineGroups(filter, by: .reason).allSatisfy { $0.key == "account_malformed" }
        )
        let amended = try await scene.store.quarantinedRecords(QuarantineFilter(states: [.amended]))
        #expect(amended.map(\.revision) == [1] && amended[0].remainingReasons?.map(\.code) == ["bank_unknown"])
        #expect(amended[0].reasons.map(\.code) == ["account_malformed", "surrounding_space"])
        await scene.close()
    }

    @Test func `are read page by page, each record once, with the texts that it has`() async throws {
        let (scene, first, second) = try await Self.filled()
        var filter = QuarantineFilter()
        filter.limit = 2
        var (pages, last): ([[RecordToReview]], RecordKey?) = ([], nil)
        while true {
            let page = try await scene.store.recordsToReview(filter, after: last)
            if page.isEmpty { break }
            pages.append(page)
            last = page.last?.key
        }
        #expect(pages.map(\.count) == [2, 2, 1])
        let records = Dictionary(uniqueKeysWithValues: pages.joined().map { ($0.key, $0) })
        let open = try #require(records[scene.key(first, 1)])
        #expect(open.sent == QuarantineScene.json(Record(number: nil).texts ?? [:]) && open.amended == nil)
        #expect(open.numberOwner == NumberOwner(batch: first.batch, line: LineNumber(1), state: "quarantine"))
        #expect(open.merchant == TestDatabase.merchant && open.format == "test" && open.direction == .payout)
        let amended = try #require(records[scene.key(first, 2)])
        #expect(amended.amended == scene.amendment(first, 2).texts && amended.sent != nil)
        #expect(try #require(records[scene.key(first, 3)]).sent == nil)
        // By their keys, of any day, in any order; what is no quarantined record is left out.
        let keys = [
            scene.key(second), scene.key(first, 9), scene.key(first, 4),
            RecordKey(batch: BatchIdentifier(999), line: LineNumber(1)),
        ]
        #expect(try await scene.store.recordsToReview(keys).map(\.key) == [scene.key(first, 4), scene.key(second)])
        await scene.close()
    }

    @Test func `show a record whose key is gone as unreadable, and the others as they are`() async throws {
        let (scene, first, _) = try await Self.filled()
        try await scene.database.execute(
            "UPDATE sluice.quarantine_record SET data_key_id = 99 WHERE batch_id = $1 AND line_no = 1",
            [.int64(first.batch.value)]
        )
        try await scene.database.execute(
            "UPDATE sluice.quarantine_record SET fields = '\\x00' WHERE batch_id = $1 AND line_no = 2",
            [.int64(first.batch.value)]
        )
        let records = try await scene.store.recordsToReview(QuarantineFilter(), after: nil)
        #expect(records.map(\.isUnreadable) == [true, true, false, false, false])
        #expect(try await scene.store.recordHistory(of: scene.key(first, 1))?.maskedRecord == nil)
        await scene.close()
    }
}
