/// What a channel's specification says of one lane's pace and breaker.
package struct LaneRules: Hashable, Sendable {
    /// When a lane that fails call after call stops calling, and for how long.
    package struct Breaker: Hashable, Sendable {
        /// So many failed calls in a row open it.
        package let failures: Int32
        /// How long it stays open the first time; each time that the probe fails, twice as long.
        package let open: TimeSpan
        /// Never longer than this.
        package let openMax: TimeSpan

        package init(failures: Int32 = 5, open: TimeSpan = .seconds(10), openMax: TimeSpan = .minutes(5)) {
            precondition(
                failures >= 1 && open > .zero && openMax >= open,
                "a breaker opens after a failure, for a time"
            )
            self.failures = failures
            self.open = open
            self.openMax = openMax
        }

        /// How long it stays open, opened so many times in a row.
        func time(opened times: Int32) -> TimeSpan {
            var time = open
            var remaining = times - 1
            while remaining > 0, time < openMax {
                time = min(openMax, time + time)
                remaining -= 1
            }
            return time
        }
    }

    /// The full pace of a lane without a rate, for a channel that asks us to slow down all the same: 20 calls a second.
    private static let unratedInterval = TimeSpan.milliseconds(50)

    /// The least time between two calls of the whole fleet; zero: the channel names no rate.
    package let interval: TimeSpan
    package let breaker: Breaker

    package init(interval: TimeSpan = .zero, breaker: Breaker = Breaker()) {
        precondition(interval >= .zero && interval <= .hours(1), "a lane calls at least once an hour")
        self.interval = interval
        self.breaker = breaker
    }

    /// The pace that a slowed lane climbs back to.
    var fullInterval: TimeSpan { interval > .zero ? interval : Self.unratedInterval }

    /// No lane is slowed below a 64th of its pace, nor below a call a minute if its own pace is faster.
    var slowestInterval: TimeSpan {
        let full = fullInterval
        return min(TimeSpan(microseconds: full.microseconds * 64), max(full, .minutes(1)))
    }
}
