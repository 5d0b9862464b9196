import ChannelSimulator
import PaymentCore
import Pipeline
import PostgresClient
import Testing

/// The whole engine on a real database against simulated channels, in one process.
@Suite(.serialized) struct `A file's way from queue to result` {
    @Test func `is the straight one when nobody fails`() async throws {
        let scene = try await EngineScene.make()
        let batch = try await scene.queue((1...1_000).map { EngineScene.line($0) }, declaredCount: 1_000)
        try await scene.workToRest(try scene.engine())
        #expect(try await scene.states(of: batch) == ["succeeded": 1_000])
        #expect(
            try await scene.text("SELECT state::text FROM sluice.batch_file WHERE batch_id = $1", [.int64(batch.value)])
                == "finished"
        )
        let truth = try TruthFile.read(path: "\(scene.directory)/truth.jsonl")
        let payments = truth.channels.values.flatMap(\.payments.values)
        #expect(payments.count == 1_000)
        #expect(payments.allSatisfy { $0.count == 1 })
        #expect(truth.channels.values.allSatisfy { !$0.payments.isEmpty }, "both channels carry their share")
        await scene.close()
    }

    @Test func `loses nothing and pays nothing twice when the channels fail in every way`() async throws {
        var plan = BehaviourPlan()
        plan.submitFaults = [
            .takeThenTimeOut: 80, .neverAnswer: 80, .closeHalfWay: 80, .closeBeforeAnswer: 80, .systemError: 80,
            .serverError: 80, .unknownHeaderCode: 80, .slowDown: 60, .badSignature: 60,
        ]
        plan.queryFaults = [.timeOut: 40, .slowDown: 40, .garbage: 40, .serverError: 40]
        let scene = try await EngineScene.make(plan: plan)
        let batch = try await scene.queue((1...3_000).map { EngineScene.line($0) })
        try await scene.workToRest(try scene.engine())
        let truth = try TruthFile.read(path: "\(scene.directory)/truth.jsonl")
        let payments = truth.channels.values.flatMap(\.payments.values)
        #expect(payments.allSatisfy { $0.count == 1 }, "nothing is paid twice")
        #expect(truth.channels.values.allSatisfy { $0.overlaps.isEmpty }, "a query and a send never overlap (R6)")
        let states = try await scene.states(of: batch)
        #expect(states.values.reduce(0, +) == 3_000)
        #expect(Set(states.keys).isSubset(of: ["succeeded", "unknown"]), "\(states)")
        #expect(states["succeeded"] ?? 0 <= Int64(payments.count))
        let forgotten = try await scene.number(
            """
            SELECT count(*) FROM sluice.payment_order o WHERE o.state = 'unknown' AND NOT EXISTS (
                SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.closed_at IS NULL
                AND r.submission_no = o.submission_no)
            """
        )
        #expect(forgotten == 0, "an unknown order has a review item once nothing is due for it")
        await scene.close()
    }
}
