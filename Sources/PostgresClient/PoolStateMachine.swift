/// Who holds which connection of a pool, and who waits: pure, without clock or locks.
///
/// Waiters are served in the order of their coming. Open connections are preferred to places not connected yet, the
/// last used first, so that a quiet pool keeps few connections busy.
package struct PoolStateMachine: Sendable {
    /// What a request for a connection came to.
    package enum Acquisition: Equatable {
        /// The connection is the caller's.
        case lease(slot: Int)
        /// The caller is in line.
        case wait
        /// The pool is closing.
        case refuseClosed
        /// The line is full.
        case refuseExhausted
    }

    /// What the release of a connection leads to.
    package enum Release: Equatable {
        /// The connection rests.
        case none
        /// The connection goes to a waiter.
        case hand(slot: Int, waiter: UInt64)
        /// The last leased connection of a closing pool came back.
        case closed
    }

    private let waitersMax: Int
    private var openSlots: [Int] = []
    private var unopenedSlots: [Int]
    private var leasedSlots: Set<Int> = []
    private var waiters: [UInt64] = []
    private var isClosing = false

    /// A pool of places not connected yet; `waitersMax` bounds the line.
    package init(connectionsMax: Int, waitersMax: Int) {
        precondition(connectionsMax > 0, "a pool needs at least one connection")
        precondition(waitersMax >= 0, "a pool cannot have fewer than no waiters")
        self.waitersMax = waitersMax
        unopenedSlots = Array((0..<connectionsMax).reversed())
    }

    /// How many wait for a connection.
    package var waiterCount: Int { waiters.count }

    /// How many connections are leased.
    package var leasedCount: Int { leasedSlots.count }

    /// Asks for a connection on behalf of `waiter`, a number used once.
    package mutating func acquire(waiter: UInt64) -> Acquisition {
        if isClosing { return .refuseClosed }
        if let slot = openSlots.popLast() ?? unopenedSlots.popLast() {
            leasedSlots.insert(slot)
            return .lease(slot: slot)
        }
        if waiters.count >= waitersMax { return .refuseExhausted }
        waiters.append(waiter)
        return .wait
    }

    /// Gives a connection back; it goes to the first waiter, if any.
    package mutating func release(slot: Int, isConnected: Bool) -> Release {
        precondition(leasedSlots.contains(slot), "a connection was released that nobody held")
        if !waiters.isEmpty { return .hand(slot: slot, waiter: waiters.removeFirst()) }
        leasedSlots.remove(slot)
        if isConnected { openSlots.append(slot) } else { unopenedSlots.append(slot) }
        return isClosing && leasedSlots.isEmpty ? .closed : .none
    }

    /// Takes a waiter out of the queue; false when it was served or removed already.
    package mutating func remove(waiter: UInt64) -> Bool {
        guard let index = waiters.firstIndex(of: waiter) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// Lets nobody in any more; returns the waiters to refuse, and whether no connection is leased.
    package mutating func close() -> (refused: [UInt64], isClosed: Bool) {
        isClosing = true
        defer { waiters = [] }
        return (waiters, leasedSlots.isEmpty)
    }
}
