import ChannelSimulator
import PaymentCore
import Pipeline
import Testing

/// What a dead channel costs the other one: nothing but noise.
@Suite(.serialized) struct LaneThroughputTests {
    /// The companies' own pace bounds the throughput, so that it tells of slots and not of processors.
    private static let company = Simulation(
        latency: "{first: 80ms, last: 120ms}",
        settle: "{first: 20ms, last: 100ms}"
    )
    private static let done = """
        SELECT count(*) FROM sluice.payment_order WHERE channel = 'harbor' AND state IN ('succeeded', 'failed')
        """
    private static let waiting = """
        SELECT coalesce(sum(cardinality(line_nos)), 0)::bigint FROM sluice.work_chunk
        WHERE channel = 'harbor' AND kind = 'submit'
        """

    @Test(arguments: FaultScale.deaths)
    func `a dead channel takes nothing from the other's throughput`(_ death: ChannelCondition) async throws {
        let scale = FaultScale.current
        try await FaultScene.with(Self.company) { scene in
            try scene.hurry(items: 4, polls: 10_000)
        } _: { scene in
            let feed = Feed(scene, orders: 1_000)
            let worker = try scene.start(["worker"], FaultScene.impatient)
            try await feed.add()
            try await scene.until("throughput", Self.done)
            var sizes: [ProcessSize] = []
            var beside: (healthy: Int64, dead: Int64) = (0, 0)
            for _ in 1...scale.deadRounds {
                try scene.control.put("meridian", into: .healthy)
                beside.healthy += try await Self.measure(scene, feed, worker, scale, &sizes)
                try scene.control.put("meridian", into: death)
                beside.dead += try await Self.measure(scene, feed, worker, scale, &sizes)
            }
            try await DeadChannelTests.expectWaiting(scene, isOnly: false)
            ProcessSize.expectSteady(sizes)
            let milliseconds = scale.deadMilliseconds * Int64(scale.deadRounds)
            FaultScale.report(
                "beside a healthy channel \(beside.healthy * 1_000 / milliseconds) orders/s, beside one that is "
                    + "\(death.rawValue) \(beside.dead * 1_000 / milliseconds): "
                    + "\(beside.dead * 100 / max(1, beside.healthy)) %"
            )
            #expect(beside.dead * 100 >= beside.healthy * FaultScale.throughputPercent, "\(beside)")

            try scene.control.put("meridian", into: .healthy)
            try await scene.untilAtRest(within: .seconds(600))
            try await scene.dismiss([worker])
            try await Books(scene: scene).expectToHold(feed.files)
        }
    }

    /// How many orders of the healthy lane became final in one period.
    private static func measure(
        _ scene: FaultScene,
        _ feed: Feed,
        _ worker: Program,
        _ scale: FaultScale,
        _ sizes: inout [ProcessSize]
    ) async throws -> Int64 {
        let clock = SystemClock()
        let before = try await scene.number(done)
        let end = clock.bootNanoseconds() + scale.deadMilliseconds * 1_000_000
        while clock.bootNanoseconds() < end {
            // The lane never runs dry.
            if try await scene.number(waiting) < 400 { try await feed.add() }
            try await sizes.append(ProcessSize(of: worker, scene))
            try await scene.pass(50)
        }
        return try await scene.number(done) - before
    }
}
