import Cryptography
import Foundation
import PaymentCore
import Testing

/// The benchmarks, at sizes that measure nothing: that they still work is known before somebody needs them.
@Suite struct BenchmarkRunTests {
    @Test func `intake and claims are measured beside their peers`() async throws {
        let rows = try await Self.measure([
            "csv", "registry", "bad-records", "claim", "--records", "2000", "--registry-records", "5000", "--backlog",
            "2000",
        ])
        #expect(
            rows.map(\.benchmark) == [
                "intake of 2,000 CSV records", "its resident memory", "full registry, rising numbers",
                "full registry, random numbers", "1 record in 10 bad", "1 number in 1,000 stored before",
                "claim while 2,000 orders wait on another lane", "the same against an empty other lane",
            ]
        )
        #expect(rows[1].holds == true, "intake holds more than 64 MiB")
    }

    @Test func `archiving is measured by itself, beside plain SQL and beside a load`() async throws {
        let rows = try await Self.measure(["archive", "--archived", "20000"])
        #expect(
            rows.map(\.benchmark) == [
                "swap of 20,000 orders with their calls, 20 days of five tables", "its write-ahead log",
                "its longest lock", "orders moved by rows, 1,000 of a day",
                "orders that had stayed, each hashed on its way",
                "p99 of intake, submit and poll while days leave, intent to end", "its throughput",
            ]
        )
    }

    private struct Row: Decodable {
        let benchmark: String
        let ratio: Double
        let holds: Bool?
    }

    private struct Report: Decodable { let rows: [Row] }

    private static func measure(_ parts: [String]) async throws -> [Row] {
        let folder = NSTemporaryDirectory() + "sluice-bench-test-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bench = try Program.start(
            parts + ["--quick", "--json"],
            executable: Program.sluice + "-bench",
            environment: ProcessInfo.processInfo.environment,
            folder: folder,
            name: "bench",
            directory: FaultScene.project
        )
        let status = try await bench.end(within: .minutes(4))
        #expect(status == 0, "\(bench.tail)")
        let report = try JSONDecoder().decode(Report.self, from: Data(bench.output.utf8))
        for row in report.rows { #expect(row.ratio > 0, "\(row)") }
        return report.rows
    }
}
