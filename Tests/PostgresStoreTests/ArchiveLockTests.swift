import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// Who archives, and for how long anybody may be kept waiting.
@Suite(.serialized) struct `The locks of archiving` {
    @Test(arguments: ["payment_order", "payment_order_DAY", "payment_order_carry_over"])
    func `are given up, and nothing is done, where somebody else has one`(_ table: String) async throws {
        let scene = try await ArchiveScene.make(files: 1)
        let books = try await scene.books()
        try await scene.begin(scene.day)
        let key = try await scene.count(.paymentOrder, scene.day)
        let name = table.replacing("DAY", with: scene.day.compact)
        let (locked, refused) = (Door(), Door())
        async let holder: Void = scene.database.owner.transaction("holder", deadline: .seconds(30)) { transaction in
            try transaction.executeScript("LOCK TABLE ONLY sluice.\(name) IN ACCESS SHARE MODE")
            locked.open()
            try refused.wait(transaction)
        }
        try await locked.wait(scene)
        await #expect(throws: ArchiveLockRefused.self) {
            try await scene.store.swap(key, openMax: 10, scene.lease)
        }
        try await scene.store.noteLockFailure(key, scene.lease)
        refused.open()
        try await holder
        #expect(try await scene.entry(.paymentOrder, scene.day)?.state == .counted)
        #expect(try await scene.entry(.paymentOrder, scene.day)?.lockFailures == 1)
        #expect(try await scene.swap(key) == .swapped)
        #expect(try await scene.books() == books)
        await scene.close()
    }

    @Test func `are one archiver's: another waits its turn, and the old one has no further step`() async throws {
        let scene = try await ArchiveScene.make(files: 1)
        let other = WorkerIdentifier("other-archiver")
        let asOf = scene.lease.asOf
        #expect(try await scene.store.takeArchiveLease(worker: other, lease: .hours(1), asOf: asOf) == nil)
        #expect(try await scene.store.renewArchiveLease(scene.lease, for: TimeSpan(microseconds: 1)))
        let taken = try await scene.store.takeArchiveLease(worker: other, lease: .hours(1), asOf: asOf)
        #expect(taken?.epoch == LeaseEpoch(scene.lease.epoch.value + 1))
        #expect(try await !scene.store.renewArchiveLease(scene.lease, for: .hours(1)))
        await #expect(throws: StaleArchiveLease.self) {
            try await scene.store.beginDay(scene.day, cutoff: scene.cutoff, scene.lease)
        }
        try await scene.store.releaseArchiveLease(#require(taken))
        #expect(try await scene.store.archiveSwitch().holder == nil)
        await #expect(throws: StaleArchiveLease.self) {
            try await scene.store.beginDay(scene.day, cutoff: scene.cutoff, #require(taken))
        }
        await scene.close()
    }

    @Test func `begin no more once archiving is stopped, whose first reason stays`() async throws {
        let scene = try await ArchiveScene.make(files: 1)
        #expect(try await scene.store.stopArchiving(reason: "month end"))
        #expect(try await !scene.store.stopArchiving(reason: "other"))
        await #expect(throws: ArchivingStopped.self) {
            try await scene.store.beginDay(scene.day, cutoff: scene.cutoff, scene.lease)
        }
        #expect(try await scene.store.archiveSwitch().stop?.reason == "month end")
        #expect(try await scene.store.resumeArchiving())
        #expect(try await !scene.store.resumeArchiving())
        try await scene.begin(scene.day)
        await scene.close()
    }

    @Test func `are taken on another day than today in class test only`() async throws {
        let scene = try await ArchiveScene.make(files: 1)
        try await scene.store.releaseArchiveLease(scene.lease)
        try await scene.meddle("UPDATE sluice.environment SET class = 'production'")
        let today = try await scene.database.today()
        await #expect(throws: PostgresError.self) {
            try await scene.store.takeArchiveLease(
                worker: ArchiveScene.worker,
                lease: .hours(1),
                asOf: today.advanced(byDays: 1)
            )
        }
        let lease = try await scene.store.takeArchiveLease(worker: ArchiveScene.worker, lease: .hours(1), asOf: nil)
        #expect(lease?.asOf == today)
        await scene.close()
    }

    @Test func `are asked for where the load of the server is known, and nothing stands in the way`() async throws {
        let scene = try await ArchiveScene.make(files: 1)
        let question = LoadQuestion(table: .paymentOrder, day: scene.day)
        let load = try await scene.store.serverLoad(for: question)
        #expect(load.lagBytes == 0 && load.slotBytes == 0 && load.archiveQueue == 0 && load.oldestHolder == .zero)
        #expect(load.busyTables == [] && load.walPosition != nil && load.othersAtWork != nil)
        await scene.close()
    }
}
