import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

struct `Lanes, for people` {
    private static let channel = ChannelName("harbor")
    private static let specification = [UInt8](repeating: 0x51, count: 32)

    private static func activate(
        _ store: SQLStore,
        submitInterval: TimeSpan = .milliseconds(50),
        breaker: LaneRules.Breaker = LaneRules.Breaker()
    ) async throws {
        try await store.activateChannel(
            ChannelActivation(
                channel: channel,
                environmentClass: .test,
                specificationSHA256: specification,
                submitSlots: 3,
                querySlots: 2,
                submitInterval: submitInterval,
                breaker: breaker
            )
        )
    }

    private static func fill(_ database: TestDatabase, lane: Lane, kind: ChunkKind, chunks: Int32) async throws {
        try await database.execute(
            """
            INSERT INTO sluice.work_chunk (batch_id, business_date, chunk_no, direction, channel, lane, kind, line_nos,
                submission_no, due_at)
            SELECT 1, current_date, n, 'payout', 'harbor', $1::sluice.lane, $2::sluice.chunk_kind,
                CASE $2 WHEN 'submit' THEN ARRAY[n] END,
                CASE $2 WHEN 'submit' THEN NULL ELSE (SELECT count(*) FROM sluice.work_chunk) + n END, now()
            FROM generate_series(1, $3) AS n
            """,
            [.text(lane.rawValue), .text(kind.rawValue), .int32(chunks)]
        )
    }

    @Test func `are shown with slots, queue, pace, health and who activated them`() async throws {
        let database = try await TestDatabase.make()
        try await Self.activate(database.store)
        try await Self.fill(database, lane: .submit, kind: .submit, chunks: 5)
        try await Self.fill(database, lane: .submit, kind: .send, chunks: 1)
        let claim = LaneClaim(
            channel: Self.channel,
            lane: .submit,
            specificationSHA256: Self.specification,
            lease: .minutes(5),
            limit: 2
        )
        let chunks = try await database.store.claimChunks(
            ChunkClaim(worker: WorkerIdentifier("w"), lanes: [claim])
        )
        #expect(chunks.map(\.kind) == [.send, .submit])
        let lanes = try await database.store.lanes(of: nil)
        #expect(lanes.map(\.lane) == [.submit, .query])
        let submit = try #require(lanes.first)
        #expect(submit.slots == 3 && submit.slotsInUse == 2)
        #expect(submit.queue == LaneStatus.Queue(chunks: 6, due: 4, unsent: 1))
        #expect(submit.rules == LaneRules(interval: .milliseconds(50)))
        #expect(submit.health == LaneHealth())
        #expect(submit.nextCallAt.map { $0.since(chunks[0].now) } == .milliseconds(100))
        #expect(submit.pause == nil)
        #expect(submit.activation.specificationSHA256 == Self.specification)
        #expect(submit.activation.by == "sluice_worker")
        #expect(try await database.store.lanes(of: ChannelName("nobody")).isEmpty)
        await database.close()
    }

