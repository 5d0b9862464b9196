import EmbeddedPostgres
import Glibc
import PaymentCore
import Pipeline
import PostgresClient
import Testing

/// The database as a bad neighbour: sessions ended, servers restarted, answers to COMMIT lost.
@Suite struct DatabaseFaultTests {
    private static let scale = FaultScale.current
    private static let company = Simulation(
        latency: "{first: 5ms, last: 40ms}",
        settle: "{first: 20ms, last: 100ms}",
        behaviours: ["take_then_time_out: 30", "never_answer: 30"]
    )

    @Test func `sessions ended in storms lose nothing`() async throws {
        try await FaultScene.with(Self.company) { scene in
            try scene.hurry()
        } _: { scene in
            let chance = Chance(seed: Self.scale.seed &+ 2)
            let feed = Feed(scene, orders: 200)
            let worker = try scene.start(["worker"], FaultScene.impatient)
            var ended: Int64 = 0
            for _ in 1...30 {
                try await feed.refill()
                try await scene.pass(chance.pick(10...200))
                ended += try await scene.number(Self.endSessions)
            }
            #expect(ended > 30, "\(ended) sessions")
            try await scene.untilAtRest(within: .seconds(120))
            try await scene.dismiss([worker])
            try await Books(scene: scene).expectToHold(feed.files)
        }
    }

    @Test(arguments: [SIGINT, SIGQUIT])
    func `a server restarted, fast or at once, loses nothing`(_ signal: Int32) async throws {
        let cluster = FaultCluster()
        try await FaultScene.with(Self.company, on: cluster) { scene in
            try scene.hurry()
        } _: { scene in
            let chance = Chance(seed: Self.scale.seed &+ 3)
            let feed = Feed(scene, orders: 200)
            let worker = try scene.start(["worker"], FaultScene.impatient)
            try await feed.add()
            try await scene.until("work", "SELECT count(*) FROM sluice.exchange")
            for _ in 1...8 {
                try await feed.refill()
                try await scene.pass(chance.pick(50...500))
                Glibc.kill(scene.server.processIdentifier, signal)
                try scene.server.restart()
            }
            try await scene.untilAtRestAgain()
            try await scene.dismiss([worker])
            try await Books(scene: scene).expectToHold(feed.files)
        }
        await cluster.stop()
    }

    @Test func `answers to COMMIT that are lost, whether it happened or not, pay nobody twice`() async throws {
        try await FaultScene.with(Self.company) { scene in
            try scene.hurry()
        } _: { scene in
            let proxy = try CommitProxy(
                in: scene.server,
                folder: scene.folder,
                seed: Self.scale.seed &+ 4,
                perMille: 40
            )
            defer { proxy.stop() }
            let feed = Feed(scene, orders: 200)
            let variables = FaultScene.impatient.merging([
                "SLUICE_DATABASE_URL": proxy.uri(database: scene.database, user: "sluice_worker")
            ]) { $1 }
            var worker = try scene.start(["worker"], variables)
            try await Condition.wait(
                "enough lost answers",
                within: .seconds(90),
                every: .milliseconds(50),
                because: { "\(proxy.counts) \(scene.tails)" }
            ) {
                if worker.status != nil { worker = try scene.start(["worker"], variables) }
                try await feed.refill()
                let counts = proxy.counts
                return counts.withheld >= 15 && counts.swallowed >= 15 && counts.abandoned >= 15
            }
            proxy.behave()
            if worker.status != nil { worker = try scene.start(["worker"], variables) }
            try await scene.untilAtRest(within: .seconds(120))
            try await scene.dismiss([worker])
            let counts = proxy.counts
            FaultScale.report(
                "seed \(Self.scale.seed): of \(counts.commits) COMMITs \(counts.withheld) never arrived, "
                    + "\(counts.swallowed) were answered to nobody, \(counts.abandoned) were cut on their way"
            )
            try await Books(scene: scene).expectToHold(feed.files)
        }
    }

    private static let endSessions = """
        SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database()
            AND usename = 'sluice_worker'
        """
}
