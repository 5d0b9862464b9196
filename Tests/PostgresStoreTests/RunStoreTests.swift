import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

struct `The run of a window` {
    private static let window = Timestamp(unixMicroseconds: 1_790_000_000_000_000)

    private static func start(
        _ worker: String,
        window: Timestamp = window,
        lease: TimeSpan = .minutes(1),
        silence: TimeSpan = .seconds(15)
    ) -> RunStart {
        RunStart(job: "j", windowStart: window, worker: WorkerIdentifier(worker), lease: lease, silence: silence)
    }

    @Test func `is begun by one of many starts at once, and refused to the others without a trace`() async throws {
        let database = try await TestDatabase.make()
        let claims = try await withThrowingTaskGroup(of: RunClaim.self) { group in
            for number in 1...8 { group.addTask { try await database.store.beginRun(Self.start("w\(number)")) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(claims.count { $0 == .begun(epoch: LeaseEpoch(1), pass: 1) } == 1)
        #expect(claims.count { $0 == .alive } == 7)
        // The row as its one writer left it, not even locked since.
        let row = "SELECT r::text || ' ' || r.xmin || ' ' || r.xmax FROM sluice.job_run r"
        let before = try await database.text(row)
        #expect(try await database.store.beginRun(Self.start("late")) == .alive)
        #expect(try await database.text(row) == before)
        await database.close()
    }

    @Test func `is taken over when its lease ends, its worker is silent or it failed, and only then`() async throws {
        let database = try await TestDatabase.make()
        let store = database.store
        for worker in ["w1", "w2"] {
            try await store.registerWorker(
                WorkerRegistration(worker: WorkerIdentifier(worker), host: "h", processIdentifier: 1),
                silence: .seconds(15)
            )
        }
        #expect(try await store.beginRun(Self.start("w1")) == .begun(epoch: LeaseEpoch(1), pass: 1))
        // One that has stopped may be about to end its run.
        try await store.stopWorker(WorkerIdentifier("w1"))
        #expect(try await store.beginRun(Self.start("w2")) == .alive)
        try await database.execute(
            "UPDATE sluice.worker SET heartbeat_at = now() - interval '20 seconds' WHERE worker_id = 'w1'"
        )
        #expect(try await store.beginRun(Self.start("w2", silence: .seconds(30))) == .alive)
        #expect(try await store.beginRun(Self.start("w2")) == .takenOver(epoch: LeaseEpoch(2), pass: 1))
        try await database.execute("UPDATE sluice.job_run SET lease_until = now() - interval '1 second'")
        #expect(try await store.beginRun(Self.start("w3")) == .takenOver(epoch: LeaseEpoch(3), pass: 1))
        #expect(try await Self.end(store, epoch: 3, succeeded: false))
        #expect(try await store.beginRun(Self.start("w4")) == .takenOver(epoch: LeaseEpoch(4), pass: 1))
        await database.close()
    }

    @Test func `belongs to one epoch: whoever lost it can neither hold nor end it`() async throws {
        let database = try await TestDatabase.make()
        let store = database.store
        _ = try await store.beginRun(Self.start("w1", lease: .zero))
        #expect(try await store.beginRun(Self.start("w2")) == .takenOver(epoch: LeaseEpoch(2), pass: 1))
        let before = try await database.text("SELECT r::text FROM sluice.job_run r")
        #expect(try await !store.renewRun(job: "j", windowStart: Self.window, epoch: LeaseEpoch(1), lease: .hours(1)))
        #expect(try await !Self.end(store, epoch: 1, counts: ["sends": 5]))
        #expect(try await database.text("SELECT r::text FROM sluice.job_run r") == before)
        #expect(try await store.renewRun(job: "j", windowStart: Self.window, epoch: LeaseEpoch(2), lease: .hours(1)))
        #expect(try await Self.end(store, epoch: 2, counts: ["sends": 2]))
        // Once is enough.
        #expect(try await !Self.end(store, epoch: 2, counts: ["sends": 2]))
        await database.close()
    }

    @Test func `that is done opens a new pass for one of several starts, and sums up what all passes did`() async throws
    {
        let database = try await TestDatabase.make()
        let store = database.store
        _ = try await store.beginRun(Self.start("w1"))
        #expect(try await Self.end(store, epoch: 1, counts: ["sends": 2, "queries": 0]))
        #expect(try await store.beginRun(Self.start("w2")) == .done(pass: 1))
        #expect(try await store.reopenRun(Self.start("w2"), pass: 1) == .begun(epoch: LeaseEpoch(2), pass: 2))
        #expect(try await store.reopenRun(Self.start("w3"), pass: 1) == .alive)
        #expect(try await store.beginRun(Self.start("w3")) == .alive)
        #expect(try await Self.end(store, epoch: 2, counts: ["sends": 3, "files_read": 1]))
        let summary = try await database.text("SELECT summary::text FROM sluice.job_run")
        #expect(summary == "{\"sends\": 5, \"queries\": 0, \"files_read\": 1}")
        await database.close()
    }

    @Test func `that was missed is booked by one of several starts, with one alarm a window`() async throws {
        let database = try await TestDatabase.make()
        let store = database.store
        let starts = (0..<3).map { Self.window.advanced(by: .hours($0)) }
        _ = try await store.beginRun(Self.start("w1", window: starts[1]))
        #expect(try await store.windowsWithoutRun(job: "j", starts: starts) == [starts[0], starts[2]])
        #expect(try await store.windowsWithoutRun(job: "other", starts: starts) == starts)
        let alarm = RaisedAlarm(kind: .windowMissed, code: "j", message: "missed")
        let booked = try await withThrowingTaskGroup(of: [Timestamp].self) { group in
            for _ in 1...5 {
                group.addTask { try await store.skipWindows(job: "j", starts: starts, alarm: alarm) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(booked.sorted() == [starts[0], starts[2]])
        #expect(
            try await database.text("SELECT string_agg(state::text, ' ' ORDER BY window_start) FROM sluice.job_run")
                == "skipped running skipped"
        )
        #expect(
            try await database.text("SELECT cause_key || ' ' || occurrences FROM sluice.alarm")
                == "window_missed/-/j 2"
        )
        // Nobody runs it any more.
        #expect(try await store.beginRun(Self.start("w2", window: starts[0])) == .done(pass: 1))
        #expect(try await store.reopenRun(Self.start("w2", window: starts[0]), pass: 1) == .alive)
        await database.close()
    }

    @Test func `of an earlier window is closed once it is dead`() async throws {
        let database = try await TestDatabase.make()
        let store = database.store
        let (first, second, third) = (
            Self.window, Self.window.advanced(by: .hours(1)), Self.window.advanced(by: .hours(2))
        )
        _ = try await store.beginRun(Self.start("w1", window: first, lease: .zero))
        _ = try await store.beginRun(Self.start("w2", window: second))
        _ = try await store.beginRun(Self.start("w3", window: third, lease: .zero))
        let closed = try await store.closeDeadRuns(job: "j", before: third, silentFor: .seconds(15))
        #expect(closed == [first])
        #expect(
            try await database.text("SELECT string_agg(state::text, ' ' ORDER BY window_start) FROM sluice.job_run")
                == "failed running running"
        )
        #expect(try await !store.renewRun(job: "j", windowStart: first, epoch: LeaseEpoch(1), lease: .hours(1)))
        await database.close()
    }

    @Test func `can be missed from when its job is known with these windows`() async throws {
        let database = try await TestDatabase.make()
        let store = database.store
        let known = try await withThrowingTaskGroup(of: Timestamp.self) { group in
            for _ in 1...5 { group.addTask { try await store.knownSince(job: "j", schedule: "a") } }
            return try await group.reduce(into: Set<Timestamp>()) { $0.insert($1) }
        }
        #expect(known.count == 1)
        let row = "SELECT j::text || ' ' || j.xmin || ' ' || j.xmax FROM sluice.job j"
        let before = try await database.text(row)
        #expect(try await store.knownSince(job: "j", schedule: "a") == known.first)
        #expect(try await database.text(row) == before)
        let later = try await store.knownSince(job: "j", schedule: "b")
        #expect(later > (try #require(known.first)))
        #expect(try await store.knownSince(job: "j", schedule: "b") == later)
        await database.close()
    }

    private static func end(
        _ store: SQLStore,
        epoch: Int64,
        succeeded: Bool = true,
        counts: [String: Int64] = [:]
    ) async throws -> Bool {
        try await store.endRun(
            job: "j",
            windowStart: window,
            epoch: LeaseEpoch(epoch),
            succeeded: succeeded,
            summary: counts
        )
    }
}
