import Glibc
import PaymentCore
import PostgresClient
import Testing

/// What a killed worker had in hand is somebody else's within half a minute, with the limits that a deployment has.
@Suite struct TakeOverTests {
    @Test func `a killed worker's chunks are taken over in less than 30 seconds`() async throws {
        let standard = ["SLUICE_LIMITS_HEARTBEAT": "3s", "SLUICE_LIMITS_SILENCE": "15s"]
        try await FaultScene.with(Simulation(latency: "{first: 300ms, last: 600ms}")) { scene in
            // As in a real deployment: a lease of thirty seconds, so that it is the worker's silence that tells.
            for channel in FaultScene.channels {
                try scene.edit("channels/\(channel).yaml", "total: 3s", "total: 10s")
                try scene.edit("channels/\(channel).yaml", "send_by: 3s", "send_by: 15s")
                try scene.edit("channels/\(channel).yaml", "concurrency:\n  submit: 4", "concurrency:\n  submit: 8")
            }
        } _: { scene in
            let text = BatchText(.payout, count: 400)
            let batch = try await scene.submit(text)
            let killed = try scene.start(["worker"], standard)
            try await scene.freeze(killed, at: "sends under way", KillTests.Moment.sendUnderWay.sql)
            _ = try await scene.number(FaultScene.endTransactions)
            let held = try await scene.text(
                """
                SELECT string_agg(format('(%s,%s)', chunk_id, epoch), ',') FROM sluice.work_chunk
                WHERE lease_worker IS NOT NULL
                """
            )
            let other = try scene.start(["worker"], standard)
            killed.send(SIGKILL)
            _ = try await killed.end()
            let killedAt = try await scene.text("SELECT clock_timestamp()::text")
            // The rescue takes the lease away, and the claim gives a new one: the epoch grows with each.
            try await scene.until(
                "the take-over of every chunk",
                within: .seconds(60),
                every: .milliseconds(50),
                """
                SELECT (count(*) = 0)::int::bigint FROM (VALUES \(held)) held (chunk_id, epoch)
                JOIN sluice.work_chunk c USING (chunk_id) WHERE c.epoch < held.epoch + 2
                """
            )
            let milliseconds = try await scene.number(
                "SELECT (extract(epoch FROM clock_timestamp() - $1::text::timestamptz) * 1000)::bigint",
                [.text(killedAt)]
            )
            #expect(milliseconds < 30_000)
            // Nobody takes work from a worker that may only be slow.
            #expect(milliseconds > 5_000)
            FaultScale.report("a killed worker's chunks were taken over after \(milliseconds) ms")
            try await scene.untilAtRest(within: .seconds(120))
            try await scene.dismiss([other])
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }
}
