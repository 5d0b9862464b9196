import Cryptography
import Foundation
import PaymentCore
import Testing

/// The demo as a user runs it.
@Suite struct DemoTests {
    @Test func `through a pooler every check of the demo holds`() async throws {
        let folder = NSTemporaryDirectory() + "sluice-demo-test-\(Hexadecimal.encode(SecureRandom.bytes(4)))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let demo = try Program.start(
            [
                "demo", "--records", "1000", "--pooled", "--json", "--config", "\(FaultScene.project)/Config",
                "--jobs", "\(FaultScene.project)/Jobs",
            ],
            environment: ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") },
            folder: folder,
            name: "demo"
        )
        let status = try await demo.end(within: .minutes(2))
        #expect(status == 0, "\(demo.tail)")
        let report = try #require(try demo.json() as? [String: Any])
        #expect(report["totals_hold"] as? Bool == true)
        for name in [
            "paid_twice", "paid_but_not_succeeded", "succeeded_but_not_paid", "paid_wrongly", "paid_without_order",
            "query_send_overlaps", "paid_but_unknown_without_review", "quarantine_misplaced", "orders_forgotten",
        ] {
            #expect(report[name] as? Int == 0, "\(name)")
        }
        let batches = try #require(report["batches"] as? [[String: Any]])
        #expect(batches.map { $0["records"] as? Int } == [1_000, 1_000])
        // Four jobs of ten connections each, on the pooler's few sessions.
        let sessions = try #require(report["sessions_max"] as? Int)
        #expect((1...6).contains(sessions))
    }
}
