import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// Runs of archiving on a database, from the lease to the report.
@Suite(.serialized) struct `A run of archiving` {
    @Test func `takes a day to the history, keeps what must stay, and takes that later`() async throws {
        let runs = try await ArchiveRunScene.make()
        let scene = runs.scene
        try await runs.open(lines: 3)
        let hold = try await runs.store.placeHold(.batch(scene.batch(2, on: scene.day)), reason: "court")
        let books = try await scene.books()
        let told = Mutex<Set<ArchiveRules.Step>>([])
        let report = try await runs.run { progress in told.withLock { _ = $0.insert(progress.step) } }
        #expect(report.outcome == .done && report.asOf == scene.lease.asOf, "\(report.reasons)")
        #expect(report.entries.map(\.key.table) == HeavyTable.allCases)
        #expect(report.entries.allSatisfy { $0.state == .closed && $0.key.day == scene.day && $0.path == .swap })
        // Three open orders with their submission, and a held file of each table.
        #expect(report.entries.first?.stayedOpen == 3 && report.staysHeld > 50)
        #expect(report.oldest == scene.nextDay && report.longestLock != nil)
        #expect(told.withLock { $0 }.isSuperset(of: [.prepare, .count, .swap, .carryHeld, .verify]))
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 3 + ArchiveScene.linesPerFile)
        #expect(try await scene.rows(.paymentOrder, scene.nextDay, in: "history") == 0)
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])
        #expect(try await runs.store.archiveSwitch().holder == nil)

        // What stays no longer leaves by a pass of its own, before the next day.
        try await runs.finish()
        #expect(try await runs.store.liftHold(hold, reason: "over"))
        let later = try await scene.books()
        let next = try await runs.run()
        #expect(next.outcome == .done, "\(next.reasons)")
        #expect(next.entries.contains { $0.key.day == scene.day && $0.key.pass == 2 && $0.path == .rows })
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 0)
        #expect(try await scene.rows(.paymentOrder, scene.nextDay, in: "history") > 0)
        #expect(try await scene.books() == later)
        #expect(try await scene.brokenInvariants() == [])
        for table in HeavyTable.allCases {
            let verified = try await ArchiveVerification(store: runs.store, clock: ImpatientClock())
                .verify(table, scene.day, stop: StopSignal())
            #expect(verified.holds && verified.found.rows > 0)
        }
        await runs.close()
    }

    @Test func `takes all days that are due, the empty ones too, and is due no more`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let books = try await runs.scene.books()
        let report = try await runs.run(days: 100)
        let cutoff = ArchiveRules.cutoff(asOf: runs.scene.lease.asOf, months: 2)
        #expect(report.outcome == .done && report.oldest == cutoff, "\(report)")
        #expect(try await runs.scene.books() == books)
        #expect(try await runs.scene.brokenInvariants() == [])
        // The same day as the database counts it.
        let sql = "SELECT sluice.archive_cutoff($1, 2) - date '1970-01-01'"
        let counted = try await runs.database.number(sql, [.date(daysSince1970: runs.scene.lease.asOf.daysSince1970)])
        #expect(counted == Int64(cutoff.daysSince1970))
        let again = try await runs.run(days: 100)
        #expect(again.outcome == .done && again.entries.isEmpty)
        await runs.close()
    }

    enum Left: String, CaseIterable, Sendable {
        case begun, prepared, counting, counted, swapped, carrying, beginningRows, movingRows, verifyingRows, notRetired
        case passBegun, stateless
    }

    @Test(arguments: Left.allCases)
    func `goes on from wherever a dead run left a day`(_ left: Left) async throws {
        let runs = try await ArchiveRunScene.make(files: 2)
        let scene = runs.scene
        try await runs.open(lines: 3)
        let hold = try await runs.store.placeHold(.batch(scene.batch(2, on: scene.day)), reason: "court")
        let books = try await scene.books()
        try await Self.leave(scene, left, hold: hold)
        let report = try await runs.run()
        #expect(report.outcome == .done, "\(report.reasons)")
        #expect(Set(try await runs.closed()) == Set(HeavyTable.allCases))
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") >= 3)
        #expect(report.oldest == scene.nextDay)
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])
        await runs.close()
    }

    /// Does what a run does up to there.
    private static func leave(_ scene: ArchiveScene, _ left: Left, hold: Int64) async throws {
        guard left != .stateless else { return }
        try await scene.begin(scene.day)
        let (table, store, lease) = (HeavyTable.paymentOrder, scene.store, scene.lease)
        let key = EntryKey(table: table, day: scene.day, pass: 1)
        let byRows = [.beginningRows, .movingRows, .verifyingRows, .notRetired].contains(left)
        switch left {
        case .stateless, .begun: return
        case .prepared, .counting:
            _ = try await scene.patiently { try await store.prepare(key, path: .swap, lease) }
            if left == .counting { _ = try await store.countSlice(key, pages: 1, lease) }
            return
        default: _ = try await scene.count(table, scene.day, path: byRows ? .rows : .swap)
        }
        switch left {
        case .swapped, .carrying:
            #expect(try await scene.swap(key) == .swapped)
            if left == .carrying { _ = try await store.carryHeld(table, scene.day, most: 7, lease) }
        case .movingRows, .verifyingRows, .notRetired:
            #expect(try await scene.patiently { try await store.beginRowDay(key, lease) } == .moving)
            _ = try await store.moveRows(key, from: .liveDay, after: nil, most: 7, lease)
            guard left != .movingRows else { return }
            _ = try await scene.move(key, from: .liveDay, most: 1_000)
            _ = try await scene.patiently { try await store.endRowDay(key, lease) }
            if left == .notRetired { _ = try await store.close(key, found: scene.found(table, scene.day), lease) }
        case .passBegun:
            #expect(try await scene.swap(key) == .swapped)
            _ = try await scene.prove(key)
            #expect(try await store.liftHold(hold, reason: "over"))
            let pass = try await scene.patiently { try await store.beginPass(table, scene.day, lease) }
            _ = try await store.moveRows(pass, from: .carryOver, after: nil, most: 7, lease)
        default: return
        }
    }

    @Test func `takes a day by rows of which too much is open, and lets go of it when that is over`() async throws {
        let runs = try await ArchiveRunScene.make(files: 2)
        let scene = runs.scene
        try await runs.open(lines: 8)
        let books = try await scene.books()
        let stage = runs.stage { $0.openMax = 5 }
        let report = try await runs.run(stage)
        #expect(report.outcome == .done && report.oldest == scene.day, "\(report)")
        #expect(report.entries.first?.path == .rows)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 8)
        #expect(try await runs.alarms().contains("archive_blocked/payment_order"))
        #expect(try await scene.books() == books)

        // Later days of the table go by rows behind it, and others are not kept.
        let next = try await runs.run(stage)
        #expect(next.entries.filter { $0.key.day == scene.nextDay }.map(\.path) == [.rows, .swap, .swap, .swap, .swap])
        #expect(try await runs.store.carryOverEnds()[.paymentOrder] == scene.day)
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])

        try await runs.finish()
        let finished = try await scene.books()
        let last = try await runs.run(stage)
        #expect(last.outcome == .done && last.oldest == scene.nextDay.advanced(byDays: 2), "\(last)")
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == 0)
        #expect(try await scene.books() == finished)
        #expect(try await scene.brokenInvariants() == [])
        await runs.close()
    }

    @Test func `takes days by rows where that is configured`() async throws {
        let runs = try await ArchiveRunScene.make(files: 2)
        try await runs.open(lines: 3)
        let books = try await runs.scene.books()
        let report = try await runs.run(runs.stage { $0.path = .rows })
        #expect(report.outcome == .done && report.oldest == runs.scene.nextDay, "\(report)")
        #expect(report.entries.map(\.path) == HeavyTable.allCases.map { _ in .rows })
        #expect(try await runs.scene.rows(.paymentOrder, runs.day, in: "sluice") == 3)
        #expect(try await runs.scene.books() == books)
        #expect(try await runs.scene.brokenInvariants() == [])
        await runs.close()
    }

    @Test func `gives up a count whose day is held by now`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        try await runs.scene.begin(runs.day)
        _ = try await runs.scene.count(.paymentOrder, runs.day)
        let hold = try await runs.store.placeHold(.day(runs.day), reason: "audit")
        let settings = """
            SELECT count(*) FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = 'archive_touch'
            WHERE c.oid = 'sluice.payment_order_\(runs.day.compact)'::regclass
                AND (t.oid IS NOT NULL OR 'autovacuum_enabled=false' = ANY (c.reloptions))
            """
        #expect(try await runs.database.number(settings) == 1)
        let report = try await runs.run()
        #expect(report.outcome == .done && report.entries.map(\.state) == [.reopened], "\(report)")
        #expect(try await runs.database.number(settings) == 0)
        #expect(try await runs.store.liftHold(hold, reason: "over"))
        #expect(try await runs.run().entries.first?.key.pass == 2)
        #expect(Set(try await runs.closed()) == Set(HeavyTable.allCases))
        #expect(try await runs.scene.brokenInvariants() == [])
        await runs.close()
    }

    @Test func `ends at a day that is held, and says so`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let hold = try await runs.store.placeHold(.day(runs.day), reason: "audit")
        let report = try await runs.run(days: nil)
        #expect(report.outcome == .done && report.entries.isEmpty && report.oldest == runs.day)
        #expect(report.reasons.contains { $0.contains("\(runs.day)") && $0.contains("hold") })
        // A month of days is due: that is long ago.
        #expect(try await runs.alarms() == ["archive_behind/days"])
        #expect(try await runs.store.liftHold(hold, reason: "over"))
        #expect(try await runs.run().oldest == runs.scene.nextDay)
        await runs.close()
    }
}
