import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// What happens to a run when something is not as it should be.
@Suite(.serialized) struct `A run of archiving in trouble` {
    enum Asked: String, CaseIterable, Sendable {
        case bySignal, bySwitch
    }

    @Test(arguments: Asked.allCases)
    func `stops within a second, whatever statement is under way`(_ asked: Asked) async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let books = try await runs.scene.books()
        // A count that takes as long as a slice may, which is half a minute.
        let count = "sluice.count_archive_slice(bigint, text, date, int, int)"
        try await runs.database.execute("ALTER FUNCTION \(count) RENAME TO real_count")
        try await runs.database.execute(
            """
            CREATE FUNCTION \(count) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
            AS 'BEGIN PERFORM sluice.archive_guard($1); PERFORM pg_sleep(25); RETURN true; END'
            """
        )
        let stop = StopSignal()
        async let report = runs.run(stop: stop)
        while try await runs.sleeping() == 0 {}
        let clock = SystemClock()
        let askedAt = clock.bootNanoseconds()
        switch asked {
        case .bySignal: stop.request()
        case .bySwitch: #expect(try await runs.database.ownerStore.stopArchiving(reason: "month end"))
        }
        while try await runs.sleeping() > 0 {}
        let took = TimeSpan(microseconds: (clock.bootNanoseconds() - askedAt) / 1_000)
        #expect(took < .seconds(1), "\(took)")
        let outcome = try await report.outcome
        #expect(outcome == (asked == .bySignal ? .workLeft : .stopped))
        #expect(try await runs.scene.books() == books)
        #expect(try await runs.store.archiveSwitch().holder == nil)
        if asked == .bySwitch {
            #expect(try await runs.run().outcome == .stopped)
            #expect(try await runs.store.resumeArchiving())
        }
        try await runs.database.execute("DROP FUNCTION \(count)")
        try await runs.database.execute(
            "ALTER FUNCTION sluice.real_count(bigint, text, date, int, int) RENAME TO count_archive_slice"
        )
        #expect(try await runs.run().outcome == .done)
        await runs.close()
    }

    @Test func `is one at a time, and ends when another has taken its lease`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let second = Mutex<ArchiveReport?>(nil)
        let stage = runs.stage(
            on: ArchiveStandIn(
                store: runs.store,
                before: { call in
                    guard call == .swap else { return }
                    let other = runs.stage(as: "other")
                    let report = try await other.run(ArchiveOrder(budget: .hours(1)), stop: StopSignal()) { _ in }
                    second.withLock { $0 = report }
                    // As if this one had slept for longer than its lease.
                    try await runs.database.execute("UPDATE sluice.archive_lease SET lease_until = now()")
                    let lease = try await runs.database.ownerStore.takeArchiveLease(
                        worker: WorkerIdentifier("third"),
                        lease: .hours(1),
                        asOf: nil
                    )
                    #expect(lease != nil)
                }
            )
        )
        let report = try await runs.run(stage)
        #expect(second.withLock { $0 }?.outcome == .held)
        #expect(report.outcome == .held)
        #expect(try await runs.store.archiveSwitch().holder == WorkerIdentifier("third"))
        #expect(try await runs.scene.rows(.paymentOrder, runs.day, in: "history") == 0)
        await runs.close()
    }

    @Test(arguments: LoadLimits.Signal.allCases)
    func `waits while others have too much to do`(_ signal: LoadLimits.Signal) async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let looks = Counter()
        let waits = Mutex<Set<LoadLimits.Signal>>([])
        var standIn = ArchiveStandIn(store: runs.store)
        let clock = ImpatientClock()
        standIn.load = { _ in
            let look = looks.next(.verifySlice)
            // Of the write-ahead log a rate is known after a second.
            if look == 3 { try await clock.sleep(for: .seconds(2)) }
            return Self.load(signal, look: look)
        }
        let stage = runs.stage(on: standIn, clock: clock) { $0.limits = LoadLimits() }
        let report = try await runs.run(stage) { progress in
            if let waited = progress.waitingFor { waits.withLock { _ = $0.insert(waited) } }
        }
        #expect(report.outcome == .done, "\(report)")
        #expect(Set(report.waited.keys) == [signal])
        #expect(report.waited[signal].map { $0 >= .seconds(1) } == true)
        #expect(waits.withLock { $0 } == [signal])
        await runs.close()
    }

    /// Too much at a few looks, and little before and after; of old transactions, when the first lock is wanted.
    private static func load(_ signal: LoadLimits.Signal, look: Int) -> ServerLoad {
        var load = ServerLoad()
        (load.lagBytes, load.slotBytes, load.archiveQueue) = (0, 0, 0)
        (load.walPosition, load.busyTables, load.oldestHolder) = (0, [], .zero)
        let isTooMuch = (signal == .oldTransaction ? 6...12 : 3...5).contains(look)
        switch signal {
        case .replicaLag: if isTooMuch { load.lag = .seconds(11) }
        case .replicationSlots: if isTooMuch { load.slotBytes = 2 << 30 }
        // A rate is seen by what was written since the look before, over all of the time.
        case .walRate: load.walPosition = look >= 3 ? 1 << 50 : 0
        case .archiveQueue: if isTooMuch { load.archiveQueue = 33 }
        case .archiveFailing: load.isArchiveFailing = isTooMuch
        case .busyTable: if isTooMuch { load.busyTables = ["payment_order_carry_over"] }
        case .oldTransaction: if isTooMuch { load.oldestHolder = .seconds(2) }
        }
        return load
    }

    @Test func `leaves the days for the next run when the load does not let it go on`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        var standIn = ArchiveStandIn(store: runs.store)
        standIn.load = { _ in
            var load = ServerLoad()
            load.archiveQueue = 33
            return load
        }
        let report = try await runs.run(runs.stage(on: standIn), budget: .minutes(10))
        #expect(report.outcome == .workLeft && report.reasons == ["its time is over"])
        #expect(report.waited[.archiveQueue].map { $0 >= .minutes(9) } == true)
        #expect(report.oldest == runs.day)
        await runs.close()
    }

    @Test func `goes on where the load cannot be read`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        var standIn = ArchiveStandIn(store: runs.store)
        standIn.load = { _ in throw TestFailure("not to be read") }
        let report = try await runs.run(runs.stage(on: standIn))
        #expect(report.outcome == .done && report.waited.isEmpty)
        await runs.close()
    }

    @Test func `tries again where a lock is not to be had, and counts it`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let swaps = Counter()
        let stage = runs.stage(
            on: ArchiveStandIn(
                store: runs.store,
                before: { call in
                    guard call == .swap, swaps.next(call) <= 3 else { return }
                    throw ArchiveLockRefused(table: .paymentOrder, day: runs.day)
                }
            )
        )
        let report = try await runs.run(stage)
        #expect(report.outcome == .done, "\(report.reasons)")
        #expect(report.lockFailures >= 3)
        #expect(report.entries.first.map { $0.lockFailures >= 3 } == true)
        await runs.close()
    }

    @Test func `leaves a day whose lock is never to be had`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let stage = runs.stage(
            on: ArchiveStandIn(
                store: runs.store,
                before: { call in
                    if call == .swap { throw ArchiveLockRefused(table: .paymentOrder, day: runs.day) }
                }
            )
        )
        let report = try await runs.run(stage)
        #expect(report.outcome == .workLeft)
        #expect(report.reasons.contains { $0.contains("\(ArchiveRules.lockTries) times") }, "\(report.reasons)")
        #expect(report.oldest == runs.day)
        #expect(try await runs.run().outcome == .done)
        await runs.close()
    }

    @Test(arguments: [(1, true), (10, false)])
    func `counts a day again that changed, and not for ever`(_ changes: Int, _ leaves: Bool) async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let swaps = Counter()
        let batch = try await runs.scene.batch(1, on: runs.day)
        let stage = runs.stage(
            on: ArchiveStandIn(
                store: runs.store,
                before: { call in
                    guard call == .swap, swaps.next(call) <= changes else { return }
                    try await runs.scene.change(
                        "UPDATE sluice.payment_order SET code = code || 'x' WHERE batch_id = \(batch) AND line_no = 9"
                    )
                }
            )
        )
        let books = try await runs.scene.books()
        let report = try await runs.run(stage)
        #expect(report.outcome == (leaves ? .done : .workLeft), "\(report.reasons)")
        #expect(try await runs.scene.books() != books)
        #expect(try await runs.scene.brokenInvariants() == [])
        #expect(try await runs.run(days: 2).outcome == .done)
        await runs.close()
    }

    @Test(arguments: [.prepare, .countSlice, .swap, .carryHeld, .close] + byRows, [true, false])
    func `reads its entry again where the answer to a commit is lost`(
        _ lost: ArchiveStandIn.Call,
        _ isDone: Bool
    ) async throws {
        let runs = try await ArchiveRunScene.make(files: 2)
        try await runs.open(lines: 3)
        if lost == .beginPass {
            _ = try await runs.run()
            try await runs.finish()
        }
        let calls = Counter()
        let lose: @Sendable (ArchiveStandIn.Call) async throws -> Void = { call in
            guard call == lost, calls.next(call) == 1 else { return }
            throw ArchiveCommitUnknown(table: .paymentOrder, day: runs.day)
        }
        var standIn = ArchiveStandIn(store: runs.store)
        if isDone { standIn.after = lose } else { standIn.before = lose }
        let books = try await runs.scene.books()
        let path: ArchivePath = Self.byRows.contains(lost) ? .rows : .swap
        let report = try await runs.run(runs.stage(on: standIn) { $0.path = path })
        #expect(report.outcome == .done, "\(report.reasons)")
        #expect(calls.next(lost) > 1, "nothing was lost")
        #expect(Set(try await runs.closed()) == Set(HeavyTable.allCases))
        #expect(try await runs.scene.books() == books)
        #expect(try await runs.scene.brokenInvariants() == [])
        await runs.close()
    }

    private static let byRows: [ArchiveStandIn.Call] = [.beginPass, .beginRowDay, .moveRows, .endRowDay, .retire]

    @Test func `does not begin where a partition is missing`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        try await runs.database.execute(
            "ALTER TABLE sluice.submission DETACH PARTITION sluice.submission_\(runs.day.compact)"
        )
        let report = try await runs.run()
        #expect(report.outcome == .refused)
        #expect(report.reasons.contains { $0.contains("submission") }, "\(report.reasons)")
        #expect(try await runs.alarms().contains("partition_missing/partition"))
        #expect(report.oldest == runs.day && report.entries.isEmpty)
        await runs.close()
    }

    @Test func `does not begin where live tables and history differ`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        try await runs.database.execute("ALTER TABLE sluice.exchange ADD COLUMN fee bigint")
        let report = try await runs.run()
        #expect(report.outcome == .refused)
        #expect(report.reasons.contains { $0.contains("fee") }, "\(report.reasons)")
        #expect(try await runs.alarms().contains("archive_drift/shape"))
        #expect(report.oldest == runs.day && report.entries.isEmpty)
        await runs.close()
    }
}

