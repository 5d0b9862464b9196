import Cryptography
import Foundation
import PaymentCore
import Testing

/// The benchmarks, at sizes that measure nothing: that they still work is known before somebody needs them.
@Suite struct BenchmarkRunTests {
    @Test func `intake and claims are measured beside their peers`() async throws {
        let folder = NSTemporaryDirectory() + "sluice-bench-test-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let bench = try Program.start(
            [
                "csv", "registry", "bad-records", "claim", "--quick", "--records", "2000", "--registry-records", "5000",
                "--backlog", "2000", "--json",
            ],
            executable: Program.sluice + "-bench",
            environment: ProcessInfo.processInfo.environment,
            folder: folder,
            name: "bench",
            directory: FaultScene.project
        )
        let status = try await bench.end(within: .minutes(4))
        #expect(status == 0, "\(bench.tail)")
        let report = try #require(try bench.json() as? [String: Any])
        let rows = try #require(report["rows"] as? [[String: Any]])
        #expect(
            rows.compactMap { $0["benchmark"] as? String } == [
                "intake of 2,000 CSV records", "its resident memory", "full registry, rising numbers",
                "full registry, random numbers", "1 record in 10 bad", "1 number in 1,000 stored before",
                "claim while 2,000 orders wait on another lane",
                "the same against an empty other lane",
            ]
        )
        for row in rows {
            let ratio = try #require(row["ratio"] as? Double)
            #expect(ratio > 0, "\(row)")
        }
        #expect(rows[1]["holds"] as? Bool == true, "intake holds more than 64 MiB")
    }
}
