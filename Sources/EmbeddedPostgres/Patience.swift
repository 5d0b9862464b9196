import Glibc

/// Waits for what another process brings about.
enum Patience {
    /// Looks at a condition every few milliseconds until it holds or the limit is reached.
    static func wait(limit: Duration, _ condition: () -> Bool) -> Bool {
        let end = ContinuousClock.now + limit
        while !condition() {
            guard ContinuousClock.now < end else { return false }
            poll(nil, 0, 5)
        }
        return true
    }
}
