/// The calls that one claim may lease of a lane's rate: each gets its own earliest start, so that the whole fleet keeps
/// the pace exactly.
///
/// Pure; the claim's SQL computes the same.
package struct RateSlice: Hashable, Sendable {
    /// Nobody leases a start that is further away: what waits should wait in the table, where others can take it.
    package static let waitMax = TimeSpan.seconds(1)

    private let now: Timestamp
    private let first: TimeSpan
    private let interval: TimeSpan

    /// `nextCallAt`: the lane's cursor, where the last slice ended.
    ///
    /// `interval`: the time between two calls; zero: no rate.
    package init(nextCallAt: Timestamp?, interval: TimeSpan, now: Timestamp) {
        self.now = now
        self.interval = interval
        first = interval > .zero ? max(.zero, nextCallAt.map { $0.since(now) } ?? .zero) : .zero
    }

    /// How many calls start within the longest wait.
    package var countMax: Int {
        guard interval > .zero else { return .max }
        guard first <= Self.waitMax else { return 0 }
        return Int((Self.waitMax - first).microseconds / interval.microseconds) + 1
    }

    /// How long the call at this place, from 0, waits before it starts.
    package func wait(_ place: Int) -> TimeSpan {
        first + TimeSpan(microseconds: Int64(place) * interval.microseconds)
    }

    /// The cursor after so many calls; nil where there is no rate.
    package func nextCallAt(after count: Int) -> Timestamp? {
        interval > .zero ? now.advanced(by: wait(count)) : nil
    }
}
