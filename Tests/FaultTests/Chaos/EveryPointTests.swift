import Glibc
import PaymentCore
import Pipeline
import Testing

/// A process killed at each point of the engine, the first time it passes there, the second, and so on until a run ends
/// unkilled: every state that a dead process can leave behind is found by the next start.
@Suite struct EveryPointTests {
    /// More passings of one point than the work of one small file has.
    private static let passingsMax = 60

    /// Points that only a job's run has, not a worker.
    private static let ofRuns: Set<FaultPoint> = [.runBegun, .runEnded]

    /// Some answers are lost, so that queries and a resend are among what is killed.
    private static let company = Simulation(
        latency: "{first: 2ms, last: 10ms}",
        settle: "{first: 20ms, last: 60ms}",
        behaviours: ["take_then_time_out: 60", "never_answer: 100", "close_before_answer: 60"],
        items: ["refuse: {E101: 60}"]
    )

    @Test(arguments: FaultPoint.points(of: .payments))
    func `whenever a process is killed there, the next start finishes`(_ point: FaultPoint) async throws {
        try await FaultScene.with(Self.company) { scene in
            try scene.hurry(items: 6)
        } _: { scene in
            var files: [(batch: Int64, text: BatchText)] = []
            var occurrence = 1
            while true {
                guard occurrence <= Self.passingsMax else { throw SceneFailure("\(point) is passed without end") }
                // Two slices of records, and a submission or two for each channel.
                let text = BatchText(.payout, count: 16, series: occurrence)
                files.append((try await scene.submit(text), text))
                let plan = "kill@\(point.rawValue):\(occurrence)"
                let wasKilled =
                    try await Self.ofRuns.contains(point)
                    ? killRun(scene, plan) : killWorker(scene, plan)
                guard wasKilled else { break }
                occurrence += 1
            }
            #expect(occurrence > 1, "\(point) was never passed")
            FaultScale.report("killed at every passing of \(point.rawValue): \(occurrence - 1)")
            try await Books(scene: scene).expectToHold(files)
        }
    }

    @Test func `in class production a process that is told to kill itself does not start`() async throws {
        try await FaultScene.with { scene in
            let variables = ["SLUICE_FAULT": "kill@call_ended:1", "SLUICE_ENVIRONMENT_CLASS": "production"]
            for command in [["worker"], ["run", "all"], ["file", "list"]] {
                let refused = try await scene.run(command, variables, expecting: 2)
                #expect(refused.log.contains("SLUICE_FAULT") && refused.log.contains("R13"), "\(refused.log)")
            }
        }
    }

    private static let variables = FaultScene.impatient.merging(["SLUICE_LIMITS_SLICE_RECORDS": "8"]) { $1 }

    /// Whether the plan struck before everything was at rest; another worker has finished then.
    private func killWorker(_ scene: FaultScene, _ plan: String) async throws -> Bool {
        let doomed = try scene.start(["worker"], Self.variables.merging(["SLUICE_FAULT": plan]) { $1 })
        try await Condition.wait(
            "death or rest",
            within: .seconds(60),
            every: .milliseconds(20),
            because: {
                scene.tails
            }
        ) {
            if doomed.status != nil { return true }
            return try await scene.isAtRest()
        }
        guard let status = doomed.status else {
            doomed.send(SIGTERM)
            let last = try await doomed.end(within: .seconds(40))
            // A point may also be passed on the way out.
            #expect(last == 0 || last == 128 + SIGKILL, "\(doomed.tail)")
            return last != 0
        }
        #expect(status == 128 + SIGKILL, "\(doomed.tail)")
        let fresh = try scene.start(["worker"], Self.variables)
        try await scene.untilAtRest()
        try await scene.dismiss([fresh])
        return true
    }

    /// The same with what cron calls, started again and again until its window is free and nothing is left.
    private func killRun(_ scene: FaultScene, _ plan: String) async throws -> Bool {
        let doomed = try scene.start(["run", "all"], Self.variables.merging(["SLUICE_FAULT": plan]) { $1 })
        let status = try await doomed.end()
        #expect([0, 3, 128 + SIGKILL].contains(status), "\(doomed.tail)")
        try await Condition.wait("rest", within: .seconds(90), every: .milliseconds(100), because: { scene.tails }) {
            if try await scene.isAtRest() { return true }
            let next = try scene.start(["run", "all"], Self.variables)
            let status = try await next.end()
            guard [0, 3, 4].contains(status) else { throw SceneFailure("the next start: \(next.tail)") }
            return false
        }
        return status == 128 + SIGKILL
    }
}
