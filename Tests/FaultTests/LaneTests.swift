import Foundation
import PaymentCore
import Testing

/// What ops may do with lanes while workers run.
@Suite struct LaneTests {
    @Test func `a paused channel gets no work until it is resumed, and its other lane and others go on`() async throws {
        try await FaultScene.with(Simulation()) { scene in
            let otto = try await scene.otto()
            let pause = ["channel", "pause", "harbor", "--lane", "submit", "--reason", "their maintenance"]
            let would = try await scene.run(pause + ["--dry-run"], otto)
            #expect(would.output.contains("Nothing was done. It would pause 1 lane: submit running"), "\(would.output)")
            try await scene.run(pause, otto)
            let text = BatchText(.payout, count: 200)
            let batch = try await scene.submit(text)
            let worker = try scene.start(["worker"])
            try await scene.until(
                "the other channel's submissions",
                """
                SELECT (NOT EXISTS (SELECT FROM sluice.work_chunk WHERE channel = 'meridian')
                    AND EXISTS (SELECT FROM sluice.submission WHERE channel = 'meridian'))::int::bigint
                """
            )
            let shown = try await scene.run(["channel", "show", "harbor", "--json"]).json() as? [String: Any]
            let lanes = try #require(shown?["lanes"] as? [[String: Any]])
            #expect(lanes.map { $0["lane"] as? String } == ["submit", "query"])
            #expect(lanes.map { $0["state"] as? String } == ["paused", "running"])
            #expect(lanes[0]["paused_by"] as? String == "otto")
            #expect(lanes[0]["pause_reason"] as? String == "their maintenance")
            let waiting = try #require(lanes[0]["due"] as? Int)
            #expect(waiting > 0, "harbor's share of the file")
            #expect(lanes[0]["slots_in_use"] as? Int == 0)
            #expect(try await scene.number("SELECT count(*) FROM sluice.submission WHERE channel = 'harbor'") == 0)
            let listed = try await scene.run(["channel", "list"])
            #expect(listed.output.contains("submit paused, query running"), "\(listed.output)")

            let resumed = try await scene.run(["channel", "resume", "harbor"], otto)
            #expect(resumed.output.contains("Resumed 1 lane"), "\(resumed.output)")
            try await scene.untilAtRest()
            worker.send(SIGTERM)
            #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test(arguments: [
        (["pause", "nobody", "--reason", "x"], "there is no channel nobody"),
        (["pause", "harbor", "--reason", " "], "a pause needs a reason"),
        (["resume", "nobody"], "there is no channel nobody"), (["show", "nobody"], "never activated"),
    ]) func `a mistake in a lane's command is refused with a mend`(_ arguments: [String], _ words: String) async throws
    {
        try await FaultScene.with { scene in
            try await scene.run(["channel", "activate", "harbor"])
            let refused = try await scene.run(["channel"] + arguments, scene.otto(), expecting: 2)
            #expect(refused.log.contains(words), "\(refused.log)")
        }
    }
}
