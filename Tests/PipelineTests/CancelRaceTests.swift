import ChannelSimulator
import PaymentCore
import Pipeline
import PostgresStore
import Store
import Testing

/// People cancel while the engine works: on a real database, against simulated companies that pay.
@Suite(.serialized) struct `Cancelling while the engine works` {
    @Test func `leaves each order either cancelled and never paid, or on its way`() async throws {
        let scene = try await EngineScene.make()
        let count: Int32 = 1_500
        let batch = try await scene.queue((1...Int(count)).map { EngineScene.line($0) })
        // Loaded and planned first, so that both sides begin at the same moment, at both ends of the file.
        let planner = try scene.engine()
        try await planner.run(stages: [.intake, .plan], host: "test", processIdentifier: 1, stop: StopSignal()) {
            let planned = "SELECT count(*) FROM sluice.batch_file WHERE state = 'working'"
            for _ in 0..<6_000 {
                if try await scene.number(planned) == 1 { return }
                try await planner.clock.sleep(for: .milliseconds(10))
            }
            throw SceneFailure("the file is not planned within a minute")
        }
        let anna = try await scene.anna()
        async let worked: Void = scene.workToRest(try scene.engine())
        let cancelled = try await withThrowingTaskGroup(of: Int.self) { group in
            for start: Int32 in 0..<4 {
                group.addTask {
                    var cancelled = 0
                    for line in stride(from: count - start, to: 0, by: -4) {
                        let request = RequestedCancellation(batch: batch, line: LineNumber(line))
                        let done = try await scene.store.cancelOrders(request, by: anna, isDry: false)
                        cancelled += done.cancelled.isEmpty ? 0 : 1
                        #expect(done.cancelled.isEmpty == (done.tooLate == 1), "line \(line)")
                    }
                    return cancelled
                }
            }
            return try await group.reduce(0, +)
        }
        try await worked
        let states = try await scene.states(of: batch)
        #expect(cancelled > 0 && cancelled < Int(count), "the race was none: \(cancelled) cancelled")
        #expect(states == ["cancelled": Int64(cancelled), "succeeded": Int64(Int(count) - cancelled)])
        let truth = try TruthFile.read(path: "\(scene.directory)/truth.jsonl")
        let paid = truth.channels.values.flatMap(\.payments).reduce(into: [:]) {
            $0[$1.key, default: 0] += $1.value.count
        }
        #expect(paid.count == Int(count) - cancelled && paid.values.allSatisfy { $0 == 1 })
        for invariant in Invariant.allCases {
            let finding = try await scene.store.check(invariant)
            #expect(finding.holds, "\(invariant.rawValue): \(finding.examples)")
        }
        await scene.close()
    }
}
