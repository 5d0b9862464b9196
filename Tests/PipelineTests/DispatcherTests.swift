import Logging
import PaymentCore
import Pipeline
import Store
import StoreTesting
import Synchronization
import Testing

/// One process's lanes on the store in memory: work that ends, work that hangs, and a store that fails.
struct `The dispatcher` {
    private static let specification = [UInt8](repeating: 1, count: 32)
    private static let chunksEach = 40

    /// What the lanes have done, and calls that hang until the test lets them go.
    private final class Channels: Sendable {
        private struct State: Sendable {
            var worked: [ChannelName: Int] = [:]
            var underWay: [ChannelName: Int] = [:]
            var underWayMost: [ChannelName: Int] = [:]
            var hanging: [CheckedContinuation<Void, Never>] = []
            var isReleased = false
        }

        private let state = Mutex(State())

        func worked(_ channel: ChannelName) -> Int { state.withLock { $0.worked[channel] ?? 0 } }
        func underWay(_ channel: ChannelName) -> Int { state.withLock { $0.underWay[channel] ?? 0 } }
        func underWayMost(_ channel: ChannelName) -> Int { state.withLock { $0.underWayMost[channel] ?? 0 } }

        func begin(_ channel: ChannelName) {
            state.withLock { state in
                state.underWay[channel, default: 0] += 1
                state.underWayMost[channel] = max(state.underWayMost[channel] ?? 0, state.underWay[channel] ?? 0)
            }
        }

        func end(_ channel: ChannelName) {
            state.withLock { state in
                state.underWay[channel, default: 0] -= 1
                state.worked[channel, default: 0] += 1
            }
        }

        /// A black hole: no answer until the end of the test.
        func hang() async {
            await withCheckedContinuation { continuation in
                let isReleased = state.withLock { state in
                    if !state.isReleased { state.hanging.append(continuation) }
                    return state.isReleased
                }
                if isReleased { continuation.resume() }
            }
        }

        func release() {
            let hanging = state.withLock { state in
                state.isReleased = true
                defer { state.hanging = [] }
                return state.hanging
            }
            for continuation in hanging { continuation.resume() }
        }
    }

    private struct Scene {
        let clock = SceneClock()
        let store: InMemoryStore
        let channels = Channels()
        let stop = StopSignal()
        var duties: [Dispatcher.Duty] = []

        init() { store = InMemoryStore(clock: clock.manual) }

        /// Adds a channel with forty chunks that are due, and what its calls do.
        mutating func add(
            _ name: String,
            slots: Int,
            end: StopSignal = StopSignal(),
            work: @escaping @Sendable (ClaimedChunk) async throws -> Void
        ) {
            let channel = ChannelName(name)
            store.activateChannel(
                ChannelActivation(
                    channel: channel,
                    environmentClass: .test,
                    specificationSHA256: specification,
                    submitSlots: slots,
                    querySlots: slots
                )
            )
            let lines = (1...Int32(chunksEach)).map { LineNumber($0) }
            let batch = store.addFile(
                businessDate: BusinessDate(daysSince1970: 20_605),
                direction: .payout,
                orders: lines.map {
                    OrderToSubmit(
                        line: $0,
                        amountMinor: 1,
                        currency: "CNY",
                        accountNumber: "1",
                        accountName: "A",
                        bankCode: nil,
                        purpose: "",
                        attempts: 0
                    )
                }
            )
            store.addChunks(lines.map { PlannedChunk(channel: channel, lines: [$0]) }, batch: batch)
            duties.append(
                Dispatcher.Duty(
                    channel: channel,
                    lane: .submit,
                    specificationSHA256: specification,
                    lease: .hours(500),
                    slots: slots,
                    end: end,
                    work: { [channels] chunk in
                        channels.begin(channel)
                        defer { channels.end(channel) }
                        try await work(chunk)
                    }
                )
            )
        }

        /// Cancels a chunk's order and finishes the chunk: the shortest way out of the table.
        static func finish(_ chunk: ClaimedChunk, _ store: InMemoryStore) async throws {
            for line in chunk.lines { _ = store.cancelOrder(line, batch: chunk.batch) }
            try await store.releaseChunk(chunk, next: .finish)
        }

