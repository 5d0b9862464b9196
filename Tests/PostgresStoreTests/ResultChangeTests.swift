import PaymentCore
import PostgresStore
import Store
import Testing

/// When a look at a file's lines becomes another version of its result.
@Suite(.serialized) struct ResultChangeTests {
    private static func produced(_ byte: UInt8, _ status: ResultStatus, previous: UInt8?) -> ProducedResult {
        ProducedResult(
            lineCount: 1,
            totals: [status: ["CNY": Tally(count: 1, amountMinor: 100)]],
            contentSHA256: [UInt8](repeating: byte, count: 32),
            previousSHA256: previous.map { [UInt8](repeating: $0, count: 32) },
            contentBytes: 1
        )
    }

    @Test func `a version that says the same of other totals is written, one of the same totals is not`() async throws {
        let scene = try await NumberScene.make()
        let store = scene.database.store
        try await scene.load([NumberScene.Record(number: "A")])
        let split = try await store.claimBatchFile(for: .planning, worker: NumberScene.worker, lease: .minutes(5))
        #expect(try await store.recordPlan([], unroutable: [LineNumber(1)], of: try #require(split)))
        let claimed = try await store.claimBatchFile(
            for: .settlement,
            worker: NumberScene.worker,
            lease: .minutes(5)
        )
        let file = try #require(claimed)
        func write(_ result: ProducedResult) async throws -> WrittenResult? {
            try await store.writeResultFile(of: file, fileName: "r") { _, emit in
                try emit([0x41])
                return result
            }
        }
        let open = try await write(Self.produced(1, .underReview, previous: nil))
        #expect(open?.version == 1 && open?.isFinal == false)
        #expect(try await write(Self.produced(2, .underReview, previous: 1)) == nil)
        // Its bytes tell of failures alone: the order succeeded, and they are the same but for their version.
        let last = try await write(Self.produced(2, .succeeded, previous: 1))
        #expect(last?.version == 2 && last?.isFinal == true)
        await scene.close()
    }
}
