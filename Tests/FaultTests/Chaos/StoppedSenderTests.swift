import ChannelSimulator
import Glibc
import PaymentCore
import Pipeline
import Testing

/// A process that is stopped between the record of a send and its first byte, for longer than its lease, while another
/// one goes on: when it wakes, one payment stands (R10).
@Suite struct StoppedSenderTests {
    /// Where it stops, and how long the companies know a number again.
    struct Stop: Sendable, CustomTestStringConvertible {
        let point: FaultPoint
        /// The protection window; nil is one that lasts longer than the test.
        var window: String?
        let testDescription: String
    }

    private static let stops = [
        Stop(point: .intentCommitted, testDescription: "before its last look at the clock, inside the window"),
        Stop(
            point: .intentCommitted,
            window: "2500ms",
            testDescription: "before its last look at the clock, past the window"
        ),
        Stop(point: .beforeFirstByte, testDescription: "after its last look at the clock"),
    ]

    /// What became of the sleeper's send, as the other worker's writes left it and as its own waking may not change it.
    private static let orders = """
        SELECT coalesce(md5(string_agg(concat_ws(' ', batch_id, line_no, state, submission_no, attempt_no), ','
            ORDER BY batch_id, line_no)), '') FROM sluice.payment_order
        """

    @Test(arguments: stops)
    func `a sender that slept past its lease and its window pays nobody twice`(_ stop: Stop) async throws {
        try await FaultScene.with(.honest) { scene in
            try scene.hurry(items: 20)
            guard let window = stop.window else { return }
            for channel in FaultScene.channels {
                try scene.edit("channels/\(channel).yaml", "window: 10m", "window: \(window)")
                try scene.edit("channels/\(channel).yaml", "margin: 1m", "margin: 100ms")
            }
        } _: { scene in
            let text = BatchText(.payout, count: 60)
            let batch = try await scene.submit(text)
            let sleeper = try scene.start(
                ["worker"],
                FaultScene.impatient.merging(["SLUICE_FAULT": "stop@\(stop.point.rawValue):1"]) { $1 }
            )
            try await Condition.wait("the stop", within: .seconds(30), because: { scene.tails }) { sleeper.isStopped }
            _ = try await scene.number(FaultScene.endTransactions)
            let send = try await scene.text(
                """
                SELECT worker_id || ' ' || submission_no FROM sluice.exchange
                WHERE kind = 'send' AND outcome IS NULL ORDER BY recorded_at LIMIT 1
                """
            ).split(separator: " ").map(String.init)
            #expect(send.count == 2)

            let other = try scene.start(["worker"], FaultScene.impatient)
            try await scene.untilAtRest()
            // Long past lease, send-by and, where it is short, the window.
            try await scene.until(
                "the end of lease and window",
                """
                SELECT (min(send_by) + interval '8 seconds' < clock_timestamp())::int::bigint
                FROM sluice.exchange WHERE kind = 'send'
                """
            )
            let before = try await scene.text(Self.orders)
            sleeper.send(SIGCONT)
            try await scene.until(
                "the sleeper's outcome",
                """
                SELECT count(*) FROM sluice.exchange
                WHERE worker_id = '\(send[0])' AND kind = 'send' AND outcome IS NOT NULL
                """
            )
            try await scene.dismiss([sleeper, other])
            let after = try await scene.text(Self.orders)
            #expect(after == before, "a stale worker moved orders")
            try await expectLate(scene, worker: send[0], stop)
            try await expectOnePayment(scene, batch, text, stop)
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    /// What the sleeper wrote is evidence that came late, and nothing else.
    private func expectLate(_ scene: FaultScene, worker: String, _ stop: Stop) async throws {
        let story = try await scene.text(
            """
            SELECT string_agg(DISTINCT outcome || ' ' || coalesce(reason, header_code, '') || ' ' || is_late, ',')
            FROM sluice.exchange WHERE worker_id = '\(worker)' AND kind = 'send' AND outcome IS NOT NULL
            """
        )
        switch stop.point {
        case .beforeFirstByte:
            // It left after all, and the company knew the number; or libcurl's own deadline came first.
            #expect(story.hasSuffix(" true"), "\(story)")
        default: #expect(story == "not_sent send_by_passed true")
        }
    }

    private func expectOnePayment(_ scene: FaultScene, _ batch: Int64, _ text: BatchText, _ stop: Stop) async throws {
        let channels = try TruthFile.read(path: scene.truthPath).channels.values
        let paid = channels.flatMap(\.payments).reduce(into: [:]) { $0[$1.key, default: 0] += $1.value.count }
        #expect(paid.values.allSatisfy { $0 == 1 }, "\(paid.filter { $0.value != 1 })")
        let bodies = channels.flatMap(\.copies.values).map(\.bodies.count)
        #expect(bodies.allSatisfy { $0 == 1 }, "a number was sent with two contents")
        let undecided = try await scene.number(
            """
            SELECT count(*) FROM sluice.payment_order o WHERE batch_id = \(batch) AND state = 'unknown'
                AND EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id
                    AND r.submission_no = o.submission_no AND r.closed_at IS NULL)
            """
        )
        // Inside the window the other worker sends the same again; past it a person decides, and nobody was paid.
        #expect(paid.count + Int(undecided) == text.lines.count)
        #expect(stop.window == nil ? undecided == 0 : undecided > 0)
    }
}