        /// Runs until the condition holds, then stops, and lets what hangs go.
        func run(callsInFlight: Int = 64, until condition: @escaping @Sendable () -> Bool) async {
            let dispatcher = Dispatcher(
                store: store,
                clock: clock,
                random: SeededRandom(seed: 1),
                worker: WorkerIdentifier(String(repeating: "a", count: 32)),
                limits: EngineLimits(callsInFlight: callsInFlight),
                duties: duties,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await dispatcher.run(until: stop) }
                group.addTask {
                    while !condition() { await Task.yield() }
                    stop.request()
                    channels.release()
                }
                await group.waitForAll()
            }
        }
    }

    @Test func `lets no black hole slow another lane, nor take more than its own slots`() async throws {
        var scene = Scene()
        let (hole, well) = (ChannelName("hole"), ChannelName("well"))
        scene.add("hole", slots: 3) { [channels = scene.channels] _ in await channels.hang() }
        scene.add("well", slots: 3) { [store = scene.store] in try await Scene.finish($0, store) }
        let channels = scene.channels
        await scene.run { channels.worked(well) == Self.chunksEach && channels.underWay(hole) == 3 }
        #expect(channels.worked(well) == Self.chunksEach, "every chunk of the well lane")
        #expect(channels.underWayMost(hole) == 3, "the black hole filled its slots, and no more")
        #expect(channels.underWayMost(well) <= 3)
    }

    @Test func `keeps a lane of many slots that hangs to its share of the process`() async throws {
        var scene = Scene()
        let (hole, well) = (ChannelName("hole"), ChannelName("well"))
        scene.add("hole", slots: 30) { [channels = scene.channels] _ in await channels.hang() }
        scene.add("well", slots: 30) { [store = scene.store] in try await Scene.finish($0, store) }
        let channels = scene.channels
        await scene.run(callsInFlight: 8) {
            channels.worked(well) == Self.chunksEach && channels.underWay(hole) == 4
        }
        #expect(channels.worked(well) == Self.chunksEach)
        #expect(channels.underWayMost(hole) == 4, "half of the process's calls")
    }

    @Test(arguments: [CommitFault.failsBefore, .failsAfterRollback])
    func `backs off when a claim fails, and goes on`(_ fault: CommitFault) async throws {
        var scene = Scene()
        let well = ChannelName("well")
        scene.add("well", slots: 3) { [store = scene.store] in try await Scene.finish($0, store) }
        for _ in 0..<5 { scene.store.plan(fault, for: .claimChunks) }
        let (channels, begunAt) = (scene.channels, scene.clock.now())
        await scene.run { channels.worked(well) == Self.chunksEach }
        #expect(channels.worked(well) == Self.chunksEach)
        // 200, 400, 800, 1,600 and 3,200 ms at the least.
        #expect(scene.clock.now().since(begunAt) >= .milliseconds(6_200))
    }

    @Test func `leaves a chunk whose work fails to its lease, and works the others`() async throws {
        struct Mishap: Error {}
        var scene = Scene()
        let well = ChannelName("well")
        scene.add("well", slots: 5) { [store = scene.store] chunk in
            if chunk.chunkNumber % 20 == 0 { throw Mishap() }
            try await Scene.finish(chunk, store)
        }
        let channels = scene.channels
        await scene.run { channels.worked(well) == Self.chunksEach }
        let batch = try #require(scene.store.batches().first)
        #expect(scene.store.chunks(of: batch).map(\.chunkNumber) == [20, 40])
        #expect(scene.store.chunks(of: batch).allSatisfy { $0.isLeased })
    }

    @Test func `asks nothing more of a lane whose time is over, and works the others`() async throws {
        var scene = Scene()
        let (over, well) = (ChannelName("over"), ChannelName("well"))
        let end = StopSignal()
        end.request()
        scene.add("over", slots: 3, end: end) { [store = scene.store] in try await Scene.finish($0, store) }
        scene.add("well", slots: 3) { [store = scene.store] in try await Scene.finish($0, store) }
        let channels = scene.channels
        await scene.run { channels.worked(well) == Self.chunksEach }
        #expect(channels.worked(over) == 0)
    }
}
