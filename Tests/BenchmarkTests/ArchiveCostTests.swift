import Testing
import sluice_bench

@Suite struct ArchiveCostTests {
    private static func cost(orders: Int64) -> ArchiveCost {
        var cost = ArchiveCost()
        cost.orders = orders
        cost.change = .seconds(2)
        cost.log = 5_000_000
        cost.images = 1_000_000
        cost.longestLock = 25_000
        cost.counting = .seconds(20)
        return cost
    }

    @Test func `a swap is judged by what a million orders cost, and by its longest lock`() {
        let report = Self.cost(orders: 10_000_000).report(days: 20)
        #expect(report.rows.map(\.ratio) == [0.2, 0.5, 0.25])
        #expect(report.rows.map(\.holds) == [true, true, true])
        #expect(report.rows[0].measured == "200.000 ms a million orders")
        #expect(report.rows[1].measured == "500,000 bytes a million orders")
        #expect(report.rows[2].measured == "25.000 ms")
        #expect(report.notes[0].contains("1,000,000 are images of whole pages"))
        #expect(report.notes[1].contains("count 20.00 s (2.00 s a million orders)"))
    }

    @Test func `of few orders nothing is judged, as a day costs the same however few it has`() {
        #expect(Self.cost(orders: 200_000).report(days: 20).rows.map(\.holds) == [nil, nil, nil])
    }

    @Test func `what is over its budget is told`() {
        var cost = Self.cost(orders: 10_000_000)
        cost.change = .seconds(11)
        cost.log = 10_000_001
        cost.longestLock = 100_001
        #expect(cost.report(days: 20).rows.map(\.holds) == [false, false, false])
    }
}
