import ChannelSimulator
import Foundation
import PaymentCore
import Pipeline
import Testing
import sluice

/// Two hundred engines that claim from one channel of four slots: the company counts who speaks with it at once.
@Suite struct ClaimerTests {
    private static let deployments = 8
    private static let enginesEach = 25
    private static let slots = 4

    @Test func `200 claimers never exceed a channel's concurrency, on either lane`() async throws {
        try await FaultScene.with(
            Simulation(latency: "{first: 150ms, last: 400ms}", settle: "{first: 300ms, last: 900ms}")
        ) {
            scene in
            try scene.hurry(items: 5)
        } _: { scene in
            let text = BatchText(.payout, count: 800)
            let batch = try await scene.submit(text)
            try await scene.run(["run", "intake"])
            let variables = scene.environment.merging([
                "SLUICE_LIMITS_IDLE": "1s", "SLUICE_LIMITS_HEARTBEAT": "3s", "SLUICE_LIMITS_SILENCE": "15s",
                "SLUICE_LOG_LEVEL": "critical",
                // Each engine counts as a process with connections of its own, and here they share eight pools.
                "SLUICE_DATABASE_BUDGET": "2000",
            ]) { $1 }
            let stop = StopSignal()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...Self.deployments {
                    let configuration = try Configuration.load(
                        directory: scene.configuration,
                        variables: variables
                    )
                    group.addTask { try await Self.claim(configuration, until: stop) }
                }
                group.addTask {
                    defer { stop.request() }
                    try await Condition.wait("the last order", within: .seconds(240), every: .milliseconds(200)) {
                        try await scene.number("SELECT count(*) FROM sluice.work_chunk") == 0
                    }
                }
                try await group.waitForAll()
            }
            let claimers = try await scene.number("SELECT count(*) FROM sluice.worker WHERE started_at <> stopped_at")
            #expect(claimers >= Int64(Self.deployments * Self.enginesEach))
            let statuses = try FaultScene.channels.map { try scene.control.status(of: $0) }
            let (submits, queries) = (statuses.map(\.submitMax), statuses.map(\.queryMax))
            // All slots of a lane were in use at once, and never one more.
            #expect(submits.max() == Self.slots && queries.max() == Self.slots, "\(submits) and \(queries)")
            let fresh = try scene.start(["worker"])
            try await scene.untilAtRest()
            try await scene.dismiss([fresh])
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    /// One deployment with its connections and its transport, and many engines that share nothing else.
    private static func claim(_ configuration: Configuration, until stop: StopSignal) async throws {
        try await Deployment.with(configuration, needs: [.keys, .channels]) { deployment in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...enginesEach {
                    let engine = deployment.engine()
                    group.addTask {
                        try await engine.run(stages: [.submit, .poll], host: "test", processIdentifier: 1, stop: stop) {
                            while !stop.isRequested { try await engine.clock.sleep(for: .milliseconds(50)) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