    @Test func `are paused and resumed one by one or both, in the name of who did it`() async throws {
        let database = try await TestDatabase.make()
        let store = database.store
        try await Self.activate(store)
        let otto = try await database.otto()
        let olga = try await database.signIn("olga", staff: "S5", role: .operator)
        for isDry in [true, false] {
            let paused = try await store.pause(
                Self.channel,
                lane: .query,
                reason: " their maintenance ",
                by: otto,
                isDry: isDry
            )
            #expect(paused == 1)
            #expect(try await store.lanes(of: Self.channel).count { $0.pause != nil } == (isDry ? 0 : 1))
        }
        #expect(try await store.pause(Self.channel, lane: nil, reason: "incident", by: olga, isDry: false) == 1)
        #expect(try await store.pause(Self.channel, lane: nil, reason: "twice", by: otto, isDry: false) == 0)
        let paused = try await store.lanes(of: Self.channel)
        #expect(paused.map { $0.pause?.reason } == ["incident", "their maintenance"])
        #expect(paused.map { $0.pause?.by } == ["olga", "otto"])
        // A pause is a person's: no activation ends it.
        try await Self.activate(store)
        #expect(try await store.lanes(of: Self.channel).allSatisfy { $0.pause != nil })
        for isDry in [true, false] {
            #expect(try await store.resume(Self.channel, lane: .submit, by: olga, isDry: isDry) == 1)
            #expect(try await store.lanes(of: Self.channel).map { $0.pause == nil } == [!isDry, false])
        }
        #expect(try await store.resume(Self.channel, lane: nil, by: otto, isDry: false) == 1)
        #expect(try await store.resume(Self.channel, lane: nil, by: otto, isDry: false) == 0)
        let audit = try await database.text(
            """
            SELECT string_agg(concat_ws(' ', action, login, subject, details ->> 'lanes', details ->> 'reason'), '; '
                ORDER BY entry_no) FROM sluice.audit_entry WHERE action LIKE '%\\_channel'
            """
        )
        #expect(
            audit == """
                pause_channel otto channel harbor ["query"] their maintenance; \
                pause_channel olga channel harbor ["submit"] incident; \
                resume_channel olga channel harbor ["submit"]; resume_channel otto channel harbor ["query"]
                """
        )
        await database.close()
    }

    @Test func `are refused where there are none, and without a reason`() async throws {
        let database = try await TestDatabase.make()
        try await Self.activate(database.store)
        let otto = try await database.otto()
        for (channel, reason, state) in [
            (ChannelName("nobody"), "x", "SL001"), (Self.channel, "  ", "SL005"),
            (Self.channel, String(repeating: "x", count: 201), "SL005"),
        ] {
            let error = await #expect(throws: PostgresError.self) {
                _ = try await database.store.pause(channel, lane: nil, reason: reason, by: otto, isDry: false)
            }
            #expect(error?.sqlState == state)
        }
        await #expect(throws: PostgresError.self) {
            _ = try await database.store.resume(ChannelName("nobody"), lane: .query, by: otto, isDry: false)
        }
        // Not past the functions: a pause without a name, or an end of it, is nobody's right.
        await #expect(throws: PostgresError.self) {
            try await database.worker.transaction("forbidden") {
                try $0.execute("UPDATE sluice.channel_lane SET paused_at = NULL")
            }
        }
        await database.close()
    }

    @Test func `take a faster pace at once when it is activated, and keep their breaker`() async throws {
        let database = try await TestDatabase.make()
        try await Self.activate(database.store, submitInterval: .minutes(30))
        try await database.execute(
            """
            UPDATE sluice.channel_lane SET next_call_at = now() + interval '30 minutes', slow_interval_us = 1000000,
                breaker = 'open', times_opened = 2, open_until = now() + interval '1 hour' WHERE lane = 'submit'
            """
        )
        let breaker = LaneRules.Breaker(failures: 2, open: .seconds(1), openMax: .seconds(2))
        try await Self.activate(database.store, submitInterval: .milliseconds(10), breaker: breaker)
        let lane = try #require(try await database.store.lanes(of: Self.channel).first)
        #expect(lane.nextCallAt.map { $0.since(lane.now) <= .seconds(1) } == true)
        #expect(lane.rules == LaneRules(interval: .milliseconds(10), breaker: breaker))
        #expect(lane.health.slowInterval == .seconds(1))
        guard case .open(_, times: 2) = lane.health.breaker else {
            Issue.record("the breaker is \(lane.health.breaker)")
            return
        }
        await database.close()
    }

    /// What keeps a lane from work, and how many fresh chunks of five are left for a run then.
    @Test(arguments: [
        ("breaker = 'closed'", Int64(5)), ("paused_at = now(), paused_by = 'x', pause_reason = 'x'", 0),
        ("slow_until = now() + interval '1 hour'", 0), ("slow_until = now() - interval '1 hour'", 5),
        ("breaker = 'open', times_opened = 1, open_until = now() + interval '1 hour'", 0),
        ("breaker = 'open', times_opened = 1, open_until = now() - interval '1 second'", 5),
        // Work at its own pace is work.
        ("next_call_at = now() + interval '1 hour'", 5),
    ]) func `are left for a run only while their work can be claimed`(_ set: String, _ due: Int64) async throws {
        let database = try await TestDatabase.make()
        try await Self.activate(database.store)
        try await Self.fill(database, lane: .submit, kind: .submit, chunks: 5)
        try await Self.fill(database, lane: .query, kind: .query, chunks: 2)
        try await database.execute("UPDATE sluice.channel_lane SET \(set) WHERE lane = 'submit'")
        let left = try await database.store.workLeft(channels: [Self.channel])
        #expect(left.submitChunksDue == due)
        #expect(left.queryChunksDue == 2, "the other lane's own affair")
        #expect(left.submitChunks == 5 && left.queryChunks == 2)
        await database.close()
    }

    @Test func `with as many unsent submissions as slots leave no fresh orders to a run`() async throws {
        let database = try await TestDatabase.make()
        try await Self.activate(database.store)
        try await Self.fill(database, lane: .submit, kind: .submit, chunks: 5)
        try await Self.fill(database, lane: .submit, kind: .send, chunks: 3)
        try await database.execute(
            "UPDATE sluice.work_chunk SET due_at = now() + interval '1 minute' WHERE kind = 'send'"
        )
        let left = try await database.store.workLeft(channels: [Self.channel])
        #expect(left.submitChunksDue == 0 && left.submitChunks == 8)
        #expect(left.nextDueIn.map { $0 > .seconds(50) && $0 <= .minutes(1) } == true, "when one is sent again")
        await database.close()
    }
}
