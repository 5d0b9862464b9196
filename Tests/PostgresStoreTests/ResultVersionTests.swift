import Cryptography
import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Synchronization
import Testing

/// How a version of a result file comes to be, whatever happens to its file meanwhile.
@Suite(.serialized) struct `A version of a result file` {
    private typealias Record = NumberScene.Record

    /// A planned file of one good and one bad record.
    private static func planned(_ scene: NumberScene) async throws -> BatchIdentifier {
        let file = try await scene.load([Record(number: "A"), Record(number: "B", isBad: true)])
        let split = try await scene.database.store.claimBatchFile(
            for: .planning,
            worker: NumberScene.worker,
            lease: .minutes(5)
        )
        #expect(try await scene.database.store.recordPlan([], unroutable: [LineNumber(1)], of: #require(split)))
        return file.id
    }

    private static func claim(_ scene: NumberScene) async throws -> ClaimedBatchFile {
        try await scene.database.execute("UPDATE sluice.batch_file SET due_at = now()")
        let file = try await scene.database.store.claimBatchFile(
            for: .settlement,
            worker: NumberScene.worker,
            lease: .minutes(5)
        )
        return try #require(file)
    }

    /// Writes a version of these bytes; `meanwhile` is called when the first of them are emitted.
    private static func write(
        _ bytes: [UInt8],
        of file: ClaimedBatchFile,
        _ scene: NumberScene,
        meanwhile: @Sendable () -> Void = {}
    ) async throws -> WrittenResult? {
        try await scene.database.store.writeResultFile(of: file, fileName: "r") { material, emit in
            var lines: Int64 = 0
            while true {
                let page = try material.nextPage()
                if page.isEmpty { break }
                lines += Int64(page.count)
            }
            try emit(Array(bytes.prefix(1_500_000)))
            meanwhile()
            try emit(Array(bytes.dropFirst(1_500_000)))
            return ProducedResult(
                lineCount: lines,
                totals: [.underReview: ["CNY": Tally(count: lines, amountMinor: 200)]],
                contentSHA256: SHA256.hash(bytes),
                previousSHA256: material.previousEdition.map { _ in SHA256.hash(bytes) },
                contentBytes: Int64(bytes.count)
            )
        }
    }

    private static func read(_ batch: BatchIdentifier, _ scene: NumberScene) async throws -> [UInt8] {
        let found = Mutex<[UInt8]>([])
        _ = try await scene.database.store.readResultFile(of: batch, version: nil) { bytes in
            found.withLock { $0 += bytes }
        }
        return found.withLock(\.self)
    }

    private static func parts(_ scene: NumberScene) async throws -> String {
        try await scene.database.text(
            "SELECT coalesce(string_agg(version || '-' || part_no, ' ' ORDER BY version, part_no), '') "
                + "FROM sluice.result_file_part"
        )
    }

    private static let long = [UInt8](repeating: 65, count: 3_000_000)

    @Test func `is written though others change its file's row while it is made`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.planned(scene)
        let file = try await Self.claim(scene)
        let begun = LoadTurn()
        let changed = LoadTurn()
        async let written = Self.write(Self.long, of: file, scene) {
            begun.give()
            #expect(changed.wait(atMost: .seconds(20)), "nobody waits for a long file")
        }
        // What the sweeper does to the row.
        let swept = try await scene.database.owner.transaction("test", deadline: .seconds(30)) { transaction in
            #expect(begun.wait(atMost: .seconds(20)))
            return try transaction.execute("UPDATE sluice.batch_file SET swept_at = now()")
        }
        changed.give()
        #expect(swept == 1)
        #expect(try await written?.version == 1)
        #expect(try await Self.read(batch, scene) == Self.long)
        let seen = try await scene.database.number(
            "SELECT count(*) FROM sluice.batch_file WHERE swept_at IS NOT NULL AND result_seen_at IS NOT NULL"
        )
        #expect(seen == 1)
        await scene.close()
    }

    @Test func `replaces what a worker staged that was killed before the version was there`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.planned(scene)
        try await scene.database.execute(
            """
            CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'killed'; END $$
            """
        )
        try await scene.database.execute(
            "CREATE TRIGGER die BEFORE INSERT ON sluice.result_file FOR EACH ROW EXECUTE FUNCTION public.die()"
        )
        await #expect(throws: PostgresError.self) { try await Self.write(Self.long, of: Self.claim(scene), scene) }
        #expect(try await Self.parts(scene) == "1-1 1-2 1-3")
        #expect(try await Self.read(batch, scene).isEmpty, "nobody sees them")
        try await scene.database.execute("DROP TRIGGER die ON sluice.result_file")
        let short = [UInt8](repeating: 66, count: 10)
        #expect(try await Self.write(short, of: Self.claim(scene), scene)?.version == 1)
        #expect(try await Self.parts(scene) == "1-1")
        #expect(try await Self.read(batch, scene) == short)
        // The same once more is no news, and leaves nothing.
        #expect(try await Self.write(short, of: Self.claim(scene), scene) == nil)
        #expect(try await Self.parts(scene) == "1-1")
        await scene.close()
    }

    @Test func `is not that of a worker whose lease is over, and leaves the other's alone`() async throws {
        let scene = try await NumberScene.make()
        let batch = try await Self.planned(scene)
        let slow = try await Self.claim(scene)
        let begun = LoadTurn()
        let goOn = LoadTurn()
        async let late = Self.write(Self.long, of: slow, scene) {
            begun.give()
            #expect(goOn.wait(atMost: .seconds(20)))
        }
        // On a connection's own thread.
        try await scene.database.owner.transaction("test", deadline: .seconds(30)) { _ in
            #expect(begun.wait(atMost: .seconds(20)))
        }
        let other = try await Self.claim(scene)
        goOn.give()
        do {
            _ = try await late
            Issue.record("a version was written without the lease")
        } catch { #expect(error is StaleLease, "\(error)") }
        let short = [UInt8](repeating: 66, count: 10)
        #expect(try await Self.write(short, of: slow, scene) == nil)
        #expect(try await Self.write(short, of: other, scene)?.version == 1)
        #expect(try await Self.read(batch, scene) == short)
        #expect(try await Self.parts(scene) == "1-1")
        await scene.close()
    }
}
