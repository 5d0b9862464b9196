import Testing
import sluice_bench

@Suite struct LoadComparisonTests {
    private static func measured() -> LoadComparison {
        var comparison = LoadComparison(
            records: 100,
            sides: [.init(name: "clean"), .init(name: "bad", goal: .atLeast(0.8)), .init(name: "odd")]
        )
        for (round, seconds) in [[10, 10, 20], [10, 20, 20], [20, 25, 10]].enumerated() {
            for side in comparison.order(inRound: round) { comparison.add(.seconds(seconds[side]), of: side) }
        }
        return comparison
    }

    @Test func `each load is compared with the first one of its round, and the middle ratio counts`() {
        let report = Self.measured().report
        #expect(report.rows.map(\.benchmark) == ["bad", "odd"])
        // 1, 0.5 and 0.8; 0.5, 0.5 and 2.
        #expect(report.rows.map(\.ratio) == [0.8, 0.5])
        #expect(report.rows.map(\.holds) == [true, nil])
        #expect(report.rows[0].measured == "5 records/s")
        #expect(report.rows[0].against == "clean, 10 records/s")
        #expect(report.notes[1] == "intake, round 2: clean 10.00 s, bad 20.00 s, odd 20.00 s")
    }

    @Test func `each round begins with another side`() {
        let comparison = Self.measured()
        #expect((0...3).map { comparison.order(inRound: $0) } == [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]])
    }
}
