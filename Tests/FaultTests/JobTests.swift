import Foundation
import Glibc
import PaymentCore
import Pipeline
import Testing

/// Windows, exit codes and stops of jobs, as cron and monitoring see them.
@Suite struct JobTests {
    /// Channels that take a call and never answer; some of what they take is paid.
    private static let blackHole = Simulation(behaviours: ["never_answer: 500", "take_then_time_out: 500"])

    /// Writes a job whose windows open so many minutes from now, in UTC.
    private static func write(
        _ scene: FaultScene,
        _ name: String,
        stages: String = "intake, plan",
        windows: [(opensIn: Int, minutes: Int)] = [(-2, 60)],
        deadline: String = "1m",
        _ window: String = ""
    ) async throws {
        let now = Int(try await scene.number("SELECT extract(epoch FROM now())::bigint / 60"))
        let lines = windows.map { opening in
            let minute = (now + opening.opensIn) % JobWindow.minutesPerDay
            let (hours, minutes) = (String(minute / 60), String(minute % 60))
            let time = [hours, minutes].map { $0.count == 1 ? "0\($0)" : $0 }.joined(separator: ":")
            return "  - {zone: UTC, opens: \"\(time)\", length: \(opening.minutes)m\(window)}\n"
        }
        let text = "job: \(name)\ntitle: Test\nstages: [\(stages)]\nwindows:\n\(lines.joined())deadline: \(deadline)\n"
        _ = try scene.write(Array(text.utf8), to: "jobs/\(name).yaml")
    }

    /// A member of what a run told with `--json`.
    private static func told<Value>(_ key: String, _ program: Program, _: Value.Type = Value.self) throws -> Value {
        guard let value = (try program.json() as? [String: Any])?[key] as? Value else {
            throw SceneFailure("no \(key): \(program.tail)")
        }
        return value
    }

    private static let runs = """
        SELECT coalesce(string_agg(job || ' ' || state || ' ' || pass || '/' || epoch, ', ' ORDER BY job, window_start),
            'none') FROM sluice.job_run
        """

    // MARK: Exit codes

