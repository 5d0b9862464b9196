import ChannelSimulator
import EmbeddedPostgres
import Glibc
import PaymentCore
import Pipeline
import Testing

/// `kill -9` of workers, and of the database, at moments that nobody chose, while the companies do everything wrong.
@Suite struct RandomKillTests {
    private static let scale = FaultScale.current

    @Test func `workers killed at random pay nobody twice and leave nothing behind`() async throws {
        let scale = Self.scale
        try await FaultScene.with(.everything(seed: scale.seed)) { scene in
            try scene.hurry()
        } _: { scene in
            let begun = SystemClock().bootNanoseconds()
            let chance = Chance(seed: scale.seed)
            let feed = Feed(scene, orders: 200)
            var workers = try (1...2).map { _ in try start(scene, chance) }
            var kills = 0
            var silent = try unfired(scene)
            while kills < scale.workerKills || !silent.isEmpty {
                // Every fault of the companies is to be met by kills; one that never fires proves nothing. Of so few
                // kills that is a wish, and which it was is told.
                guard kills < 2 * scale.workerKills else {
                    if scale.isSoak { throw SceneFailure("never fired: \(silent)") }
                    FaultScale.report("seed \(scale.seed): never fired: \(silent)")
                    break
                }
                try await feed.refill()
                try await scene.pass(chance.pick(20...500))
                let index = chance.pick(0...1)
                workers[index].send(SIGKILL)
                let status = try await workers[index].end()
                #expect(status == 128 + SIGKILL, "seed \(scale.seed): \(workers[index].tail)")
                kills += 1
                workers[index] = try start(scene, chance)
                if kills % 10 == 0 || kills >= scale.workerKills { silent = try unfired(scene) }
            }
            for worker in workers { worker.send(SIGKILL) }
            let fresh = try scene.start(["worker"], FaultScene.impatient)
            try await scene.untilAtRest(within: .seconds(180))
            try await scene.dismiss([fresh])
            try await Books(scene: scene).expectToHold(feed.files)
            let seconds = (SystemClock().bootNanoseconds() - begun) / 1_000_000_000
            FaultScale.report(
                "seed \(scale.seed): \(kills) kills of workers in \(seconds) s, \(feed.files.count * 200) orders"
            )
        }
    }

    /// Half of the workers die at a step boundary of their own, the others when the test says so.
    private func start(_ scene: FaultScene, _ chance: Chance) throws -> Program {
        var variables = FaultScene.impatient
        if chance.pick(0...1) == 0 {
            let point = chance.pick(FaultPoint.points(of: .payments))
            variables["SLUICE_FAULT"] = "kill@\(point.rawValue):\(chance.pick(1...6))"
        }
        return try scene.start(["worker"], variables)
    }

    /// What the companies can do wrong and did not do yet.
    private func unfired(_ scene: FaultScene) throws -> [String] {
        let channels = try TruthFile.read(path: scene.truthPath).channels.values
        let submits = SubmitFault.allCases.filter { fault in !channels.contains { $0.submitFaults[fault] != nil } }
        let queries = QueryFault.allCases.filter { fault in !channels.contains { $0.queryFaults[fault] != nil } }
        return submits.map(\.rawValue) + queries.map(\.rawValue)
    }

    @Test func `a database killed at random loses nothing and lets nobody be paid twice`() async throws {
        let scale = Self.scale
        let cluster = FaultCluster()
        try await FaultScene.with(.everything(seed: scale.seed &+ 1), on: cluster) { scene in
            try scene.hurry()
        } _: { scene in
            let begun = SystemClock().bootNanoseconds()
            let chance = Chance(seed: scale.seed &+ 1)
            let feed = Feed(scene, orders: 200)
            var worker = try scene.start(["worker"], FaultScene.impatient)
            for _ in 1...scale.serverKills {
                try await feed.refill()
                try await scene.pass(chance.pick(50...600))
                try scene.server.kill9()
                try scene.server.restart()
                // One that was starting may have found no database, and said so.
                if worker.status != nil { worker = try scene.start(["worker"], FaultScene.impatient) }
            }
            try await scene.untilAtRestAgain(within: .seconds(180))
            if worker.status == nil { try await scene.dismiss([worker]) }
            try await Books(scene: scene).expectToHold(feed.files)
            let seconds = (SystemClock().bootNanoseconds() - begun) / 1_000_000_000
            FaultScale.report(
                "seed \(scale.seed): \(scale.serverKills) kills of the database in \(seconds) s, "
                    + "\(feed.files.count * 200) orders"
            )
        }
        await cluster.stop()
    }
}
