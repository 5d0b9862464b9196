import Testing
import sluice_bench

@Suite struct LoadHalvesTests {
    private static func halves(_ pairs: [(orders: Double, p99: Int64)]) -> LoadHalves {
        var halves = LoadHalves()
        for pair in pairs {
            halves.add(
                alone: LoadHalf(ordersPerSecond: 1_000, p99: 100_000),
                beside: LoadHalf(ordersPerSecond: pair.orders, p99: pair.p99)
            )
        }
        return halves
    }

    @Test func `the middle of the pairs' ratios counts`() {
        let report = Self.halves([
            (500, 300_000), (960, 101_000), (970, 105_000), (980, 106_000), (990, 90_000), (1_010, 109_000),
        ]).report
        // The greater of the two in the middle.
        #expect(report.rows.map(\.ratio) == [1.06, 0.98])
        #expect(report.rows.map(\.holds) == [true, true])
        #expect(report.notes.count == 6)
        #expect(
            report.notes[0] == "archive, pair 1: alone 1,000 orders/s, p99 100.000 ms, "
                + "while days leave 500 orders/s, p99 300.000 ms"
        )
    }

    @Test(arguments: [(940.0, 100_000, [true, false]), (1_000.0, 111_000, [false, true])])
    func `a load that is slower, or waits longer, is told`(_ orders: Double, _ p99: Int, _ holds: [Bool]) {
        let report = Self.halves(Array(repeating: (orders, Int64(p99)), count: 6)).report
        #expect(report.rows.map(\.holds) == holds)
    }

    @Test func `fewer than six pairs judge nothing`() {
        #expect(Self.halves([(10, 900_000)]).report.rows.map(\.holds) == [nil, nil])
    }
}
