import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// Days that change their table: live and history together are what they were, at every step.
@Suite(.serialized) struct `A day that leaves by a swap` {
    @Test func `is in history whole, and its open rows live`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(1, on: scene.day)
        // Two open orders, one of them held by a submission that is unknown; a final one of which a person is asked.
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET state = 'unknown', evidence_day = NULL, evidence_ordinal = NULL
            WHERE batch_id = \(batch) AND line_no IN (1, 15)
            """,
            "UPDATE sluice.submission SET phase = 'unknown' WHERE batch_id = \(batch) AND submission_no = 1",
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no)
            VALUES ('i', 'contradiction', 'x', \(batch), '\(scene.day)', 33)
            """
        )
        let books = try await scene.books()
        try await scene.archive(scene.day)
        #expect(try await scene.books() == books)
        let rows = 4 * ArchiveScene.linesPerFile
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 3)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "history") == rows - 3)
        // Line 15 has an ended attempt; submissions 1 and 2 are named by open orders.
        #expect(try await scene.rows(.paymentAttempt, scene.day, in: "sluice") == 1)
        #expect(try await scene.rows(.submission, scene.day, in: "sluice") == 2)
        #expect(try await scene.rows(.quarantineRecord, scene.day, in: "sluice") == 0)
        #expect(try await scene.brokenInvariants() == [])
        let ends = try await scene.store.carryOverEnds()
        #expect(ends == Dictionary(uniqueKeysWithValues: HeavyTable.allCases.map { ($0, scene.nextDay) }))
        let states = try await scene.store.entries(of: scene.day).map(\.state)
        #expect(states == Array(repeating: .closed, count: 5))
        await scene.close()
    }

    @Test func `is counted again when a row changed, a hold was placed or a person was asked`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(2, on: scene.day)
        try await scene.begin(scene.day)
        var key = try await scene.count(.paymentOrder, scene.day)
        try await scene.change(
            "UPDATE sluice.payment_order SET code = '0001' WHERE batch_id = \(batch) AND line_no = 7"
        )
        #expect(try await scene.swap(key, openMax: 10) == .touched)
        key = try await scene.count(.paymentOrder, scene.day)
        let hold = try await scene.store.placeHold(.order(batch, LineNumber(9)), reason: "court")
        #expect(try await scene.store.placeHold(.order(batch, LineNumber(9)), reason: "again") == hold)
        #expect(try await scene.swap(key, openMax: 10) == .held)
        key = try await scene.count(.paymentOrder, scene.day)
        try await scene.meddle(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no)
            VALUES ('i', 'contradiction', 'x', \(batch), '\(scene.day)', 12)
            """
        )
        #expect(try await scene.swap(key, openMax: 10) == .reviewed)
        key = try await scene.count(.paymentOrder, scene.day)
        #expect(try await scene.swap(key, openMax: 0) == .tooManyOpen)
        #expect(try await scene.swap(key, openMax: 1) == .swapped)
        #expect(try await scene.prove(key))
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 2)
        await scene.close()
    }

    @Test func `counts a straggler once that ends behind the slice which noted it`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(1, on: scene.day)
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET state = 'unknown', evidence_day = NULL, evidence_ordinal = NULL
            WHERE batch_id = \(batch) AND line_no = 1
            """
        )
        try await scene.begin(scene.day)
        let key = EntryKey(table: .paymentOrder, day: scene.day, pass: 1)
        #expect(try await scene.patiently { try await scene.store.prepare(key, path: .swap, scene.lease) } > 1)
        try await scene.store.validate(.paymentOrder, scene.day, scene.lease)
        let place =
            "SELECT (ctid::text::point)[0]::bigint FROM sluice.payment_order WHERE batch_id = $1 AND line_no = 1"
        let noted = try await scene.database.number(place, [.int64(batch.value)])
        for _ in 0...noted { #expect(try await !scene.store.countSlice(key, pages: 1, scene.lease)) }
        let wide = "(SELECT string_agg(decode(md5(n || 'x'), 'hex'), ''::bytea) FROM generate_series(1, 110) n)"
        // The first fills what is free on the page.
        for also in ["", ", state = 'succeeded', evidence_day = business_date, evidence_ordinal = 1"] {
            try await scene.change(
                "UPDATE sluice.payment_order SET personal = \(wide)\(also) WHERE batch_id = \(batch) AND line_no = 1"
            )
        }
        #expect(try await scene.database.number(place, [.int64(batch.value)]) > noted)
        while try await !scene.store.countSlice(key, pages: 1, scene.lease) {}
        #expect(try await scene.swap(key, openMax: 10) == .swapped)
        #expect(try await scene.prove(key))
        #expect(try await scene.store.daysToPass(.paymentOrder) == [scene.day])
        #expect(try await scene.pass(.paymentOrder, scene.day) == 1)
        await scene.close()
    }

    @Test func `shows all of itself to a snapshot that is older`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(1, on: scene.day)
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET state = 'unknown', evidence_day = NULL, evidence_ordinal = NULL
            WHERE batch_id = \(batch) AND line_no = 1
            """
        )
        try await scene.begin(scene.day)
        let key = try await scene.count(.paymentOrder, scene.day)
        let (taken, swapped) = (Door(), Door())
        let day = scene.day
        async let seen = scene.database.owner.transaction("old snapshot", deadline: .seconds(30)) { transaction in
            try transaction.executeScript("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            _ = try transaction.query("SELECT FROM sluice.merchant")
            taken.open()
            try swapped.wait(transaction)
            return try transaction.query(
                "SELECT count(*), count(DISTINCT (batch_id, line_no)) FROM sluice.all_payment_order "
                    + "WHERE business_date = '\(day)'"
            ).first.map { [try $0.int64(0), try $0.int64(1)] }
        }
        try await taken.wait(scene)
        #expect(try await scene.swap(key, openMax: 10) == .swapped)
        swapped.open()
        let rows = 4 * ArchiveScene.linesPerFile
        let counts = try await seen
        #expect(counts == [rows, rows])
        #expect(try await scene.prove(key))
        await scene.close()
    }

    @Test func `comes back, and stops everything, when a row of it is not what was counted`() async throws {
        let scene = try await ArchiveScene.make()
        let batch = try await scene.batch(1, on: scene.day)
        try await scene.begin(scene.day)
        let key = try await scene.count(.paymentOrder, scene.day)
        #expect(try await scene.swap(key, openMax: 10) == .swapped)
        try await scene.meddle("UPDATE history.payment_order SET code = 'no' WHERE batch_id = \(batch) AND line_no = 3")
        #expect(try await !scene.prove(key))
        try await scene.reverse(.paymentOrder, scene.day, isMismatch: true)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 4 * ArchiveScene.linesPerFile)
        let stop = try await scene.store.archiveSwitch().stop
        #expect(stop?.reason.hasSuffix("payment_order: wanted") == true)
        await #expect(throws: ArchivingStopped.self) {
            try await scene.store.beginDay(scene.day, cutoff: scene.cutoff, scene.lease)
        }
        #expect(try await scene.store.resumeArchiving())
        try await scene.archive(scene.day)
        #expect(try await scene.brokenInvariants() == [])
        await scene.close()
    }

    @Test func `comes back when people want it, the newest first, and takes files again`() async throws {
        let scene = try await ArchiveScene.make()
        let books = try await scene.books()
        try await scene.archive(scene.day)
        try await scene.archive(scene.nextDay)
        await #expect(throws: PostgresError.self) {
            try await scene.reverse(.exchange, scene.day)
        }
        for day in [scene.nextDay, scene.day] {
            for table in HeavyTable.allCases.reversed() {
                try await scene.reverse(table, day)
            }
            #expect(try await scene.rows(.paymentOrder, day, in: "history") == 0)
            #expect(
                try await scene.database.number("SELECT oldest - 'epoch'::date FROM sluice.live_days")
                    == Int64(day.daysSince1970)
            )
        }
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])
        try await scene.archive(scene.day)
        #expect(try await scene.entry(.paymentOrder, scene.day)?.key.pass == 2)
        await scene.close()
    }

    @Test func `does not begin before its time, out of its turn, or under a hold of the day`() async throws {
        let scene = try await ArchiveScene.make()
        #expect(
            try await scene.store.beginDay(scene.nextDay, cutoff: scene.cutoff, scene.lease) == .notTheOldest
        )
        await #expect(throws: PostgresError.self) {
            try await scene.store.beginDay(
                scene.day,
                cutoff: scene.lease.asOf.advanced(byDays: -27),
                scene.lease
            )
        }
        let hold = try await scene.store.placeHold(.day(scene.day), reason: "looked at")
        #expect(try await scene.store.beginDay(scene.day, cutoff: scene.cutoff, scene.lease) == .held)
        #expect(try await scene.store.liftHold(hold, reason: "seen"))
        #expect(try await !scene.store.liftHold(hold, reason: "seen"))
        #expect(try await scene.store.beginDay(scene.day, cutoff: scene.cutoff, scene.lease) == nil)
        await scene.close()
    }
}
