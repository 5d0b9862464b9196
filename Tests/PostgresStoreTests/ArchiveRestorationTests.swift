import PaymentCore
import Pipeline
import PostgresStore
import Store
import Testing

/// What has left comes back: as a copy that receipts judge, or as a day that is live again.
@Suite(.serialized) struct `An archived day` {
    private static func restoration(_ runs: ArchiveRunScene) -> ArchiveRestoration {
        ArchiveRestoration(runs.stage(), store: runs.store)
    }

    /// Brings a day back, as often as it takes on a busy machine.
    private static func bringBack(
        _ runs: ArchiveRunScene,
        _ day: BusinessDate
    ) async throws -> ArchiveRestoration.Reopened {
        var tries = 0
        while true {
            do {
                return try await restoration(runs).bringBack(
                    day,
                    reason: "auditors ask",
                    within: .seconds(5),
                    budget: .hours(1),
                    stop: StopSignal()
                ) { _ in }
            } catch let refused as RestorationRefused where refused.code == .workLeft {
                tries += 1
                guard tries < 20 else { throw refused }
            }
        }
    }

    /// Rows of a day that stand in the carry-over, or came back from it.
    private static func carried(_ runs: ArchiveRunScene, _ table: HeavyTable) async throws -> Int64 {
        try await runs.store.carriedRows(table, of: runs.day).rows
    }

    private static func refusal(_ runs: ArchiveRunScene, _ day: BusinessDate) async -> RestorationRefused? {
        await #expect(throws: RestorationRefused.self) { try await bringBack(runs, day) }
    }

    @Test func `is copied by order, by file and whole, and its receipts judge the copy`() async throws {
        let runs = try await ArchiveRunScene.make()
        let scene = runs.scene
        try await runs.open(lines: 2)
        try await runs.archive()
        let batch = try await scene.batch(1, on: scene.day)
        let order = OrderKey(batch: batch, line: LineNumber(15), businessDate: scene.day)
        let restoration = Self.restoration(runs)
        let one = try await restoration.copy(.order(order), label: "one", stop: StopSignal())
        #expect(one.isRight && one.verified.count == 5)
        #expect(
            one.copy.tables.mapValues(\.rows)
                == [.paymentOrder: 1, .paymentAttempt: 1, .submission: 1, .quarantineRecord: 0, .exchange: 1]
        )
        let file = try await restoration.copy(.batch(batch, businessDate: scene.day), label: "file", stop: StopSignal())
        #expect(file.isRight && file.copy.tables[.paymentOrder]?.rows == ArchiveScene.linesPerFile - 2)
        let day = try await restoration.copy(.day(scene.day), label: "day", stop: StopSignal())
        #expect(day.isRight && day.copy.tables[.paymentOrder]?.isTold == true)
        #expect(day.copy.rows == day.verified.reduce(0) { $0 + $1.told.rows })

