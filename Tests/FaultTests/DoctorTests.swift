import EmbeddedPostgres
import Foundation
import Glibc
import PaymentCore
import PostgresClient
import Testing

/// The real command against deployments that are sound, and that are not.
@Suite struct DoctorTests {
    private static let sinks = ["SLUICE_ALARMS_SINKS": "[{command: [/bin/cat]}]"]

    struct Case: Sendable {
        let name: String
        /// The failing check, with what it is about.
        let fails: String
        var variables: [String: String] = [:]
        var spoil = ""
        var mend = ""
    }

    private static let cases = [
        Case(
            name: "a migration is missing",
            fails: "migrations",
            spoil: "UPDATE public.sluice_migration SET number = -10 WHERE number = 10",
            mend: "UPDATE public.sluice_migration SET number = 10 WHERE number = -10"
        ),
        Case(
            name: "another environment",
            fails: "environment",
            variables: ["SLUICE_ENVIRONMENT_NAME": "elsewhere"]
        ),
        Case(
            name: "commits that do not wait for the disk",
            fails: "durability",
            spoil: "ALTER ROLE sluice_worker IN DATABASE $database SET synchronous_commit = off",
            mend: "ALTER ROLE sluice_worker IN DATABASE $database RESET synchronous_commit"
        ),
        Case(
            name: "the budget is exceeded",
            fails: "budget",
            variables: ["SLUICE_DATABASE_BUDGET": "15"],
            spoil: "INSERT INTO sluice.worker (worker_id, host, process_id, connections, stages)"
                + " VALUES ('x', 'h', 1, 20, '{poll}')",
            mend: "DELETE FROM sluice.worker"
        ),
        Case(
            name: "a channel is not there",
            fails: "reach harbor",
            variables: ["SLUICE_CHANNEL_HARBOR_URL": "http://127.0.0.1:9"]
        ),
        Case(
            name: "a channel's secret is missing",
            fails: "secret meridian",
            variables: ["SLUICE_CHANNEL_MERIDIAN_SECRET": ""]
        ),
        Case(
            name: "another specification is active",
            fails: "specification harbor",
            spoil: "UPDATE sluice.channel SET specification_sha256 = sha256(specification_sha256)"
                + " WHERE channel = 'harbor'",
            mend: "SELECT 1"
        ),
        Case(name: "a key is missing", fails: "keys", variables: ["SLUICE_SEARCH_KEY": ""]),
        Case(
            name: "a key that rows need is not configured",
            fails: "keys",
            spoil: "UPDATE sluice.batch_file SET data_key_id = 7",
            mend: "UPDATE sluice.batch_file SET data_key_id = NULL"
        ),
        Case(
            name: "a sink is not there",
            fails: "sinks",
            variables: ["SLUICE_ALARMS_SINKS": "[{command: [/nowhere/pager]}]"]
        ),
        Case(
            name: "nobody asks for results",
            fails: "polling",
            spoil: "UPDATE sluice.batch_file SET state = 'pending'",
            mend: "UPDATE sluice.batch_file SET state = 'refused'"
        ),
        Case(
            name: "partitions end soon",
            fails: "partitions",
            spoil: "UPDATE sluice.live_days SET newest = newest - 10",
            mend: "UPDATE sluice.live_days SET newest = newest + 10"
        ),
        Case(
            name: "a sequence is nearly used up",
            fails: "sequences",
            spoil: "SELECT setval('sluice.merchant_merchant_id_seq', 2000000000)",
            mend: "SELECT setval('sluice.merchant_merchant_id_seq', 5)"
        ),
        Case(
            name: "alarms wait for delivery",
            fails: "alarms",
            spoil: "INSERT INTO sluice.alarm (cause_key, kind, code, message, first_at)"
                + " VALUES ('x', 'lane_open', 'x', 'm', now() - interval '1 hour')",
            mend: "DELETE FROM sluice.alarm"
        ),
        Case(
            name: "no server",
            fails: "server",
            variables: ["SLUICE_DATABASE_URL": "postgresql://sluice_worker@127.0.0.1:1/sluice"]
        ),
    ]

