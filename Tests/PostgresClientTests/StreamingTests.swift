import Foundation
import PostgresClient
import Testing

@Suite struct StreamingTests {
    @Test func `a million rows stream in flat memory`() async {
        // A process of its own: the memory of this one is shared with other tests.
        await #expect(processExitsWith: .success) {
            let (count, sum, growth) = try await TestServer.withPool { pool in
                try await pool.transaction("stream") { transaction in
                    var (count, sum, peak): (Int64, Int64, Int) = (0, 0, 0)
                    let before = residentBytes()
                    try transaction.forEachRow(
                        "SELECT n::bigint, repeat('x', 200) FROM generate_series(1, 1000000) n"
                    ) { row in
                        count += 1
                        sum += try row.int64(0)
                        if count % 50_000 == 0 { peak = max(peak, residentBytes()) }
                    }
                    return (count, sum, peak - before)
                }
            }
            try #require(count == 1_000_000 && sum == 500_000_500_000)
            // The whole answer would hold more than 200 MB.
            try #require(growth < 16 * 1_024 * 1_024)
        }
    }
}

private func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (Int(text.split(separator: " ").dropFirst().first ?? "0") ?? 0) * 4_096
}
