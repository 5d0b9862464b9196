import Cryptography
import PaymentCore
import PeopleTesting
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// How a file that is refused is answered: once, by one worker, and not at all where nothing can be said.
@Suite(.serialized) struct `A refused file` {
    private static let worker = NumberScene.worker
    private static let note = VerdictNote(
        code: "control_sum_mismatch",
        line: 4,
        byteOffset: 211,
        what: "the control sum is not the sum of its amounts",
        mend: "send the file again"
    )

    /// A file on which pass 1 has come to this verdict; nil: on none yet.
    private static func file(_ verdict: RecordedVerdict?, _ scene: NumberScene) async throws -> BatchIdentifier {
        let content = Array("content \(Hexadecimal.encode(SecureRandom.bytes(8)))".utf8)
        let store = scene.database.store
        let batch = try await store.submitBatchFile(
            BatchFileToSubmit(
                merchant: TestDatabase.merchant,
                direction: .payout,
                format: "test",
                fileName: "f.xml",
                environment: "test",
                contentSHA256: SHA256.hash(content),
                contentBytes: Int64(content.count),
                partCount: 1
            )
        ) { _ in content }
        guard let verdict else { return batch }
        let pending = try #require(
            try await store.claimBatchFile(for: .intake, worker: worker, lease: .minutes(5))
        )
        #expect(pending.id == batch)
        _ = try await store.takePart(1, of: pending)
        let isRecorded = try await store.recordVerdict(
            verdict,
            judgedBy: nil,
            of: pending,
            ceilings: AmountCeilings(),
            duplicates: NumberScene.keeping
        )
        #expect(isRecorded)
        return batch
    }

    private static func claim(_ scene: NumberScene) async throws -> ClaimedBatchFile? {
        try await scene.database.store.claimBatchFile(for: .settlement, worker: worker, lease: .minutes(5))
    }

    /// Writes a report of these bytes, which repeats the first bytes of the request.
    private static func write(
        of file: ClaimedBatchFile,
        _ scene: NumberScene,
        meanwhile: @Sendable () -> Void = {}
    ) async throws -> WrittenResult? {
        try await scene.database.store.writeResultFile(of: file, fileName: "r") { material, emit in
            guard try material.nextPage().isEmpty, let request = try material.nextPart() else {
                throw TestFailure("a refused file has its bytes, and no lines")
            }
            let bytes = Array("refused: ".utf8) + request.prefix(7)
            try emit(bytes)
            meanwhile()
            return ProducedResult(
                lineCount: 0,
                totals: [:],
                contentSHA256: SHA256.hash(bytes),
                previousSHA256: nil,
                contentBytes: Int64(bytes.count)
            )
        }
    }

    /// How often the outbox tells of a result file.
    private static func told(_ scene: NumberScene) async throws -> Int64 {
        try await scene.database.number("SELECT count(*) FROM sluice.outbox WHERE topic = 'result_file'")
    }

    @Test func `is answered once, in its turn among files whose results are due`() async throws {
        let scene = try await NumberScene.make()
        let store = scene.database.store
        let due = try await scene.load([NumberScene.Record(number: "A")])
        let split = try await store.claimBatchFile(for: .planning, worker: Self.worker, lease: .minutes(5))
        #expect(try await store.recordPlan([], unroutable: [LineNumber(1)], of: #require(split)))
        let batch = try await Self.file(.refuse(Self.note), scene)
        #expect(try await store.workLeft(channels: []).filesForSettlement == 2)
        let shown = try #require(try await store.batch(batch))
        #expect(shown.summary.verdict == Self.note && shown.refusalAnsweredAt == nil)

        // One that cannot be answered comes up again behind the others.
        #expect(try await Self.claim(scene)?.id == due.id)
        let file = try #require(try await Self.claim(scene))
        #expect(file.id == batch && file.state == .refused)
        #expect(try await store.refusal(of: file) == FileRefusal(note: Self.note, heldFor: nil, isKept: true))
        let written = try #require(try await Self.write(of: file, scene))
        #expect(written.version == 1 && written.isFinal && written.lineCount == 0)
        #expect(try await Self.told(scene) == 1)
        let told = try await scene.database.text("SELECT payload::text FROM sluice.outbox WHERE topic = 'result_file'")
        #expect(told == "{\"version\": 1, \"is_final\": true}")
        let read = Mutex<[UInt8]>([])
        _ = try await store.readResultFile(of: batch, version: nil) { bytes in read.withLock { $0 += bytes } }
        #expect(read.withLock { String(decoding: $0, as: UTF8.self) } == "refused: content")

        // Nothing is left to do for it, whoever still has it in hand.
        #expect(try await store.refusal(of: file) == nil)
        #expect(try await Self.write(of: file, scene) == nil)
        #expect(try await Self.claim(scene) == nil)
        #expect(try await store.workLeft(channels: []).filesForSettlement == 0)
        let answered = try #require(try await store.batch(batch))
        #expect(answered.refusalAnsweredAt != nil && answered.results == [written])
        #expect(answered.summary.state == .refused && answered.summary.finishedAt == nil)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `without an answer is looked at once, and nobody is told of a result`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.file(.refuse(Self.note), scene)
        let file = try #require(try await Self.claim(scene))
        try await scene.database.store.leaveUnanswered(file)
        #expect(try await Self.claim(scene) == nil)
        #expect(try await Self.told(scene) == 0)
        let shown = try #require(try await scene.database.store.batch(batch))
        #expect(shown.refusalAnsweredAt != nil && shown.results.isEmpty)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `that a person refused says for what it was held`() async throws {
        let scene = try await NumberScene.make()
        let held = VerdictNote(code: "too_many_bad_records", line: 0, what: "w", mend: "m")
        let batch = try await Self.file(.hold(held, recordCount: 3, amountUnreadable: 0), scene)
        #expect(try await Self.claim(scene) == nil, "a person decides first")
        var request = RequestedDecision(
            target: "file_held/\(batch)",
            decision: .refuse,
            note: "a mistake"
        )
        request.about = NamedOrders(count: 0, amounts: [:])
        _ = try await scene.database.store.decide(request, by: scene.database.twoPeople())
        let file = try #require(try await Self.claim(scene))
        let refusal = try #require(try await scene.database.store.refusal(of: file))
        #expect(refusal.note.code == "refused_by_person" && refusal.heldFor == "too_many_bad_records")
        #expect(refusal.isKept && refusal.note.byteOffset == nil)
        // What pass 1 counted before it was held is not what the report holds.
        #expect(try await Self.write(of: file, scene)?.isFinal == true)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `that was cancelled before it was read has no bytes left`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.file(nil, scene)
        try await scene.database.execute("SELECT sluice.cancel_order($1)", [.int64(batch.value)])
        let file = try #require(try await Self.claim(scene))
        let refusal = try #require(try await scene.database.store.refusal(of: file))
        #expect(!refusal.isKept && refusal.note.code == "cancelled_by_person" && refusal.heldFor == nil)
        await scene.close()
    }

    @Test func `that never came whole is not looked at`() async throws {
        let scene = try await NumberScene.make()
        let options = "{\"environment\": \"test\"}"
        let batch = try await scene.database.number(
            "SELECT sluice.begin_batch_file($1, 'payout', 'test', 'f', $2::jsonb)",
            [.text(TestDatabase.merchant.value), .jsonb(options)]
        )
        try await scene.database.execute("SELECT sluice.cancel_order($1)", [.int64(batch)])
        #expect(try await Self.claim(scene) == nil)
        let shown = try #require(try await scene.database.store.batch(BatchIdentifier(batch)))
        #expect(shown.summary.state == .refused && shown.contentBytes == nil && shown.refusalAnsweredAt == nil)
        #expect(try await scene.database.store.workLeft(channels: []).filesForSettlement == 0)
        await scene.close()
    }

    @Test func `is not answered by a worker whose lease is over`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.file(.refuse(Self.note), scene)
        let slow = try #require(try await Self.claim(scene))
        let begun = LoadTurn()
        let goOn = LoadTurn()
        async let late = Self.write(of: slow, scene) {
            begun.give()
            #expect(goOn.wait(atMost: .seconds(20)))
        }
        // On a connection's own thread.
        try await scene.database.owner.transaction("test", deadline: .seconds(30)) { _ in
            #expect(begun.wait(atMost: .seconds(20)))
        }
        // As it does after an error: whatever it holds comes up again at once.
        #expect(try await scene.database.store.freeBatchFiles(of: Self.worker, for: .settlement) == 1)
        let other = try #require(try await Self.claim(scene))
        #expect(other.id == batch)
        goOn.give()
        do {
            _ = try await late
            Issue.record("a report was written without the lease")
        } catch { #expect(error is StaleLease, "\(error)") }
        #expect(try await scene.database.store.refusal(of: slow) == nil)
        try await scene.database.store.leaveUnanswered(slow)
        #expect(try await Self.write(of: other, scene)?.version == 1)
        #expect(try await Self.told(scene) == 1)
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.result_file_part") == 1)
        #expect(try await scene.breaches() == [])
        await scene.close()
    }

    @Test func `comes up again when its worker is dead`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.file(.refuse(Self.note), scene)
        try await scene.database.execute(
            "INSERT INTO sluice.worker (worker_id, host, process_id, stopped_at) VALUES ($1, 'h', 1, now())",
            [.text(Self.worker.value)]
        )
        #expect(try await Self.claim(scene)?.id == batch)
        #expect(try await Self.claim(scene) == nil)
        #expect(try await scene.database.store.rescue(silentFor: .seconds(1)) == 1)
        #expect(try await Self.claim(scene)?.id == batch)
        await scene.close()
    }
}
