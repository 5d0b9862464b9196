import ChannelSimulator
import PaymentCore
import Pipeline
import Testing

/// One channel down, in each of the ways in which a channel can be down: the other one does not notice, nothing of the
/// dead one's is lost or called failed, and the process does not grow.
@Suite struct DeadChannelTests {
    private static let deaths = ChannelCondition.allCases.filter { $0 != .healthy }
    private static let company = Simulation(
        latency: "{first: 20ms, last: 60ms}",
        settle: "{first: 20ms, last: 100ms}"
    )
    private static let slots = 4

    @Test(arguments: deaths)
    func `the healthy lane finishes, and the dead one's orders wait for it to come back`(
        _ death: ChannelCondition
    ) async throws {
        try await FaultScene.with(Self.company) { scene in
            try scene.hurry(items: 10, polls: 1_000)
        } _: { scene in
            try scene.control.put("meridian", into: death)
            let text = BatchText(.payout, count: 600)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"], FaultScene.impatient)
            var sizes: [ProcessSize] = []
            try await Condition.wait(
                "the healthy lane's end",
                within: .seconds(60),
                every: .milliseconds(100),
                because: { scene.tails }
            ) {
                try await sizes.append(ProcessSize(of: worker, scene))
                return try await scene.number(Self.openOf("harbor")) == 0
            }
            // Long enough at nothing but the dead lane for what grows to be seen.
            for _ in 1...40 {
                try await scene.pass(100)
                try await sizes.append(ProcessSize(of: worker, scene))
            }
            try await Self.expectWaiting(scene)
            ProcessSize.expectSteady(sizes)

            try scene.control.put("meridian", into: .healthy)
            try await scene.untilAtRest(within: .seconds(120))
            let open = try await scene.number(
                "SELECT count(*) FROM sluice.payment_order WHERE state NOT IN ('succeeded', 'failed')"
            )
            #expect(open == 0, "\(open) orders are not final after \(death)")
            try await scene.dismiss([worker])
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    /// Orders that are planned for a channel and not final; a file that is not yet planned counts for every channel.
    static func openOf(_ channel: String) -> String {
        """
        SELECT (SELECT count(*) FROM sluice.batch_file WHERE state IN ('pending', 'splitting', 'split'))
            + (SELECT coalesce(sum(coalesce(cardinality(w.line_nos), 1)), 0)::bigint FROM sluice.work_chunk w
                WHERE w.channel = '\(channel)')
        """
    }

    /// The dead lane's orders are ready, not sent yet (no more than the lane has slots for) or unknown; none failed.
    ///
    /// `isOnly`: whether it never was healthy, so that none of its orders can have become final.
    static func expectWaiting(_ scene: FaultScene, isOnly: Bool = true) async throws {
        let states = try await scene.text(
            """
            SELECT coalesce(string_agg(DISTINCT o.state::text, ' ' ORDER BY o.state::text), '')
            FROM sluice.payment_order o WHERE coalesce(o.channel, 'meridian') = 'meridian'
            """
        )
        let allowed: Set<Substring> =
            isOnly
            ? ["ready", "submitting", "unknown"] : ["ready", "submitting", "unknown", "processing", "succeeded"]
        #expect(!states.isEmpty && allowed.isSuperset(of: states.split(separator: " ")), "\(states)")
        let submissions = try await scene.number(
            """
            SELECT count(DISTINCT (batch_id, submission_no)) FROM sluice.payment_order
            WHERE channel = 'meridian' AND state = 'submitting'
            """
        )
        #expect(submissions <= Self.slots, "\(submissions) submissions wait to be sent; the lane has \(slots) slots")
    }
}

/// How many threads and connections a worker has at one moment.
struct ProcessSize: Sendable {
    /// No more than the pool has, whatever happens.
    private static let connectionsMax = 10

    let threads: Int
    let connections: Int

    /// The server still shows a program for a moment that has ended, such as one that submitted a file: what is above
    /// the pool's size is looked at again.
    init(of worker: Program, _ scene: FaultScene) async throws {
        threads = worker.threadCount ?? 0
        var connections = 0
        for _ in 1...40 {
            connections = Int(
                try await scene.number(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE datname = current_database() AND usename = 'sluice_worker'
                    """
                )
            )
            if connections <= Self.connectionsMax { break }
            try await scene.pass(50)
        }
        self.connections = connections
    }

    /// The second half of a run has what the first half had: bounded, and not growing.
    ///
    /// One connection more may be that of a program that has ended.
    static func expectSteady(_ sizes: [ProcessSize]) {
        let half = sizes.count / 2
        let (early, late) = (sizes[..<half], sizes[half...])
        let threads = (early.map(\.threads).max() ?? 0, late.map(\.threads).max() ?? 0)
        #expect(threads.0 > 0 && threads.1 <= threads.0 + 2 && threads.1 <= 40, "threads: \(threads)")
        let connections = late.map(\.connections).max() ?? 0
        #expect(connections <= connectionsMax, "\(connections) connections")
        let before = early.map(\.connections).max() ?? 0
        #expect(connections <= before + 1, "\(connections) connections, and \(before) before")
    }
}
