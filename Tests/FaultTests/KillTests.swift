import Glibc
import PaymentCore
import PostgresClient
import Testing

/// A worker that dies at any moment: the next start finishes, and nobody is paid twice or forgotten.
@Suite struct KillTests {
    /// A moment in the life of a file, told from the database alone.
    enum Moment: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case verifyingBetweenParts
        case loadingBetweenSlices
        case sendUnderWay
        case queryUnderWay

        var testDescription: String { rawValue }

        var sql: String {
            switch self {
            case .verifyingBetweenParts:
                """
                SELECT count(*) FROM sluice.batch_file f WHERE f.state = 'pending' AND f.lease_worker IS NOT NULL
                    AND EXISTS (SELECT FROM sluice.batch_file_part p WHERE p.batch_id = f.batch_id AND p.is_encrypted)
                    AND EXISTS (SELECT FROM sluice.batch_file_part p WHERE p.batch_id = f.batch_id
                        AND NOT p.is_encrypted)
                """
            case .loadingBetweenSlices:
                """
                SELECT count(*) FROM sluice.batch_file WHERE state = 'splitting' AND loaded_count > 0
                    AND loaded_count < record_count
                """
            case .sendUnderWay: "SELECT count(*) FROM sluice.exchange WHERE kind = 'send' AND outcome IS NULL"
            case .queryUnderWay: "SELECT count(*) FROM sluice.exchange WHERE kind = 'query' AND outcome IS NULL"
            }
        }

        /// Bytes of comment a line: parts are of one MiB, and reading them must take long enough to be caught.
        var padding: Int {
            switch self {
            case .verifyingBetweenParts, .loadingBetweenSlices: 40_000
            case .sendUnderWay, .queryUnderWay: 0
            }
        }
    }

    @Test(arguments: Moment.allCases)
    func `a worker killed in the midst is followed by one that finishes`(_ moment: Moment) async throws {
        try await FaultScene.with(.hostile) { scene in
            let text = BatchText(.payout, count: 400, padding: moment.padding)
            let batch = try await scene.submit(text)
            let killed = try scene.start(["worker"])
            try await scene.freeze(killed, at: moment.rawValue, moment.sql)
            killed.send(SIGKILL)
            #expect(try await killed.end() == 128 + SIGKILL)
            let fresh = try scene.start(["worker"])
            try await scene.untilAtRest()
            fresh.send(SIGTERM)
            #expect(try await fresh.end(within: .seconds(30)) == 0, "\(fresh.tail)")
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `a load that goes on compares payments with those that were loaded before it died`() async throws {
        try await FaultScene.with(.hostile) { scene in
            let merchant = "merchants/MER-PAYOUT.yaml"
            try scene.edit(merchant, "account_check_digit: quarantine", "same_payment: quarantine")
            try scene.edit(merchant, "bad_per_ten_thousand_max: 500", "bad_per_ten_thousand_max: 5000")
            let moment = Moment.loadingBetweenSlices
            var text = BatchText(.payout, count: 400, padding: moment.padding)
            for index in 200..<400 {
                text.lines[index].account = text.lines[index - 200].account
                text.lines[index].amountMinor = text.lines[index - 200].amountMinor
            }
            let batch = try await scene.submit(text)
            let killed = try scene.start(["worker"])
            try await scene.freeze(killed, at: moment.rawValue, moment.sql)
            killed.send(SIGKILL)
            #expect(try await killed.end() == 128 + SIGKILL)
            let fresh = try scene.start(["worker"])
            try await scene.until(
                "the file loaded",
                "SELECT count(*) FROM sluice.batch_file WHERE state IN ('split', 'working', 'finished')"
            )
            fresh.send(SIGTERM)
            #expect(try await fresh.end(within: .seconds(30)) == 0, "\(fresh.tail)")
            for (table, lines) in [("payment_order", "1 to 200"), ("quarantine_record", "201 to 400")] {
                let found = try await scene.text(
                    "SELECT min(line_no) || ' to ' || max(line_no) FROM sluice.\(table) WHERE batch_id = $1",
                    [.int64(batch)]
                )
                #expect(found == lines, "\(table)")
            }
        }
    }

    @Test(arguments: [Moment.loadingBetweenSlices, .sendUnderWay, .queryUnderWay])
    func `a worker that slept while another took its work over changes nothing when it wakes`(
        _ moment: Moment
    ) async throws {
        try await FaultScene.with(.hostile) { scene in
            let text = BatchText(.payout, count: 400, padding: moment.padding)
            let batch = try await scene.submit(text)
            let sleeper = try scene.start(["worker"])
            try await scene.freeze(sleeper, at: moment.rawValue, moment.sql)
            _ = try await scene.number(FaultScene.endTransactions)
            let other = try scene.start(["worker"])
            try await scene.untilAtRest()
            sleeper.send(SIGCONT)
            // It beats again, so what it had under way has been tried and refused, or kept as evidence that came late.
            try await scene.until(
                "the sleeper awake",
                "SELECT (count(*) = 2)::int FROM sluice.worker WHERE heartbeat_at > now() - interval '1 second'"
            )
            for worker in [sleeper, other] {
                worker.send(SIGTERM)
                #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
            }
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `a submit killed between parts is taken up under its client key`() async throws {
        try await FaultScene.with(.honest) { scene in
            let text = BatchText(.payout, count: 400, padding: 60_000)
            let path = try scene.write(text.bytes, to: "parts.csv")
            let arguments = scene.submission(of: text, path: path) + ["--client-key", "once"]
            let killed = try scene.start(arguments)
            try await scene.freeze(
                killed,
                at: "a part of several",
                "SELECT count(*) FROM sluice.batch_file_part JOIN sluice.batch_file USING (batch_id)"
                    + " WHERE state = 'receiving'"
            )
            killed.send(SIGKILL)
            _ = try await killed.end()
            let worker = try scene.start(["worker"])
            let batch = try FaultScene.batch(try await scene.run(arguments))
            #expect(try FaultScene.batch(try await scene.run(arguments)) == batch)
            try await scene.untilAtRest()
            #expect(try await scene.number("SELECT count(*) FROM sluice.batch_file") == 1)
            worker.send(SIGTERM)
            #expect(try await worker.end(within: .seconds(30)) == 0, "\(worker.tail)")
            try await Books(scene: scene).expectToHold([(batch, text)])
        }
    }

    @Test func `workers killed again and again pay nobody twice`() async throws {
        try await FaultScene.with(.hostile) { scene in
            let files = [BatchText(.payout, count: 300), BatchText(.withhold, count: 300, series: 2)]
            var queued: [(batch: Int64, text: BatchText)] = []
            for text in files { queued.append((try await scene.submit(text, name: "\(text.format).txt"), text)) }
            for moment in [Moment.loadingBetweenSlices, .sendUnderWay, .sendUnderWay, .queryUnderWay] {
                let killed = try scene.start(["worker"])
                try await scene.freeze(
                    killed,
                    at: moment.rawValue,
                    // A call that an earlier worker left without outcome is not the moment meant.
                    moment.sql + (moment == .loadingBetweenSlices ? "" : Self.ofLastWorker)
                )
                killed.send(SIGKILL)
                _ = try await killed.end()
            }
            let fresh = try scene.start(["worker"])
            try await scene.untilAtRest()
            fresh.send(SIGTERM)
            #expect(try await fresh.end(within: .seconds(30)) == 0, "\(fresh.tail)")
            try await Books(scene: scene).expectToHold(queued)
        }
    }

    private static let ofLastWorker =
        " AND worker_id = (SELECT worker_id FROM sluice.worker ORDER BY started_at DESC LIMIT 1)"
}