/// A day that is not what was counted goes back where it was, and everything stops.
@Suite(.serialized) struct `A mismatch` {
    @Test(arguments: ArchivePath.allCases)
    func `puts a day back, stops archiving and calls a person`(_ path: ArchivePath) async throws {
        let runs = try await ArchiveRunScene.make(files: 2)
        let scene = runs.scene
        try await runs.open(lines: 3)
        let books = try await scene.books()
        // Somebody who may write into history does, between the move and its proof.
        let reads = Counter()
        let stage = runs.stage(
            on: ArchiveStandIn(
                store: runs.store,
                before: { call in
                    guard call == .verifySlice, reads.next(call) == 1 else { return }
                    try await scene.meddle(
                        """
                        UPDATE history.payment_order SET amount_minor = amount_minor + 1
                        WHERE business_date = '\(scene.day)' AND line_no = 7
                        """
                    )
                }
            )
        ) { $0.path = path }
        let report = try await runs.run(stage)
        #expect(report.outcome == .mismatch)
        #expect(report.entries.first?.state == .mismatch)
        #expect(report.reasons.contains { $0.contains("CNY/succeeded") && $0.contains("other content") })
        #expect(try await runs.alarms().contains("archive_mismatch/payment_order/\(scene.day)"))
        #expect(try await runs.store.archiveSwitch().stop?.reason.contains("payment_order") == true)
        let lines = 2 * ArchiveScene.linesPerFile
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == lines)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "history") == 0)
        #expect(try await scene.brokenInvariants() == [])

        // Nothing goes on before a person has looked; then the day leaves as it is now.
        #expect(try await runs.run().outcome == .stopped)
        try await scene.meddle(
            """
            UPDATE sluice.payment_order SET amount_minor = amount_minor - 1
            WHERE business_date = '\(scene.day)' AND line_no = 7
            """
        )
        #expect(try await scene.books() == books)
        #expect(try await runs.store.resumeArchiving())
        for next in [path, .swap] {
            #expect(try await runs.run(runs.stage { $0.path = next }).outcome == .done)
        }
        #expect(Set(try await runs.closed()) == Set(HeavyTable.allCases))
        #expect(try await scene.books() == books)
        #expect(try await scene.brokenInvariants() == [])
        await runs.close()
    }

    @Test func `of a later pass moves nothing, and stops archiving`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let scene = runs.scene
        try await runs.open(lines: 3)
        #expect(try await runs.run().outcome == .done)
        try await runs.finish()
        try await scene.meddle(
            "DELETE FROM history.payment_order WHERE business_date = '\(scene.day)' AND line_no = 7"
        )
        let report = try await runs.run()
        #expect(report.outcome == .mismatch)
        #expect(report.entries.first?.state == .moving && report.entries.first?.key.pass == 2)
        #expect(report.reasons.contains { $0.contains("rows, not") }, "\(report.reasons)")
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "history") == ArchiveScene.linesPerFile - 1)
        #expect(try await runs.store.archiveSwitch().stop != nil)
        #expect(try await runs.run().outcome == .stopped)
        await runs.close()
    }

    @Test func `goes back in the next run where its lock is not to be had`() async throws {
        let runs = try await ArchiveRunScene.make(files: 1)
        let scene = runs.scene
        let reads = Counter()
        let stage = runs.stage(
            on: ArchiveStandIn(
                store: runs.store,
                before: { call in
                    if call == .reverse { throw ArchiveLockRefused(table: .paymentOrder, day: scene.day) }
                    guard call == .verifySlice, reads.next(call) == 1 else { return }
                    try await scene.meddle(
                        "DELETE FROM history.payment_order WHERE business_date = '\(scene.day)' AND line_no = 7"
                    )
                }
            )
        )
        let report = try await runs.run(stage)
        #expect(report.outcome == .mismatch && report.entries.first?.state == .swapped)
        #expect(report.reasons.contains { $0.contains("not back yet") }, "\(report.reasons)")
        #expect(try await runs.store.resumeArchiving())
        #expect(try await runs.run().outcome == .mismatch)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "sluice") == ArchiveScene.linesPerFile - 1)
        #expect(try await scene.rows(.paymentOrder, scene.day, in: "history") == 0)
        await runs.close()
    }
}
