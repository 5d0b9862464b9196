import PaymentCore
import PostgresStore
import Store

/// Claims of one lane, one after another, each timed: the only place where the benchmarks know how a claim is asked
/// for.
struct ClaimProbe: Sendable {
    static let specification = [UInt8](repeating: 0x51, count: 32)
    private static let lease = TimeSpan.minutes(5)
    private static let worker = WorkerIdentifier(String(repeating: "b", count: 32))

    let store: SQLStore
    let channel: ChannelName

    /// Makes the channel one that gives work.
    func activate() async throws {
        try await store.activateChannel(
            ChannelActivation(
                channel: channel,
                environmentClass: .test,
                specificationSHA256: Self.specification,
                submitSlots: 8,
                querySlots: 8
            )
        )
    }

    /// How long each of so many claims took; the chunk is given back before the next one.
    func measure(claims: Int) async throws -> Distribution {
        var samples: [Int64] = []
        samples.reserveCapacity(claims)
        for _ in 0..<claims {
            let began = ContinuousClock.now
            let chunks = try await claim()
            let took = began.duration(to: .now)
            guard let chunk = chunks.first else { throw BenchmarkFailure("the lane \(channel) gave no chunk") }
            samples.append(took.components.seconds * 1_000_000 + took.components.attoseconds / 1_000_000_000_000)
            try await store.releaseChunk(chunk, next: .schedule(.submit, after: .milliseconds(0)))
        }
        return Distribution(samples)
    }

    private func claim() async throws -> [ClaimedChunk] {
        try await store.claimChunks(
            ChunkClaim(
                worker: Self.worker,
                lanes: [
                    LaneClaim(
                        channel: channel,
                        lane: .submit,
                        specificationSHA256: Self.specification,
                        lease: Self.lease,
                        limit: 1
                    )
                ]
            )
        )
    }
}