    @Test func `each end of a run has its exit code`() async throws {
        try await FaultScene.with { scene in
            let calendar = "calendar: old\ntitle: T\nyears: {from: 2020, to: 2020}\nworking_days: [mon]\n"
            _ = try scene.write(Array(calendar.utf8), to: "config/calendars/old.yaml")
            try await Self.write(scene, "read")
            try await Self.write(scene, "later", windows: [(120, 10)])
            try await Self.write(scene, "uncovered", ", calendar: old")
            try await Self.write(scene, "lane", stages: "poll", deadline: "1m\nlanes: [harbour]")

            // 2: usage and configuration.
            let unknown = try await scene.run(["run", "raed"], expecting: 2)
            #expect(unknown.log.contains("there is no job raed"))
            let lane = try await scene.run(["run", "lane"], expecting: 2)
            #expect(lane.log.contains("harbour/query"), "\(lane.tail)")
            let uncovered = try await scene.run(["run", "uncovered"], expecting: 2)
            #expect(uncovered.log.contains("calendar old covers 2020"), "\(uncovered.tail)")
            #expect(
                try await scene.text("SELECT string_agg(cause_key, ',') FROM sluice.alarm")
                    == "window_missed/-/calendar/old"
            )

            // 1: failed.
            let away = ["SLUICE_DATABASE_URL": "postgresql://sluice_worker@127.0.0.1:9/sluice?connect_timeout=2"]
            _ = try await scene.run(["run", "read"], away, expecting: 1)

            // 0: outside every window, done, done before.
            let later = try await scene.run(["run", "later", "--json"])
            #expect(try Self.told("outcome", later) == "outside_window")
            #expect(try await scene.text(Self.runs) == "none")
            let done = try await scene.run(["run", "read", "--json"])
            #expect(try Self.told("outcome", done) == "done")
            let again = try await scene.run(["run", "read", "--json"])
            #expect(try Self.told("outcome", again) == "already_done")
            #expect(try await scene.text(Self.runs) == "read done 1/1")

            // 3: done, but something waits for a person: the same bytes a second time.
            let text = BatchText(.payout, count: 5)
            _ = try await scene.submit(text, name: "one.csv")
            _ = try await scene.submit(text, name: "two.csv")
            let waits = try await scene.run(["run", "read", "--json"], expecting: 3)
            #expect(try Self.told("held_files", waits) == 1, "\(waits.tail)")
            #expect(try Self.told("counts", waits, [String: Int].self)["files_planned"] == 1, "\(waits.tail)")
            #expect(try await scene.text(Self.runs) == "read done 2/2")

            // 4: another run holds the window.
            _ = try await scene.number(
                """
                UPDATE sluice.job_run SET state = 'running', worker_id = 'x', lease_until = now() + interval '1 hour'
                RETURNING 1::bigint
                """
            )
            let held = try await scene.run(["run", "read", "--json"], expecting: 4)
            #expect(try Self.told("outcome", held) == "held")
            #expect(try await scene.text(Self.runs) == "read running 2/2")
        }
    }

    @Test func `a run that leaves due work at its deadline says so`() async throws {
        try await FaultScene.with(Self.blackHole) { scene in
            let text = BatchText(.payout, count: 400)
            let batch = try await scene.submit(text)
            try await scene.run(["run", "intake"], ["SLUICE_LIMITS_CHUNK_ORDERS": "10"])
            try await Self.write(scene, "send", stages: "submit", deadline: "1s")
            let late = try await scene.run(["run", "send", "--json"], expecting: 5)
            #expect(try Self.told("outcome", late) == "work_left")
            let counts: [String: Int] = try Self.told("counts", late)
            #expect((counts["sends"] ?? 0) > 0, "\(late.tail)")
            #expect(
                try await scene.number("SELECT (summary ->> 'sends')::bigint FROM sluice.job_run WHERE job = 'send'")
                    == Int64(counts["sends"] ?? -1)
            )
            // Calls in flight at the deadline were finished.
            #expect(try await scene.number("SELECT count(*) FROM sluice.exchange WHERE outcome IS NULL") == 0)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    // MARK: Missed windows

    @Test func `windows without a run are skipped with one alarm, whoever comes first, or caught up`() async throws {
        try await FaultScene.with { scene in
            let windows = [(-180, 10), (-60, 10), (-5, 60)]
            try await Self.write(scene, "late", windows: windows)
            let first = try await scene.run(["run", "late", "--json"])
            // What lies before the job's first start was not missed.
            #expect(try Self.told("windows_skipped", first, [String].self).isEmpty)
            let age = "UPDATE sluice.job SET known_since = now() - interval '5 hours' RETURNING 1::bigint"
            _ = try await scene.number(age)
            let starts = try (1...5).map { _ in try scene.start(["run", "late", "--json"]) }
            var skipped: [String] = []
            for start in starts {
                #expect(try await start.end() == 0, "\(start.tail)")
                skipped += try Self.told("windows_skipped", start, [String].self)
            }
            #expect(skipped.count == 2 && Set(skipped).count == 2, "\(skipped)")
            #expect(try await scene.text(Self.runs) == "late skipped 1/1, late skipped 1/1, late done 1/1")
            let alarm = "SELECT string_agg(cause_key || ' ' || occurrences, ',') FROM sluice.alarm"
            #expect(try await scene.text(alarm) == "window_missed/-/late 2")

            // The same windows, made up for: oldest first, each under its own key.
            _ = try await scene.number("DELETE FROM sluice.job_run WHERE state = 'skipped' RETURNING 1::bigint")
            try await Self.write(scene, "late", windows: windows, deadline: "1m\ncatch_up: true")
            _ = try await scene.submit(BatchText(.payout, count: 5))
            let caught = try await scene.run(["run", "late", "--json"])
            #expect(try Self.told("windows_caught_up", caught, [String].self) == skipped.sorted())
            #expect(try Self.told("windows_skipped", caught, [String].self).isEmpty)
            #expect(try await scene.text(Self.runs) == "late done 1/1, late done 1/1, late done 1/1")
            // The oldest found the file that waited.
            let read =
                "SELECT string_agg(coalesce(summary ->> 'files_read', '0'), ' ' ORDER BY window_start)"
                + " FROM sluice.job_run"
            #expect(try await scene.text(read) == "1 0 0")
            #expect(try await scene.text(alarm) == "window_missed/-/late 2")
        }
    }

    // MARK: Take-over

    @Test func `a killed run is taken over as the same run once its worker is silent`() async throws {
        try await FaultScene.with(RunTests.slow) { scene in
            let text = BatchText(.payout, count: 400)
            let batch = try await scene.submit(text)
            let killed = try scene.start(["run", "all"])
            try await scene.freeze(killed, at: "a call", KillTests.Moment.sendUnderWay.sql)
            killed.send(SIGKILL)
            _ = try await killed.end()
            try await scene.run(["run", "all"], ["SLUICE_LIMITS_SILENCE": "60s"], expecting: 4)
            try await Self.runUntilTaken(scene)
            #expect(try await scene.text(Self.runs) == "all done 1/2")
            try await RunTests.repeatUntilAtRest(scene)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `a run that slept while another start took it over stops, and writes nothing as the run`() async throws {
        try await FaultScene.with(RunTests.slow) { scene in
            let text = BatchText(.payout, count: 400)
            let batch = try await scene.submit(text)
            let sleeper = try scene.start(["run", "all", "--json"])
            try await scene.freeze(sleeper, at: "a call", KillTests.Moment.sendUnderWay.sql)
            // As the server's own time-outs would do a little later: a sleeping transaction keeps its locks.
            _ = try await scene.number(FaultScene.endTransactions)
            try await Self.runUntilTaken(scene)
            let row = "SELECT string_agg(r::text, ',') FROM sluice.job_run r"
            let before = try await scene.text(row)
            sleeper.send(SIGCONT)
            #expect(try await sleeper.end() == 4, "\(sleeper.tail)")
            #expect(try Self.told("outcome", sleeper) == "lost")
            #expect(try await scene.text(row) == before)
            try await RunTests.repeatUntilAtRest(scene)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    /// Starts again, as cron would, until the dead run is taken over and done.
    private static func runUntilTaken(_ scene: FaultScene) async throws {
        try await Condition.wait("the take-over", within: .seconds(30), every: .milliseconds(200)) {
            let start = try scene.start(["run", "all", "--json"])
            let status = try await start.end()
            guard [0, 4].contains(status) else { throw SceneFailure(start.tail) }
            return status == 0
        }
    }

    // MARK: Stops

    @Test(arguments: ["worker", "run"])
    func `a stop while calls hang ends in its time, and loses nothing`(_ command: String) async throws {
        try await FaultScene.with(Self.blackHole) { scene in
            let text = BatchText(.payout, count: 400)
            let batch = try await scene.submit(text)
            // One second stands for the thirty of a real deployment; the calls hang for three.
            let limits = ["SLUICE_LIMITS_STOP_WITHIN": "1s"]
            let stopped = try scene.start(command == "run" ? ["run", "all", "--json"] : ["worker"], limits)
            try await scene.until("a call", KillTests.Moment.sendUnderWay.sql)
            stopped.send(SIGTERM)
            let status = try await stopped.end(within: .milliseconds(2_800))
            #expect(status == (command == "run" ? 5 : 1), "\(stopped.tail)")
            // Nobody waits for a silence: the run and the leases are free at once.
            #expect(try await scene.number("SELECT count(*) FROM sluice.worker WHERE stopped_at IS NULL") == 0)
            if command == "run" {
                #expect(try await scene.text(Self.runs) == "all failed 1/1")
                let next = try await scene.run(["run", "all", "--json"], ["SLUICE_LIMITS_STOP_WITHIN": "10s"])
                #expect(try Self.told("outcome", next) == "done")
                #expect(try await scene.text(Self.runs) == "all done 1/2")
            }
            // Every order of a call that was broken off is open, and has a next action.
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    // MARK: Beside a worker

    @Test func `a worker of other stages leaves new sends to the jobs`() async throws {
        try await FaultScene.with(.honest) { scene in
            let text = BatchText(.payout, count: 200)
            let batch = try await scene.submit(text)
            let refused = try await scene.run(["worker", "--stages", "intake,submitt"], expecting: 2)
            #expect(refused.log.contains("submitt"), "\(refused.tail)")
            let archiver = try await scene.run(["worker", "--stages", "poll,archive"], expecting: 2)
            #expect(archiver.log.contains("sluice run archive"), "\(archiver.tail)")
            let worker = try scene.start(["worker", "--stages", "intake,plan,poll,settle"])
            try await scene.until("the plan", "SELECT count(*) FROM sluice.batch_file WHERE state = 'working'")
            #expect(try await scene.number("SELECT count(*) FROM sluice.exchange") == 0)
            #expect(
                try await scene.number("SELECT count(*) FROM sluice.payment_order WHERE state <> 'ready'") == 0
            )
            try await scene.run(["run", "submit"])
            try await scene.untilAtRest()
            worker.send(SIGTERM)
            #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
            #expect(
                try await scene.number("SELECT count(DISTINCT worker_id) FROM sluice.exchange WHERE kind = 'send'") == 1
            )
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `the program prints what makes cron and systemd start every job`() async throws {
        try await FaultScene.with { scene in
            let cron = try await scene.run(["crontab", "--user", "batch", "--program", "/usr/local/bin/sluice"])
            let units = try await scene.run(["crontab", "--systemd"])
            for job in ["all", "archive", "intake", "poll", "settle", "submit"] {
                #expect(cron.output.contains(" batch /usr/local/bin/sluice run \(job) >/dev/null\n"), "\(cron.tail)")
                #expect(units.output.contains("# file: sluice-\(job).timer\n"), "\(units.tail)")
            }
            #expect(cron.output.contains("SLUICE_JOBS=\(scene.folder)/jobs\n"), "\(cron.tail)")
            let machines = try await scene.run(["crontab", "--json"]).json() as? [String: Any]
            let jobs = try #require(machines?["jobs"] as? [[String: Any]])
            #expect(jobs.map { $0["job"] as? String } == ["all", "archive", "intake", "poll", "settle", "submit"])
            #expect(jobs.allSatisfy { ($0["starts"] as? [[String: String]])?.isEmpty == false })
            _ = try await scene.run(["crontab", "--json", "--systemd"], expecting: 2)
            _ = try await scene.run(["crontab", "--jobs", "\(scene.folder)/none"], expecting: 2)
        }
    }
}
