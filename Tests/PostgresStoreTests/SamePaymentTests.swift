import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

@Suite(.serialized) struct `A payment that looks like another one` {
    private typealias Record = NumberScene.Record

    /// Loads a file, and looks for what its orders repeat; answers the lines with what they repeat.
    private static func found(
        _ records: [Record],
        _ scene: NumberScene,
        days: Int = 1,
        date: BusinessDate? = nil
    ) async throws -> String {
        let file = try await scene.file(records.count, date: date)
        _ = try await scene.load(NumberScene.slice(records), of: file, NumberScene.keeping)
        let count = try await scene.database.store.warnOfSamePayments(in: file, days: days)
        let store = scene.database.store
        #expect(try await store.warnOfSamePayments(in: file, days: days) == 0, "told of once")
        _ = try await store.finishLoading(file)
        let same = try await store.samePayments(of: file.id, limit: 100)
        #expect(same.count == Int(count))
        let open = try await scene.database.number(
            "SELECT count(*) FROM sluice.review_item WHERE batch_id = $1 AND cause = 'same_payment'",
            [.int64(file.id.value)]
        )
        #expect(open == (count > 0 ? 1 : 0))
        return same.map { "\($0.line)=\($0.otherBatch)-\($0.otherLine)" }.joined(separator: " ")
    }

