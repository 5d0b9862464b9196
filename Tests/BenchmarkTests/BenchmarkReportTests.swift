import Foundation
import Testing
import sluice_bench

@Suite struct BenchmarkReportTests {
    private static func row(_ ratio: Double, _ goal: BenchmarkReport.Row.Goal) -> BenchmarkReport.Row {
        BenchmarkReport.Row(
            benchmark: "intake",
            measured: "5 records/s",
            against: "9 records/s",
            ratio: ratio,
            goal: goal
        )
    }

    @Test(arguments: [
        (row(0.5, .atLeast(0.5)), true), (row(0.499, .atLeast(0.5)), false), (row(1, .atMost(1)), true),
        (row(1.001, .atMost(1)), false),
    ]) func `a goal includes its limit`(_ row: BenchmarkReport.Row, _ holds: Bool) {
        #expect(row.holds == holds)
        #expect(BenchmarkReport(rows: [row]).isWithinBudget == holds)
    }

    @Test func `what is only told fails nothing`() {
        let row = Self.row(0.01, .none)
        #expect(row.holds == nil)
        #expect(BenchmarkReport(rows: [row]).isWithinBudget)
    }

    @Test func `the table stands in columns, and no ratio looks better than it is`() {
        var report = BenchmarkReport(rows: [Self.row(0.499, .atLeast(0.5))])
        report.add(BenchmarkReport(rows: [], notes: ["a note"]))
        #expect(
            report.text == """
                BENCHMARK  MEASURED     AGAINST      RATIO  GOAL    HOLDS
                intake     5 records/s  9 records/s  0.49   ≥ 0.50  NO

                a note

                """
        )
    }

    @Test func `machines read the same`() throws {
        let text = try BenchmarkReport(rows: [Self.row(2, .none)], notes: ["n"]).json()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(object["within_budget"] as? Bool == true)
        #expect(object["notes"] as? [String] == ["n"])
        let rows = try #require(object["rows"] as? [[String: Any]])
        #expect(rows.first?["ratio"] as? Double == 2)
        #expect(rows.first?["holds"] == nil)
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678"), (-1_234, "-1,234")])
    func `digits stand in groups of three`(_ value: Int64, _ text: String) {
        #expect(Figure.grouped(value) == text)
    }

    @Test func `durations are cut, not rounded up`() {
        #expect(Figure.seconds(.milliseconds(12_349)) == "12.34 s")
        #expect(Figure.milliseconds(5_004) == "5.004 ms")
    }
}
