import Foundation
import Glibc
import PaymentCore
import PostgresClient
import Testing

/// Alarms from the table to a person, with real processes.
@Suite struct AlarmTests {
    private static func raise(_ code: String, _ scene: FaultScene) async throws {
        try await scene.owner.transaction("test") { transaction in
            _ = try transaction.execute(
                """
                INSERT INTO sluice.alarm (cause_key, kind, code, message)
                VALUES ('lane_open/-/' || $1, 'lane_open', $1, 'message of ' || $1)
                ON CONFLICT (cause_key) WHERE acknowledged_at IS NULL
                DO UPDATE SET occurrences = alarm.occurrences + 1, last_at = now()
                """,
                [.text(code)]
            )
        }
    }

    private static func told(_ path: String) -> [[String: Any]] {
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").compactMap {
            (try? JSONSerialization.jsonObject(with: Data($0.utf8))) as? [String: Any]
        }
    }

    private static func delivered(_ count: Int, _ scene: FaultScene) async throws {
        try await scene.until(
            "\(count) deliveries",
            "SELECT (count(*) = \(count))::int::bigint FROM sluice.alarm WHERE delivered_at IS NOT NULL"
        )
    }

    @Test func `an alarm goes to the first sink that takes it, once, until somebody acknowledges it`() async throws {
        try await FaultScene.with { scene in
            let path = "\(scene.folder)/told"
            let sinks = """
                [{webhook: "http://127.0.0.1:9/hook", timeout: 1s}, \
                {command: [/bin/sh, -c, "cat >> \\"$1\\"", sh, "\(path)"]}]
                """
            try await Self.raise("first", scene)
            let worker = try scene.start(["worker"], ["SLUICE_ALARMS_SINKS": sinks])
            try await Self.delivered(1, scene)
            let first = try #require(Self.told(path).first)
            #expect(first["code"] as? String == "first" && first["message"] as? String == "message of first")
            #expect(first["environment"] as? String == "demo" && first["class"] as? String == "test")
            let sink = try await scene.text("SELECT delivered_to FROM sluice.alarm")
            #expect(sink == "sink 2 (command)")

            // The same cause is counted only; another one shows that somebody looked.
            try await Self.raise("first", scene)
            try await Self.raise("second", scene)
            try await Self.delivered(2, scene)
            #expect(Self.told(path).map { $0["code"] as? String } == ["first", "second"])

            let listed = try await scene.run(["alarm", "list", "--json"])
            let answer = try listed.json() as? [[String: Any]]
            let rows = try #require(answer)
            #expect(Set(rows.compactMap { $0["occurrences"] as? Int }) == [1, 2], "\(listed.output)")
            let number = try #require(rows.first { $0["code"] as? String == "first" }?["alarm_id"] as? Int)
            let otto = try await scene.otto()
            try await scene.run(["alarm", "ack", "\(number)"], otto, expecting: 2)
            try await scene.run(["alarm", "ack", "999", "--note", "x"], otto, expecting: 2)
            let note = ["--note", "called the bank", "--json"]
            let ack = try await scene.run(["alarm", "ack", "\(number)"] + note, otto)
            #expect(ack.output.contains("\"acknowledged\":[\(number)]"), "\(ack.output)")
            let again = try await scene.run(["alarm", "ack", "\(number)", "--note", "again"], otto)
            #expect(again.output.contains("acknowledged before: \(number)"), "\(again.output)")
            let open = try await scene.run(["alarm", "list", "--json"])
            let openRows = try open.json() as? [Any]
            #expect(openRows?.count == 1, "\(open.output)")
            let all = try await scene.run(["alarm", "list", "--all", "--json"])
            #expect(all.output.contains("\"acknowledged_by\":\"otto\""), "\(all.output)")
            #expect(all.output.contains("called the bank"), "\(all.output)")

            // A cause that comes again after that is news.
            try await Self.raise("first", scene)
            try await Self.delivered(3, scene)
            #expect(Self.told(path).map { $0["code"] as? String } == ["first", "second", "first"])
            #expect(Set(Self.told(path).compactMap { $0["alarm_id"] as? Int }).count == 3)
            worker.send(SIGTERM)
            #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
        }
    }

    @Test func `a worker killed between delivery and record leaves the alarm to the next, under its number`()
        async throws
    {
        try await FaultScene.with { scene in
            let path = "\(scene.folder)/told"
            let script = "cat >> \\\"$1\\\"; if mkdir \\\"$1.once\\\"; then kill -9 $PPID; fi"
            let sinks = "[{command: [/bin/sh, -c, \"\(script)\", sh, \"\(path)\"]}]"
            try await Self.raise("first", scene)
            let worker = try scene.start(["worker"], ["SLUICE_ALARMS_SINKS": sinks])
            #expect(try await worker.end(within: .seconds(30)) == 128 + SIGKILL, "\(worker.tail)")
            #expect(Self.told(path).count == 1)
            #expect(try await scene.number("SELECT count(*) FROM sluice.alarm WHERE delivered_at IS NULL") == 1)
            // Its lease would end by itself, after longer than a test should take.
            try await scene.owner.transaction("test") {
                try $0.executeScript("UPDATE sluice.alarm SET next_delivery_at = now()")
            }
            let next = try scene.start(["worker"], ["SLUICE_ALARMS_SINKS": sinks])
            try await Self.delivered(1, scene)
            #expect(Self.told(path).count == 2)
            #expect(Set(Self.told(path).compactMap { $0["alarm_id"] as? Int }).count == 1)
            next.send(SIGTERM)
            #expect(try await next.end(within: .seconds(30)) == 0, "\(next.tail)")
        }
    }

    @Test func `a run takes alarms along, and a sink that hangs does not keep it`() async throws {
        try await FaultScene.with { scene in
            let path = "\(scene.folder)/told"
            try await Self.raise("first", scene)
            let taken = "[{command: [/bin/sh, -c, \"cat >> \\\"$1\\\"\", sh, \"\(path)\"]}]"
            try await scene.run(["run", "all"], ["SLUICE_ALARMS_SINKS": taken])
            #expect(Self.told(path).count == 1)
            try await Self.raise("second", scene)
            _ = try await scene.submit(BatchText(.payout, count: 2))
            let clock = ContinuousClock()
            let start = clock.now
            let hanging = "[{command: [/bin/sh, -c, \"tail -f /dev/null\"], timeout: 60s}]"
            try await scene.run(["run", "intake"], ["SLUICE_ALARMS_SINKS": hanging])
            #expect(start.duration(to: clock.now) < .seconds(25))
            let left = try await scene.number(
                "SELECT count(*) FROM sluice.alarm WHERE delivered_at IS NULL AND delivery_attempts = 1"
            )
            #expect(left == 1)
            #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file WHERE state = 'working'") == 1)
        }
    }

    @Test func `a reference that cannot be followed keeps a worker from starting, and names itself`() async throws {
        try await FaultScene.with { scene in
            let sinks = "[{webhook: \"https://pager.example/t0ken\", secret: env:PAGER_SECRET}]"
            let refused = try await scene.run(["worker"], ["SLUICE_ALARMS_SINKS": sinks], expecting: 2)
            #expect(refused.log.contains("PAGER_SECRET") && !refused.log.contains("t0ken"), "\(refused.log)")
        }
    }
}
