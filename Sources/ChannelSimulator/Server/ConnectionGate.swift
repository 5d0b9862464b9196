import Foundation

/// Counts connections, so that they are bounded and a stop can wait for the last.
// @unchecked Sendable: `condition` guards `count`.
final class ConnectionGate: @unchecked Sendable {
    private let condition = NSCondition()
    private let countMax: Int
    private var count = 0

    init(countMax: Int) {
        self.countMax = countMax
    }

    /// Whether one more connection is allowed; then `leave` must follow.
    func enter() -> Bool {
        condition.lock()
        defer { condition.unlock() }
        guard count < countMax else { return false }
        count += 1
        return true
    }

    func leave() {
        condition.lock()
        defer { condition.unlock() }
        precondition(count > 0, "a connection leaves once")
        count -= 1
        if count == 0 { condition.broadcast() }
    }

    func waitUntilEmpty() {
        condition.lock()
        defer { condition.unlock() }
        while count > 0 { condition.wait() }
    }
}
