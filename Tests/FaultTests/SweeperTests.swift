import ChannelSimulator
import Foundation
import PaymentCore
import PostgresClient
import Testing

/// Rows of `work_chunk` that somebody removed by hand: the sweeper finds the orders without a next action, and gives
/// them one.
@Suite struct SweeperTests {
    /// A row of `sluice alarm list --json`.
    private struct Alarm: Decodable {
        let kind: String
        let batchId: Int64?
        let occurrences: Int
    }

    private static let eager = ["SLUICE_LIMITS_SWEEP": "200ms"]

    private static func pause(_ lane: String, _ scene: FaultScene) async throws {
        let otto = try await scene.otto()
        for channel in FaultScene.channels {
            try await scene.run(
                ["channel", "pause", channel, "--lane", lane, "--reason", "a look at the tables"],
                otto
            )
        }
    }

    private static func resume(_ scene: FaultScene) async throws {
        let otto = try await scene.otto()
        for channel in FaultScene.channels { try await scene.run(["channel", "resume", channel], otto) }
    }

    /// Removes one chunk of a channel that nobody works on, and tells how many there were.
    private static func remove(_ kind: String, of channel: String, _ scene: FaultScene) async throws -> Int {
        try await scene.owner.transaction("test") { transaction in
            try transaction.query(
                """
                DELETE FROM sluice.work_chunk WHERE lease_worker IS NULL AND chunk_id = (
                    SELECT min(chunk_id) FROM sluice.work_chunk
                    WHERE channel = $1 AND kind = $2::text::sluice.chunk_kind)
                RETURNING chunk_id
                """,
                [.text(channel), .text(kind)]
            ).count
        }
    }

    /// One alarm names the batch, and later sweeps of what is whole again raise none.
    private static func expectAlarmedOnce(_ batch: Int64, _ scene: FaultScene) async throws {
        try await scene.until("the alarm", "SELECT count(*) FROM sluice.alarm WHERE kind = 'work_rebuilt'")
        let swept = try await scene.text("SELECT clock_timestamp()::text")
        try await scene.until(
            "some more sweeps",
            "SELECT count(*) FROM sluice.batch_file WHERE swept_at > '\(swept)'::timestamptz + interval '600 ms'"
        )
        let listed = try await scene.run(["alarm", "list", "--json"])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let alarms = try decoder.decode([Alarm].self, from: Data(listed.output.utf8))
        let rebuilt = alarms.filter { $0.kind == "work_rebuilt" }
        #expect(rebuilt.map(\.batchId) == [batch] && rebuilt.map(\.occurrences) == [1], "\(listed.output)")
        let words = try await scene.run(["alarm", "list"]).output
        #expect(words.contains("work_rebuilt") && words.contains("batch \(batch)"), "\(words)")
    }

    @Test func `orders whose chunk was removed before they were sent are planned anew, and paid once`() async throws {
        try await FaultScene.with(.honest) { scene in
            try await Self.pause("submit", scene)
            let text = BatchText(.payout, count: 60)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"], Self.eager)
            try await scene.until("the plan", "SELECT count(*) FROM sluice.batch_file WHERE state = 'working'")
            #expect(try await Self.remove("submit", of: "harbor", scene) == 1)
            try await Self.expectAlarmedOnce(batch, scene)
            try await scene.until(
                "a chunk for each order again",
                """
                SELECT (sum(cardinality(line_nos)) = 60)::int::bigint FROM sluice.work_chunk WHERE kind = 'submit'
                """
            )
            #expect(try await scene.number("SELECT count(*) FROM sluice.submission") == 0, "nothing may leave")
            try await Self.resume(scene)
            try await scene.untilAtRest()
            try await scene.dismiss([worker])
            #expect(try await scene.number("SELECT count(*) FROM sluice.payment_order WHERE state = 'succeeded'") == 60)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test(arguments: [("processing", []), ("unknown", ["take_then_time_out: 1000"])])
    func `a sent submission whose chunk was removed is asked for again, and never sent again`(
        _ state: String,
        _ behaviours: [String]
    ) async throws {
        try await FaultScene.with(Simulation(behaviours: behaviours)) { scene in
            try scene.hurry()
        } _: { scene in
            try await Self.pause("query", scene)
            let text = BatchText(.payout, count: 10)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"], Self.eager)
            try await scene.until(
                "orders that are \(state)",
                "SELECT (count(*) = 10)::int::bigint FROM sluice.payment_order WHERE state = '\(state)'"
            )
            #expect(try await Self.remove("query", of: "harbor", scene) == 1)
            try await Self.expectAlarmedOnce(batch, scene)
            let waiting = try await scene.number("SELECT count(*) FROM sluice.work_chunk WHERE kind = 'query'")
            #expect(waiting == 2, "a chunk for each of the two submissions")
            try await Self.resume(scene)
            try await scene.untilAtRest()
            try await scene.dismiss([worker])
            #expect(try await scene.number("SELECT count(*) FROM sluice.payment_order WHERE state = 'succeeded'") == 10)
            let copies = try TruthFile.read(path: scene.truthPath).channels.values.flatMap(\.copies.values)
            #expect(copies.map(\.times.count) == [1, 1], "a submission was sent again")
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }
}