        // One byte that nobody may change.
        try await scene.meddle(
            "UPDATE history.payment_order SET code = '0001' WHERE batch_id = \(batch) AND line_no = 15"
        )
        let changed = try await restoration.copy(.order(order), label: "two", stop: StopSignal())
        #expect(!changed.isRight)
        #expect(changed.verified.filter { !$0.holds }.map(\.table) == [.paymentOrder])
        #expect(changed.copy.tables.values.filter { !$0.isRight }.isEmpty, "it is what history holds")
        let whole = try await restoration.copy(.day(scene.day), label: "three", stop: StopSignal())
        #expect(whole.copy.tables[.paymentOrder]?.isTold == false)
        await #expect(throws: RestorationRefused.self) {
            try await restoration.copy(.day(scene.nextDay), label: "four", stop: StopSignal())
        }
        await runs.close()
    }

    @Test func `is live again, stays so while it is held, and leaves again when it is not`() async throws {
        let runs = try await ArchiveRunScene.make()
        let scene = runs.scene
        try await runs.open(lines: 3)
        _ = try await runs.store.placeHold(.batch(scene.batch(2, on: scene.day)), reason: "court")
        let books = try await scene.books()
        try await runs.archive()
        // What stays: three open orders, and a held file.
        #expect(try await Self.carried(runs, .paymentOrder) == 3 + ArchiveScene.linesPerFile)
        let back = try await Self.bringBack(runs, scene.day)
        #expect(try await Self.carried(runs, .paymentOrder) == 0)
        #expect(try await scene.books() == books)
        for table in HeavyTable.allCases {
            #expect(try await scene.rows(table, scene.day, in: "history") == 0)
        }
        #expect(try await runs.store.archiveStatus().live?.lowerBound == scene.day)
        #expect(try await runs.store.archiveStatus().heldDays == [scene.day])
        #expect(try await scene.brokenInvariants() == [])
        #expect(try await runs.store.archiveSwitch().holder == nil)

        let held = try await runs.run()
        #expect(held.outcome == .done && held.entries.isEmpty)
        #expect(held.reasons.joined().contains("hold"))
        #expect(try await runs.store.liftHold(back.hold, reason: "they have seen it"))
        try await runs.archive()
        let again = try await runs.store.entries(of: scene.day)
        #expect(again.filter { $0.state == .closed }.map(\.key.pass) == [2, 2, 2, 2, 2])
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])
        await runs.close()
    }

    @Test func `comes back as the newest one only, and when nobody archives`() async throws {
        let runs = try await ArchiveRunScene.make()
        let scene = runs.scene
        try await runs.archive(days: 2)
        let older = await Self.refusal(runs, scene.day)
        #expect(older?.code == .usage && older?.description.contains("in this order: \(scene.nextDay)") == true)
        let live = await Self.refusal(runs, scene.nextDay.advanced(byDays: 1))
        #expect(live?.code == .usage && live?.description.contains("it is live") == true)
        let other = try await runs.store.takeArchiveLease(
            worker: WorkerIdentifier("other"),
            lease: .hours(1),
            asOf: nil
        )
        #expect(await Self.refusal(runs, scene.nextDay)?.code == .held)
        #expect(try await runs.store.legalHolds().isEmpty, "nothing is held of what was not begun")
        if let other { try await runs.store.releaseArchiveLease(other) }
        _ = try await runs.store.stopArchiving(reason: "backup")
        await #expect(throws: ArchivingStopped.self) { try await Self.bringBack(runs, scene.nextDay) }
        #expect(try await runs.store.resumeArchiving())
        _ = try await Self.bringBack(runs, scene.nextDay)
        _ = try await Self.bringBack(runs, scene.day)
        #expect(try await runs.store.archiveStatus().live?.lowerBound == scene.day)
        #expect(try await scene.brokenInvariants() == [])
        await runs.close()
    }

    @Test func `is brought back whole by a second command where the first one died between two tables`() async throws {
        let runs = try await ArchiveRunScene.make()
        let scene = runs.scene
        let books = try await scene.books()
        try await runs.archive()
        let lease = try #require(
            try await runs.store.takeArchiveLease(worker: WorkerIdentifier("dies"), lease: .hours(1), asOf: nil)
        )
        for table in [HeavyTable.exchange, .quarantineRecord] {
            _ = try await scene.patiently {
                try await runs.store.bringBack(table, scene.day, why: "dies", within: .seconds(5), lease)
            }
        }
        try await runs.store.releaseArchiveLease(lease)
        #expect(try await runs.store.archiveStatus().live?.lowerBound == scene.nextDay, "the day is not whole yet")
        _ = try await Self.bringBack(runs, scene.day)
        #expect(try await scene.books() == books)
        #expect(try await runs.store.archiveStatus().live?.lowerBound == scene.day)
        await runs.close()
    }

    @Test func `takes thousands of held rows along without moving them under the lock`() async throws {
        let runs = try await ArchiveRunScene.make(files: 24)
        let scene = runs.scene
        try await runs.open(lines: 4)
        let merchant = TestDatabase.merchant
        let court = try await runs.store.placeHold(.merchant(merchant), reason: "court")
        let books = try await scene.books()
        try await runs.archive()
        let carried = try await runs.store.carriedRows(.paymentOrder, of: scene.day)
        #expect(carried.rows == 24 * ArchiveScene.linesPerFile)
        _ = try await Self.bringBack(runs, scene.day)
        // All but the open ones moved before, with a receipt of their own.
        let passes = try await runs.store.entries(of: scene.day).filter { $0.key.table == .paymentOrder }
        #expect(passes.map(\.state) == [.reopened, .reopened])
        #expect(passes.last?.rows == carried.rows - 4)
        #expect(try await scene.books() == books)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "history") == 0)
        #expect(try await scene.brokenInvariants() == [])
        #expect(try await runs.store.liftHold(court, reason: "over"))
        await runs.close()
    }
}

extension ArchiveRunScene {
    /// Archives so many of the oldest days.
    func archive(days: Int32 = 1) async throws {
        let report = try await leave(until: day.advanced(byDays: days), by: stage(), asOf: scene.lease.asOf)
        guard report.outcome == .done else {
            throw TestFailure("the days do not leave: \(report.outcome), \(report.reasons)")
        }
    }

    /// Archives the days before this one, by as many runs as it takes on a busy machine.
    func leave(until day: BusinessDate, by stage: ArchivingStage, asOf: BusinessDate?) async throws -> ArchiveReport {
        try await store.releaseArchiveLease(scene.lease)
        let hold = try await store.placeHold(.day(day), reason: "so far and no further")
        var report = ArchiveReport()
        for _ in 0..<20 {
            report = try await stage.run(
                ArchiveOrder(asOf: asOf, budget: .hours(100), daysMax: 100),
                stop: StopSignal()
            ) { _ in }
            guard report.outcome == .workLeft || report.reasons.contains(where: { $0.contains("was lost") }) else {
                break
            }
        }
        _ = try await store.liftHold(hold, reason: "the test goes on")
        return report
    }
}
