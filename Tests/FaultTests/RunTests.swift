import Foundation
import Glibc
import PaymentCore
import Testing

/// What cron and an operator may do at any time, any number of times.
@Suite struct RunTests {
    /// Slow enough for a run to be met at work.
    static let slow = Simulation(latency: "{first: 400ms, last: 700ms}", settle: "{first: 50ms, last: 200ms}")

    @Test func `a second start is refused while the first lives, and one after it changes nothing`() async throws {
        try await FaultScene.with(Self.slow) { scene in
            let text = BatchText(.payout, count: 400)
            let batch = try await scene.submit(text)
            // Not to be taken for dead while it is held still.
            let patient = ["SLUICE_LIMITS_SILENCE": "60s"]
            let first = try scene.start(["run", "all", "--json"], patient)
            try await scene.freeze(first, at: "a call, and nothing at the server", Self.callAndNothingElse)
            let meanwhile = try await Self.everything(scene)
            let second = try await scene.run(["run", "all", "--json"], patient, expecting: 4)
            #expect(second.output.contains("\"outcome\":\"held\""), "\(second.output)")
            #expect(try await Self.everything(scene) == meanwhile)
            first.send(SIGCONT)
            #expect(first.status == nil, "the first run ended too early to prove anything")
            #expect(try await first.end() == 0, "\(first.tail)")
            try await Self.repeatUntilAtRest(scene)

            let before = try await Self.everything(scene)
            let after = try await scene.run(["run", "all", "--json"])
            #expect(after.output.contains("\"outcome\":\"already_done\""), "\(after.output)")
            #expect(try await Self.everything(scene) == before)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `of five starts at once one runs`() async throws {
        try await FaultScene.with(Self.slow) { scene in
            let text = BatchText(.payout, count: 400)
            let batch = try await scene.submit(text)
            let starts = try (1...5).map { _ in try scene.start(["run", "all", "--json"]) }
            var statuses: [Int32] = []
            for start in starts { statuses.append(try await start.end()) }
            #expect(statuses.sorted() == [0, 4, 4, 4, 4], "\(scene.tails)")
            #expect(try await scene.number("SELECT count(*) FROM sluice.worker") == 1)
            #expect(
                try await scene.text("SELECT string_agg(job || ' ' || pass || ' ' || state, ',') FROM sluice.job_run")
                    == "all 1 done"
            )
            try await Self.repeatUntilAtRest(scene)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test(arguments: [
        KillTests.Moment.verifyingBetweenParts, .loadingBetweenSlices, .sendUnderWay, .queryUnderWay,
    ])
    func `a worker asked to stop ends in time and leaves no lease behind`(_ moment: KillTests.Moment) async throws {
        try await FaultScene.with(Self.slow) { scene in
            let text = BatchText(.payout, count: 400, padding: moment.padding)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.freeze(worker, at: moment.rawValue, moment.sql)
            worker.send(SIGTERM)
            worker.send(SIGCONT)
            #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
            let left = try await scene.text(
                """
                SELECT (SELECT count(*) FROM sluice.batch_file WHERE lease_worker IS NOT NULL) || ' files, '
                    || (SELECT count(*) FROM sluice.work_chunk WHERE lease_worker IS NOT NULL) || ' chunks, '
                    || (SELECT count(*) FROM sluice.channel_slot WHERE held_until > now()) || ' slots, '
                    || (SELECT count(*) FROM sluice.submission WHERE in_flight_kind IS NOT NULL) || ' calls, '
                    || (SELECT count(*) FROM sluice.worker WHERE stopped_at IS NULL) || ' workers'
                """
            )
            #expect(left == "0 files, 0 chunks, 0 slots, 0 calls, 0 workers", "\(worker.tail)")
            let fresh = try scene.start(["worker"])
            try await scene.untilAtRest()
            fresh.send(SIGTERM)
            #expect(try await fresh.end(within: .seconds(30)) == 0, "\(fresh.tail)")
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `a worker asked to stop in the midst of a long file does not wait for its end`() async throws {
        try await FaultScene.with { scene in
            // Two seconds stand for the thirty of a real deployment, and this file for one of millions of records.
            let text = BatchText(.payout, count: 2_000, padding: 60_000)
            _ = try await scene.submit(text)
            let worker = try scene.start(["worker"], ["SLUICE_LIMITS_STOP_WITHIN": "2s"])
            try await scene.freeze(
                worker,
                at: KillTests.Moment.verifyingBetweenParts.rawValue,
                KillTests.Moment.verifyingBetweenParts.sql
            )
            worker.send(SIGTERM)
            worker.send(SIGCONT)
            let status = try await worker.end(within: .seconds(30))
            #expect(status == 0, "\(worker.tail)")
            let held = "SELECT count(*) FROM sluice.batch_file WHERE lease_worker IS NOT NULL"
            let leases = try await scene.number(held)
            #expect(leases == 0)
        }
    }

    @Test func `a configuration of another environment is refused, both ways`() async throws {
        let commands = [["worker"], ["run", "all"], ["file", "list"]]
        try await FaultScene.with { scene in
            for command in commands {
                let other = try await scene.run(command, ["SLUICE_ENVIRONMENT_NAME": "elsewhere"], expecting: 2)
                #expect(other.log.contains("elsewhere (test)") && other.log.contains("demo (test)"), "\(other.log)")
                #expect(other.log.contains("R13"), "\(other.log)")
            }
            // The same name, the other class: a production process on a test database.
            try scene.empty(["channels", "merchants"])
            for command in commands {
                let other = try await scene.run(command, ["SLUICE_ENVIRONMENT_CLASS": "production"], expecting: 2)
                #expect(other.log.contains("demo (production)") && other.log.contains("demo (test)"), "\(other.log)")
            }
        }
        // And the reverse.
        try await FaultScene.with(stamped: ["SLUICE_ENVIRONMENT_CLASS": "production"]) { scene in
            for command in commands {
                let other = try await scene.run(command, expecting: 2)
                #expect(other.log.contains("demo (production)") && other.log.contains("demo (test)"), "\(other.log)")
            }
        }
    }

    @Test(arguments: ["worker", "run"])
    func `a channel of the other class keeps a process from starting`(_ command: String) async throws {
        try await FaultScene.with { scene in
            try scene.edit("channels/harbor.yaml", "class: test ", "class: production ")
            let refused = try await scene.run(command == "run" ? ["run", "all"] : [command], expecting: 2)
            #expect(refused.log.contains("harbor.yaml") && refused.log.contains("R13"), "\(refused.log)")
        }
    }

    /// A run ends when nothing is due; what is due later waits for the next start.
    static func repeatUntilAtRest(_ scene: FaultScene) async throws {
        let rest =
            "SELECT ((SELECT count(*) FROM sluice.work_chunk) = 0 AND (SELECT count(*) FROM sluice.batch_file"
            + " WHERE state <> 'finished') = 0)::int::bigint"
        try await Condition.wait("rest", within: .seconds(60), because: { scene.tails }) {
            if try await scene.number(rest) == 1 { return true }
            try await scene.run(["run", "all", "--json"])
            return false
        }
    }

    private static let callAndNothingElse = """
        SELECT (EXISTS (SELECT FROM sluice.exchange WHERE outcome IS NULL) AND NOT EXISTS (SELECT FROM pg_stat_activity
            WHERE datname = current_database() AND usename = 'sluice_worker' AND state <> 'idle'))::int::bigint
        """

    /// Every row of every table, as one hash; with who wrote and who locked it last, so that not even a write of the
    /// same values goes unseen.
    private static func everything(_ scene: FaultScene) async throws -> String {
        let tables = try await scene.text(
            """
            SELECT string_agg(c.relname, ' ' ORDER BY c.relname) FROM pg_class c JOIN pg_namespace n
                ON n.oid = c.relnamespace
            WHERE n.nspname = 'sluice' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
            """
        ).split(separator: " ")
        guard tables.contains("job_run"), tables.contains("payment_order") else { throw SceneFailure("\(tables)") }
        let hashes = tables.map {
            """
            (SELECT '\($0) ' || coalesce(md5(string_agg(t::text || ' ' || t.xmin || ' ' || t.xmax, '|'
                ORDER BY t::text)), '') FROM sluice.\($0) t)
            """
        }
        return try await scene.text("SELECT concat_ws(E'\\n', \(hashes.joined(separator: ", ")))")
    }
}
