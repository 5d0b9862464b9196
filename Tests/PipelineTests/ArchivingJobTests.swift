import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store
import Testing

/// A job whose stage is `archive`: its run has windows, takes over and ends as any.
@Suite(.serialized) struct `A job that archives` {
    /// Many tests share a machine, and nobody waits for their tables.
    private static func store(_ scene: EngineScene) throws -> SQLStore {
        var store = try SQLStore(pool: scene.owner, keys: .closed())
        store.archiveLockWithin = .seconds(5)
        return store
    }

    private static func start(
        _ scene: EngineScene,
        window: Int64,
        deadline: TimeSpan = .minutes(5)
    ) async throws
        -> (outcome: JobRunner.Outcome, execution: RunExecution)
    {
        var engine = try scene.engine()
        engine.archiving = ArchivingStage(
            store: try store(scene),
            alarms: scene.store,
            configuration: ArchiveConfiguration(),
            clock: engine.clock,
            random: SeededRandom(seed: 5),
            worker: engine.worker,
            logger: engine.logger
        )
        let job = JobDefinition(
            name: "nightly",
            title: "Archive",
            stages: [.archive],
            schedule: JobSchedule([try #require(JobWindow(opensAtMinute: 0, lengthMinutes: 1_440, zone: "UTC"))]),
            deadline: .minutes(5)
        )
        let execution = RunExecution(
            job: job,
            engine: engine,
            windowStart: Timestamp(unixMicroseconds: window),
            sendingEndsAt: engine.clock.now().advanced(by: deadline)
        )
        let outcome = try await execution.run(reopens: true, process: (host: "test", identifier: 1), stop: StopSignal())
        return (outcome, execution)
    }

    /// As if the first day of this database had been so many days ago.
    private static func age(_ scene: EngineScene, days: Int32) async throws {
        try await scene.owner.transaction("age") { transaction in
            try transaction.executeScript(
                """
                DO $$
                DECLARE
                    part record;
                BEGIN
                    FOR part IN SELECT h.table_name AS name, i.inhrelid::regclass AS id,
                            i.inhrelid::regclass::text LIKE '%carry_over' AS is_carry
                        FROM sluice.heavy_table h JOIN pg_inherits i
                            ON i.inhparent = ('sluice.' || h.table_name)::regclass ORDER BY 3
                    LOOP
                        EXECUTE format('ALTER TABLE sluice.%I DETACH PARTITION %s', part.name, part.id);
                        IF part.is_carry THEN
                            EXECUTE format('ALTER TABLE sluice.%I ATTACH PARTITION %s FOR VALUES FROM (MINVALUE)
                                TO (%L)', part.name, part.id, current_date - \(days - 1));
                        ELSE
                            EXECUTE format('DROP TABLE %s', part.id);
                        END IF;
                    END LOOP;
                    UPDATE sluice.live_days SET oldest = current_date - \(days), newest = current_date - \(days);
                    PERFORM sluice.keep_partitions_ahead(current_date + 14);
                    UPDATE sluice.live_days SET oldest = oldest + 1;
                END
                $$
                """
            )
        }
    }

    @Test func `takes what is due, is done then, and ends as archiving does`() async throws {
        let scene = try await EngineScene.make()
        let archive = try Self.store(scene)
        // What leaves first when a month has 31 days, and what does when it has 28.
        try await Self.age(scene, days: 65)
        let first = try await Self.start(scene, window: 1)
        #expect(first.outcome == .done, "\(first.execution.reasons)")
        let days = try #require(first.execution.counts["days_archived"])
        #expect((2...5).contains(days))
        let kept = try await scene.number(
            "SELECT (count(DISTINCT day) - $1) FROM sluice.archive_manifest",
            [.int64(days)]
        )
        #expect(kept == 0)
        #expect(try await Self.start(scene, window: 1).outcome == .alreadyDone)

        // 3: a person stopped it.
        #expect(try await archive.stopArchiving(reason: "month end"))
        let stopped = try await Self.start(scene, window: 2)
        #expect(stopped.outcome == .stopped)
        #expect(stopped.execution.reasons.contains { $0.contains("month end") })
        #expect(try await archive.resumeArchiving())

        // 4: somebody archives by hand.
        let other = WorkerIdentifier("by-hand")
        let lease = try #require(try await archive.takeArchiveLease(worker: other, lease: .hours(1), asOf: nil))
        #expect(try await Self.start(scene, window: 3).outcome == .held)
        try await archive.releaseArchiveLease(lease)

        // 1: nothing can leave.
        try await scene.owner.transaction("drift") { transaction in
            try transaction.executeScript("ALTER TABLE sluice.exchange ADD COLUMN fee bigint")
        }
        let failed = try await Self.start(scene, window: 4)
        #expect(failed.outcome == .failed)
        #expect(failed.execution.reasons.contains { $0.contains("fee") })
        let runs = try await scene.text(
            "SELECT string_agg(state::text, ', ' ORDER BY window_start) FROM sluice.job_run WHERE job = 'nightly'"
        )
        #expect(runs == "done, done, done, failed")
        await scene.close()
    }

    @Test func `begins no step after the end of its window`() async throws {
        let scene = try await EngineScene.make()
        try await Self.age(scene, days: 65)
        let late = try await Self.start(scene, window: 1, deadline: .zero)
        #expect(late.outcome == .workLeft)
        #expect(late.execution.counts["days_archived"] == nil)
        #expect(try await scene.number("SELECT count(*) FROM sluice.archive_manifest") == 0)
        #expect(try await Self.start(scene, window: 1).outcome == .done)
        await scene.close()
    }
}
