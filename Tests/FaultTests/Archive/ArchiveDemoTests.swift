import Cryptography
import Foundation
import PaymentCore
import PostgresClient
import Testing

/// The rehearsal that anybody can make: a demo that is kept, and the archiver three months on.
@Suite struct ArchiveDemoTests {
    private struct Counts: Equatable {
        var live, history, openLive, openHistory, finalLive: Int64
    }

    @Test func `three months after a demo its final orders are in history, and its open ones live`() async throws {
        let folder = NSTemporaryDirectory() + "sluice-demo-test-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let plain = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        func start(_ arguments: [String], _ name: String, _ more: [String: String] = [:]) throws -> Program {
            // In the project's folder, so that the configuration is the one that comes with it.
            try Program.start(
                arguments,
                environment: plain.merging(more) { $1 },
                folder: folder,
                name: name,
                directory: FaultScene.project
            )
        }
        let demo = try start(["demo", "--keep", "--records", "1000", "--json"], "demo")
        defer { demo.send(SIGTERM) }
        try await Condition.wait("the demo's report", within: .minutes(3), because: { demo.tail }) {
            guard demo.status == nil else { throw SceneFailure("the demo ended: \(demo.tail)") }
            return demo.output.hasSuffix("}\n")
        }
        let report = try #require(try demo.json() as? [String: Any])
        let url = try #require(report["database_url"] as? String)
        let pool = PostgresPool(
            configuration: PostgresConfiguration(uri: url, applicationName: "test"),
            connectionsMax: 1
        )
        let only = ["SLUICE_DATABASE_URL": url]
        do {
            let before = try await Self.counts(pool)
            #expect(before.history == 0 && before.openLive > 0 && before.finalLive > 1_500, "\(before)")
            let asOf = try await Self.threeMonthsOn(pool)

            let run = try start(["archive", "run", "--as-of", asOf, "--json"], "run", only)
            let status = try await run.end(within: .minutes(5))
            #expect(status == 0, "\(run.tail)")
            let answer = try #require(try run.json() as? [String: Any])
            #expect(answer["outcome"] as? String == "done")
            let after = try await Self.counts(pool)
            let expected = Counts(
                live: before.openLive,
                history: before.finalLive,
                openLive: before.openLive,
                openHistory: 0,
                finalLive: 0
            )
            #expect(after == expected)

            for command in [["archive", "verify"], ["verify"], ["archive", "run", "--as-of", asOf]] {
                let next = try start(command, command.joined(separator: "-"), only)
                let status = try await next.end(within: .minutes(2))
                #expect(status == 0, "\(next.tail)")
            }
            #expect(try await Self.counts(pool) == after)
            await pool.close()
        } catch {
            await pool.close()
            throw error
        }
        demo.send(SIGTERM)
        _ = try await demo.end()
    }

    /// Final orders that a person is asked about count as open: they stay, too.
    private static func counts(_ pool: PostgresPool) async throws -> Counts {
        try await pool.transaction("counts") { transaction in
            let rows = try transaction.query(
                """
                WITH o AS (
                    SELECT false AS is_archived, batch_id, line_no, state FROM sluice.payment_order
                    UNION ALL SELECT true, batch_id, line_no, state FROM history.payment_order
                ), s AS (
                    SELECT is_archived, state NOT IN ('succeeded', 'failed', 'returned', 'cancelled')
                        OR EXISTS (SELECT FROM sluice.review_item r WHERE r.closed_at IS NULL
                            AND (r.batch_id, r.line_no) = (o.batch_id, o.line_no)) AS is_open FROM o
                )
                SELECT count(*) FILTER (WHERE NOT is_archived), count(*) FILTER (WHERE is_archived),
                    count(*) FILTER (WHERE NOT is_archived AND is_open),
                    count(*) FILTER (WHERE is_archived AND is_open),
                    count(*) FILTER (WHERE NOT is_archived AND NOT is_open)
                FROM s
                """
            )
            guard let row = rows.first else { throw SceneFailure("nothing was counted") }
            return Counts(
                live: try row.int64(0),
                history: try row.int64(1),
                openLive: try row.int64(2),
                openHistory: try row.int64(3),
                finalLive: try row.int64(4)
            )
        }
    }

    private static func threeMonthsOn(_ pool: PostgresPool) async throws -> String {
        try await pool.transaction("day") { transaction in
            try transaction.query("SELECT (current_date + interval '3 months')::date::text").first?.text(0) ?? ""
        }
    }
}