    @Test func `a sound deployment passes, and each fault is found by its own check`() async throws {
        try await FaultScene.with(.honest) { scene in
            let batch = try await scene.submit(BatchText(.payout, count: 3))
            try await Self.execute("UPDATE sluice.batch_file SET state = 'refused'", scene)
            #expect(try await scene.state(of: batch) == "refused")
            let sound = try await Self.findings(scene, expecting: 0)
            #expect(sound.failures.isEmpty && sound.warnings.isEmpty, "\(sound)")
            let channel = try await scene.text(
                "SELECT encode(specification_sha256, 'hex') FROM sluice.channel WHERE channel = 'harbor'"
            )
            for broken in Self.cases {
                if !broken.spoil.isEmpty { try await Self.execute(broken.spoil, scene) }
                let found = try await Self.findings(scene, broken.variables, expecting: 1)
                #expect(found.failures == [broken.fails], "\(broken.name): \(found)")
                if !broken.mend.isEmpty { try await Self.execute(broken.mend, scene) }
                let hash = "'\\x\(channel)'::bytea"
                try await Self.execute(
                    "UPDATE sluice.channel SET specification_sha256 = \(hash) WHERE channel = 'harbor'",
                    scene
                )
            }
            let mended = try await Self.findings(scene, expecting: 0)
            #expect(mended.failures.isEmpty && mended.warnings.isEmpty, "\(mended)")

            // The owner could write what no role may.
            let owner = ["SLUICE_DATABASE_URL": scene.server.uri(database: scene.database)]
            #expect(try await Self.findings(scene, owner, expecting: 1).failures == ["role"])
            let silent = try await Self.findings(scene, ["SLUICE_ALARMS_SINKS": "[]"], expecting: 0)
            #expect(silent.warnings == ["sinks"])
            let words = try await scene.run(["doctor"], Self.sinks)
            #expect(words.output.contains("0 fail, 0 warn"), "\(words.output)")
            try scene.edit("sluice.yaml", "heartbeat:", "hartbeat:")
            try await scene.run(["doctor"], Self.sinks, expecting: 2)
        }
    }

    @Test func `in class production somebody must ask for results at all hours`() async throws {
        let production = ["SLUICE_ENVIRONMENT_CLASS": "production"]
        try await FaultScene.with(stamped: production) { scene in
            try scene.empty(["channels", "merchants"])
            let alone = try await Self.findings(scene, production, expecting: 1)
            #expect(alone.failures == ["polling"], "\(alone)")
            #expect(alone.warnings == ["standby"], "\(alone)")
            let worker = try scene.start(["worker"], production)
            try await scene.until("a worker", "SELECT count(*) FROM sluice.worker WHERE stopped_at IS NULL")
            let attended = try await Self.findings(scene, production, expecting: 0)
            #expect(attended.failures.isEmpty, "\(attended)")
            worker.send(SIGTERM)
            #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
        }
    }

    private struct Found: CustomStringConvertible {
        var failures: [String] = []
        var warnings: [String] = []
        var description = ""
    }

    private static func findings(
        _ scene: FaultScene,
        _ variables: [String: String] = [:],
        expecting status: Program.Status
    ) async throws -> Found {
        let program = try await scene.run(
            ["doctor", "--json"],
            sinks.merging(variables) { $1 },
            expecting: status
        )
        guard let report = try program.json() as? [String: Any], let checks = report["checks"] as? [[String: Any]]
        else { throw SceneFailure(program.tail) }
        var found = Found(description: program.output)
        for check in checks {
            let subject = (check["subject"] as? String).map { " \($0)" } ?? ""
            let name = (check["check"] as? String ?? "") + subject
            let level = check["level"] as? String
            #expect((level == "ok") == (check["mend"] is NSNull), "\(check)")
            if level == "fail" { found.failures.append(name) }
            if level == "warn" { found.warnings.append(name) }
        }
        #expect(report["sound"] as? Bool == found.failures.isEmpty)
        return found
    }

    private static func execute(_ sql: String, _ scene: FaultScene) async throws {
        let sql = sql.replacingOccurrences(of: "$database", with: scene.database)
        try await scene.owner.transaction("test") { try $0.executeScript(sql) }
    }
}
