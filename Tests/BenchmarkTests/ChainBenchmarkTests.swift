import Testing
import sluice_bench

@Suite struct ChainBenchmarkTests {
    private static let report = """
        {"batches":[{"batch_id":3,"orders":990},{"batch_id":4,"orders":1010}],"chain_seconds":4.0,
        "orders_per_second":500,"profile":{"jobs":[{"job":"poll","runs":3,"processor_ms":6000,
        "peak_resident_kib":40000}],"server_processor_ms":2000,"simulator_processor_ms":1000,
        "statements":[{"statement":"SELECT 1","calls":7,"ms":4000,"rows":1,"wal_bytes":0}]}}
        """

    @Test func `the demo's report becomes a rate and costs for each order`() throws {
        let report = ChainBenchmark.report(try ChainBenchmark.outcome(Self.report), records: 1_000)
        #expect(report.rows.map(\.ratio) == [0.25])
        #expect(report.rows.map(\.holds) == [nil], "a small file proves no rate")
        #expect(
            report.notes == [
                "chain, poll: 3000.000 ms of a processor per 1,000 orders, 3 runs, 40,000 KiB at most",
                "chain, PostgreSQL: 1000.000 ms of a processor per 1,000 orders",
                "chain, simulated channels: 500.000 ms of a processor per 1,000 orders",
                "chain, statement: 2000.000 ms per 1,000 orders, 7 calls: SELECT 1",
            ]
        )
    }

    @Test func `a large file is judged`() throws {
        let report = ChainBenchmark.report(try ChainBenchmark.outcome(Self.report), records: 1_000_000)
        #expect(report.rows.map(\.holds) == [false])
    }
}