    @Test func `is told of where account, amount and purpose are the same in another file`() async throws {
        let scene = try await NumberScene.make()
        let first = try await Self.found(
            [
                Record(number: "1"), Record(number: "2", amountMinor: 101), Record(number: "3", purpose: "wage"),
                Record(number: "4", account: "6222020200112233446"), Record(number: "5"),
            ],
            scene
        )
        #expect(first == "", "a file repeats nothing of its own")
        let second = try await Self.found(
            [
                Record(number: "6", amountMinor: 102), Record(number: "7", purpose: "wage"),
                Record(number: "8", account: "6222020200112233446", purpose: "wage"), Record(number: "9"),
                Record(number: "10"),
            ],
            scene
        )
        #expect(second == "2=1-3 4=1-1 5=1-1")
        // Nothing is held.
        let states = try await scene.database.text(
            "SELECT string_agg(DISTINCT state::text, ' ') FROM sluice.payment_order"
        )
        #expect(states == "ready")
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `is told of within the merchant's window, before and after`() async throws {
        let scene = try await NumberScene.make()
        let today = try await scene.database.today()
        _ = try await Self.found([Record(number: "1")], scene, date: today.advanced(byDays: 5))
        for (number, day, days, expected) in [
            ("2", Int32(7), 1, ""), ("3", 7, 2, "1=1-1"), ("4", 4, 0, ""), ("5", 4, 1, "1=1-1"), ("6", 6, 0, ""),
        ] {
            // One file at a time: what came in between is taken out of the way.
            let found = try await Self.found(
                [Record(number: number)],
                scene,
                days: days,
                date: today.advanced(byDays: day)
            )
            #expect(found == expected, "\(number)")
            try await scene.database.execute(
                "UPDATE sluice.payment_order SET state = 'cancelled' WHERE merchant_order_no = $1",
                [.text(number)]
            )
        }
        await scene.close()
    }

    @Test func `is not told of where the other one is cancelled, or another merchant's`() async throws {
        let scene = try await NumberScene.make()
        _ = try await Self.found([Record(number: "1")], scene)
        try await scene.database.execute("UPDATE sluice.payment_order SET state = 'cancelled'")
        #expect(try await Self.found([Record(number: "2")], scene) == "")
        try await scene.database.execute(
            """
            WITH other AS (INSERT INTO sluice.merchant (merchant_no, title) VALUES ('OTHER', 'o') RETURNING merchant_id)
            UPDATE sluice.batch_file SET merchant_id = other.merchant_id FROM other
            """
        )
        #expect(try await Self.found([Record(number: "3")], scene) == "")
        await scene.close()
    }

    @Test func `costs nothing where nobody looks for it`() async throws {
        let scene = try await NumberScene.make()
        try await scene.load([Record(number: "1")], DuplicateRules(samePaymentDays: nil))
        let keys = try await scene.database.number(
            "SELECT count(*) FROM sluice.payment_order WHERE payment_key IS NOT NULL"
        )
        #expect(keys == 0)
        await scene.close()
    }

    @Test func `is one warning a line, however often it came`() async throws {
        let scene = try await NumberScene.make()
        try await scene.load((1...2_000).map { Record(number: "F\($0)") })
        let many = (1...2_000).map { Record(number: "M\($0)") }
        let file = try await scene.file(many.count)
        _ = try await scene.load(NumberScene.slice(many), of: file, NumberScene.keeping)
        #expect(try await scene.database.store.warnOfSamePayments(in: file, days: 1) == 2_000)
        await scene.close()
    }

    @Test func `is looked for without keeping anybody from the file`() async throws {
        let scene = try await NumberScene.make()
        try await scene.load([Record(number: "1")])
        let file = try await scene.file(1)
        _ = try await scene.load(NumberScene.slice([Record(number: "2")]), of: file, NumberScene.keeping)
        let isLocked = LoadTurn()
        async let free = scene.database.owner.transaction("test", deadline: .seconds(60)) { transaction in
            _ = try transaction.execute("LOCK TABLE sluice.payment_order IN ACCESS EXCLUSIVE MODE")
            isLocked.give()
            let limit = ContinuousClock.now.advanced(by: .seconds(20))
            while try transaction.query(
                """
                SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """
            ).first?.int64(0) == 0 {
                guard ContinuousClock.now < limit else { throw TestFailure("the orders were never compared") }
            }
            return try transaction.query("SELECT batch_id FROM sluice.batch_file FOR UPDATE NOWAIT").count
        }
        // On a connection's own thread.
        try await scene.database.owner.transaction("test", deadline: .seconds(30)) { _ in
            #expect(isLocked.wait(atMost: .seconds(20)))
        }
        #expect(try await scene.database.store.warnOfSamePayments(in: file, days: 1) == 1)
        #expect(try await free == 2)
        await scene.close()
    }

    @Test func `is asked about by a warning of its own where it could not be looked for`() async throws {
        let scene = try await NumberScene.make()
        try await scene.load([Record(number: "1")])
        let file = try await scene.file(1)
        _ = try await scene.load(NumberScene.slice([Record(number: "2")]), of: file, NumberScene.keeping)
        try await scene.database.execute("REVOKE INSERT ON sluice.same_payment FROM sluice_worker")
        await #expect(throws: PostgresError.self) {
            try await scene.database.store.warnOfSamePayments(in: file, days: 1)
        }
        try await scene.database.store.warnOfNoComparison(of: file)
        try await scene.database.store.warnOfNoComparison(of: file)
        let warning = try await scene.database.text(
            "SELECT string_agg(concat_ws(' ', incident, cause, code), ', ') FROM sluice.review_item"
        )
        #expect(warning == "same_payment/\(file.id) same_payment same_payment_not_compared")
        await scene.close()
    }

    @Test func `is not written down by a worker whose lease is over`() async throws {
        let scene = try await NumberScene.make()
        try await scene.load([Record(number: "1")])
        let file = try await scene.file(1)
        _ = try await scene.load(NumberScene.slice([Record(number: "2")]), of: file, NumberScene.keeping)
        try await scene.database.execute("UPDATE sluice.batch_file SET lease_epoch = lease_epoch + 1")
        #expect(try await scene.database.store.warnOfSamePayments(in: file, days: 1) == 0)
        try await scene.database.store.warnOfNoComparison(of: file)
        let written = try await scene.database.number(
            "SELECT (SELECT count(*) FROM sluice.same_payment) + (SELECT count(*) FROM sluice.review_item)"
        )
        #expect(written == 0)
        await scene.close()
    }
}
