import PaymentCore
import Pipeline
import Store
import Testing

@Suite struct `A run's bounds` {
    private static func job(
        _ stages: [Engine.Stage],
        lanes: Set<LaneKey>? = nil,
        deadline: TimeSpan = .minutes(1)
    ) throws -> JobDefinition {
        JobDefinition(
            name: "test",
            title: "Test",
            stages: Set(stages),
            schedule: JobSchedule([try #require(JobWindow(opensAtMinute: 0, lengthMinutes: 1_440, zone: "UTC"))]),
            deadline: deadline,
            lanes: lanes
        )
    }

    private static func run(
        _ job: JobDefinition,
        _ engine: Engine,
        window: Int64,
        sendingFor: TimeSpan = .minutes(1)
    ) async throws -> (outcome: JobRunner.Outcome, counts: [String: Int64]) {
        let execution = RunExecution(
            job: job,
            engine: engine,
            windowStart: Timestamp(unixMicroseconds: window),
            sendingEndsAt: engine.clock.now().advanced(by: sendingFor)
        )
        let outcome = try await execution.run(reopens: true, process: (host: "test", identifier: 1), stop: StopSignal())
        return (outcome, execution.counts)
    }

    @Test func `stop new sends with the window and nothing else, lane by lane`() async throws {
        let scene = try await EngineScene.make()
        let batch = try await scene.queue((1...200).map { EngineScene.line($0) })
        // The window is over when the run begins to work: it reads and plans, and sends nothing.
        let closed = try await Self.run(
            try Self.job(Engine.Stage.ofWorkers),
            try scene.engine(),
            window: 1,
            sendingFor: .zero
        )
        #expect(closed.outcome == .workLeft)
        #expect(closed.counts["files_read"] == 1 && closed.counts["files_planned"] == 1)
        #expect(closed.counts["sends"] == nil)
        #expect(try await scene.states(of: batch) == ["ready": 200])
        #expect(try await scene.number("SELECT count(*) FROM sluice.exchange") == 0)

        // A job of one lane leaves the other channel's orders alone.
        let harbor = LaneKey(channel: ChannelName("harbor"), lane: .submit)
        let one = try await Self.run(try Self.job([.submit], lanes: [harbor]), try scene.engine(), window: 2)
        #expect(one.outcome == .done)
        #expect((one.counts["sends"] ?? 0) > 0)
        let channels = try await scene.text("SELECT string_agg(DISTINCT channel, ',') FROM sluice.submission")
        #expect(channels == "harbor")
        #expect(try await scene.states(of: batch)["ready"] != nil)

        // What was sent is followed when no window of sends is open.
        let later = try await Self.run(try Self.job([.submit]), try scene.engine(), window: 3)
        #expect(later.outcome == .done)
        try await scene.workToRest(try scene.engine())
        #expect(try await scene.states(of: batch) == ["succeeded": 200])
        let runs = try await scene.text(
            "SELECT string_agg(state || ' ' || coalesce(summary ->> 'sends', '-'), ', ' ORDER BY window_start)"
                + " FROM sluice.job_run WHERE window_start < 'epoch'::timestamptz + interval '1 second'"
        )
        let sends = [closed, one, later].map { "done \($0.counts["sends"] ?? 0)" }.joined(separator: ", ")
        #expect(runs == sends)
        await scene.close()
    }
}
