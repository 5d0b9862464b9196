import PaymentCore
import Testing

struct `A slice of a lane's rate` {
    private static let now = Timestamp(unixMicroseconds: 1_780_275_600_000_000)

    /// Cursor in milliseconds from now, interval, how many calls may be leased, when the first starts.
    @Test(arguments: [
        (Int64?.none, Int64(100), 11, Int64(0)), (-5_000, 100, 11, 0), (0, 100, 11, 0), (250, 100, 8, 250),
        (1_000, 100, 1, 1_000), (1_001, 100, 0, 1_001), (nil, 1_000, 2, 0), (nil, 1_001, 1, 0), (nil, 60_000, 1, 0),
        (999, 60_000, 1, 999), (30_000, 60_000, 0, 30_000),
    ]) func `reaches no further than a second`(_ cursor: Int64?, _ interval: Int64, _ count: Int, _ first: Int64) {
        let slice = RateSlice(
            nextCallAt: cursor.map { Self.now.advanced(by: .milliseconds($0)) },
            interval: .milliseconds(interval),
            now: Self.now
        )
        #expect(slice.countMax == count)
        #expect(slice.wait(0) == .milliseconds(first))
        #expect(slice.wait(3) == .milliseconds(first + 3 * interval))
        #expect(slice.nextCallAt(after: 2) == Self.now.advanced(by: .milliseconds(first + 2 * interval)))
    }

    @Test func `is without bound where there is no rate`() {
        let slice = RateSlice(nextCallAt: Self.now.advanced(by: .hours(1)), interval: .zero, now: Self.now)
        #expect(slice.countMax == .max && slice.wait(1_000) == .zero && slice.nextCallAt(after: 5) == nil)
    }

    @Test func `continues where the last one ended, so that no two calls start closer than the interval`() {
        var cursor: Timestamp?
        var starts: [Timestamp] = []
        var now = Self.now
        for step in 0..<50 {
            let slice = RateSlice(nextCallAt: cursor, interval: .milliseconds(70), now: now)
            let count = min(slice.countMax, step % 4)
            starts += (0..<count).map { now.advanced(by: slice.wait($0)) }
            if count > 0 { cursor = slice.nextCallAt(after: count) }
            now = now.advanced(by: .milliseconds(Int64(step * 13 % 200)))
        }
        #expect(starts.count > 40)
        #expect(zip(starts, starts.dropFirst()).allSatisfy { $1.since($0) >= .milliseconds(70) })
    }
}
