import Cryptography
import PaymentCore
import PostgresClient
import PostgresStore
import Store
import StoreTesting
import Synchronization
import Testing

/// Results of files of which a part, or all, is in the history.
@Suite(.serialized) struct `A result of an archived day` {
    /// Writes a version of what is read of the file's lines; `before` is called when the snapshot is taken.
    private static func write(
        of file: ClaimedBatchFile,
        _ store: SQLStore,
        isOpen: Bool = true,
        before: @Sendable () -> Void = {}
    ) async throws -> (lines: [String], written: WrittenResult?) {
        let seen = Mutex<[String]>([])
        let written = try await store.writeResultFile(of: file, fileName: "r") { material, emit in
            before()
            // Formats with totals first read all lines twice.
            for _ in 1...2 {
                material.rewind()
                seen.withLock { $0 = [] }
                while true {
                    let page = try material.nextPage()
                    if page.isEmpty { break }
                    seen.withLock { $0 += page.map { "\($0.line) \($0.status.rawValue) \($0.code)" } }
                }
            }
            let text = Array(seen.withLock { $0.joined(separator: "\n") }.utf8)
            try emit(text)
            return ProducedResult(
                lineCount: Int64(seen.withLock(\.count)),
                totals: [isOpen ? .underReview : .succeeded: ["CNY": Tally(count: 1, amountMinor: 100)]],
                contentSHA256: SHA256.hash(text),
                previousSHA256: material.previousEdition.map { _ in SHA256.hash(text) },
                contentBytes: Int64(text.count)
            )
        }
        return (seen.withLock(\.self), written)
    }

    private static func claim(_ database: TestDatabase) async throws -> ClaimedBatchFile {
        try await database.execute("UPDATE sluice.batch_file SET due_at = now(), result_due_at = now()")
        let file = try await database.store.claimBatchFile(
            for: .settlement,
            worker: DecisionScene.worker,
            lease: .minutes(5)
        )
        return try #require(file)
    }

    /// Three orders of a submission, of which the last one is unknown, and asked for in an hour.
    private static func straggling(_ scene: DecisionScene) async throws -> (DecisionScene.Sent, ArchiveScene) {
        let sent = try await scene.send(orders: 3)
        _ = try await scene.end(sent, next: .schedule(.query, after: .hours(1)))
        let archive = try await ArchiveScene.over(scene.database)
        try await archive.meddle(
            """
            UPDATE sluice.payment_order SET state = 'succeeded', decided_at = now(),
                evidence_day = '\(sent.call.day)', evidence_ordinal = 1 WHERE line_no < 3
            """,
            "UPDATE sluice.exchange SET outcome = 'answered'"
        )
        return (sent, archive)
    }

    @Test func `has every line of its file, and tells of money that came back since`() async throws {
        let scene = try await DecisionScene.make()
        let (sent, archive) = try await Self.straggling(scene)
        try await archive.archiveUntilToday()
        #expect(try await archive.rows(.paymentOrder, sent.file.businessDate, in: "sluice") == 1)
        let first = try await Self.write(of: Self.claim(scene.database), scene.store)
        #expect(first.lines == ["1 SUCCEEDED 0000", "2 SUCCEEDED 0000", "3 PROCESSING 0000"])
        #expect(first.written?.lineCount == 3 && first.written?.isFinal == false)

        let returned = ReturnedPayment(
            channel: scene.channel,
            reference: "R-1",
            batch: sent.file.batch,
            line: LineNumber(2),
            amount: Money(minor: ContractScene.amountMinor(of: LineNumber(2)), currency: .cny),
            code: "AC04",
            returnedAt: Timestamp(unixMicroseconds: 1_700_000_000_000_000)
        )
        #expect(try await scene.store.recordReturn(returned) == .recorded)
        // The last order ends: what is told of it makes the file due.
        try await archive.meddle(
            """
            UPDATE sluice.payment_order SET state = 'succeeded', decided_at = now(),
                evidence_day = '\(sent.call.day)', evidence_ordinal = 1
            """,
            "UPDATE sluice.submission SET phase = 'settled', settled_at = now()",
            "DELETE FROM sluice.work_chunk"
        )
        let last = try await Self.write(of: Self.claim(scene.database), scene.store, isOpen: false)
        #expect(last.lines == ["1 SUCCEEDED 0000", "2 RETURNED AC04", "3 SUCCEEDED 0000"])
        #expect(last.written?.version == 2 && last.written?.isFinal == true)
        try await scene.expectNoBreach()
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `has every line once in a snapshot from before the day left`() async throws {
        let scene = try await DecisionScene.make()
        let (sent, archive) = try await Self.straggling(scene)
        let file = try await Self.claim(scene.database)
        let day = sent.file.businessDate
        var before = archive.day
        while before < day {
            try await archive.archive(before)
            before = before.advanced(byDays: 1)
        }
        try await archive.begin(day)
        let key = try await archive.count(.paymentOrder, day)
        let (begun, swapped) = (LoadTurn(), LoadTurn())
        async let written = Self.write(of: file, scene.store) {
            begun.give()
            #expect(swapped.wait(atMost: .seconds(30)), "nobody waits for a result that is made")
        }
        try await scene.database.owner.transaction("test", deadline: .seconds(40)) { _ in
            #expect(begun.wait(atMost: .seconds(30)))
        }
        #expect(try await archive.swap(key) == .swapped)
        swapped.give()
        #expect(try await written.lines == ["1 SUCCEEDED 0000", "2 SUCCEEDED 0000", "3 PROCESSING 0000"])
        #expect(try await archive.rows(.paymentOrder, day, in: "history") == 2)
        await archive.archiver.close()
        await scene.close()
    }

    @Test func `has the records that were quarantined`() async throws {
        let scene = try await NumberScene.make()
        func plan() async throws {
            let split = try await scene.database.store.claimBatchFile(
                for: .planning,
                worker: NumberScene.worker,
                lease: .minutes(5)
            )
            #expect(try await scene.database.store.recordPlan([], unroutable: [], of: try #require(split)))
        }
        let bad = NumberScene.Record(number: "B", isBad: true)
        let first = try await scene.load([NumberScene.Record(number: "A"), bad, NumberScene.Record(number: "C")])
        try await plan()
        try await scene.load([NumberScene.Record(number: "B")], NumberScene.superseding)
        try await plan()
        try await scene.database.execute("DELETE FROM sluice.order_to_plan")
        let archive = try await ArchiveScene.over(scene.database)
        try await archive.archiveUntilToday()
        #expect(try await archive.rows(.quarantineRecord, first.businessDate, in: "history") == 1)
        #expect(try await archive.rows(.paymentOrder, first.businessDate, in: "history") == 0, "ready orders stay")
        let file = try await Self.claim(scene.database)
        #expect(file.id == first.id)
        let result = try await Self.write(of: file, scene.database.store)
        #expect(result.lines.map { String($0.prefix(8)) } == ["1 PROCES", "2 FAILED", "3 PROCES"])
        #expect(result.lines[1] == "2 FAILED superseded")

        // People find it where they found it before.
        let filter = QuarantineFilter(batch: first.id, states: [.rejected])
        let records = try await scene.database.store.quarantinedRecords(filter)
        #expect(records.map(\.key.line) == [LineNumber(2)] && records.map(\.state) == [.rejected])
        #expect(try await scene.database.store.quarantineGroups(filter, by: .reason).map(\.records) == [1])
        await archive.archiver.close()
        await scene.close()
    }
}
