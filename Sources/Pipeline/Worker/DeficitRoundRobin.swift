/// Divides a process's calls among its lanes, so that no lane can take another's share.
///
/// Two bounds keep lanes apart. Of the calls under way, each lane has a share of its own, as even as their slots allow:
/// a lane whose calls all hang fills its share, and nothing else. Of the calls that begin, each lane is granted a
/// quantum at its turn; what a lane could not be granted although it had room is owed to it in the next round, and a
/// lane that has nothing to do is owed nothing.
package struct DeficitRoundRobin: Sendable {
    /// So many chunks one round asks for at most, so that a claim stays short.
    package static let roundMax = 64
    /// What a lane is granted each round before others get more.
    package static let quantum = 4

    private struct Member: Sendable {
        let share: Int
        var inFlight = 0
        var deficit = 0
        var room: Int { share - inFlight }
    }

    private var members: [Member]
    /// Where the next round begins.
    private var cursor = 0
    private let callsMax: Int

    /// `slots`: of each lane, in the whole fleet.
    ///
    /// `callsMax`: calls under way in this process; with more lanes than that, lanes take turns.
    package init(slots: [Int], callsMax: Int) {
        precondition(callsMax > 0 && slots.allSatisfy { $0 > 0 }, "every lane has a slot, every process a call")
        self.callsMax = callsMax
        members = Self.shares(of: callsMax, slots: slots).map { Member(share: $0) }
    }

    /// The largest even shares, one at least: what a lane cannot use for want of slots goes to the others, evenly.
    private static func shares(of callsMax: Int, slots: [Int]) -> [Int] {
        var shares = slots
        var left = callsMax
        let order = slots.indices.sorted { (slots[$0], $0) < (slots[$1], $1) }
        for (place, lane) in order.enumerated() {
            let even = left / (order.count - place)
            shares[lane] = max(1, min(slots[lane], even))
            left = max(0, left - shares[lane])
        }
        return shares
    }

    /// Calls under way, over all lanes.
    package var inFlight: Int { members.reduce(0) { $0 + $1.inFlight } }

    /// How many chunks to claim of each lane now, in the order of their turns; lanes that are not named get none.
    ///
    /// `isOpen`: whether the lane at this place in the list of slots still takes part.
    package mutating func round(of isOpen: (Int) -> Bool = { _ in true }) -> [Grant] {
        var left = min(Self.roundMax, callsMax - inFlight)
        var granted = [Int](repeating: 0, count: members.count)
        let order = members.indices.map { ($0 + cursor) % members.count }.filter(isOpen)
        // First each lane's turn: its quantum, and what it is owed.
        for lane in order where left > 0 && members[lane].room > 0 {
            members[lane].deficit = min(members[lane].share, members[lane].deficit + Self.quantum)
            let wanted = min(members[lane].room, members[lane].deficit)
            granted[lane] = min(wanted, left)
            left -= granted[lane]
            // Who was cut short comes first in the next round, and what it was not granted is owed to it.
            if left == 0 { cursor = granted[lane] < wanted ? lane : (lane + 1) % members.count }
        }
        // What is left then, to whoever has room, one each in turn.
        while left > 0 {
            let before = left
            for lane in order where left > 0 && members[lane].room > granted[lane] {
                granted[lane] += 1
                left -= 1
            }
            if left == before { break }
        }
        return order.filter { granted[$0] > 0 }.map { Grant(lane: $0, limit: granted[$0]) }
    }

    /// How many chunks a lane is to be asked for.
    package struct Grant: Sendable, Hashable {
        /// Its place in the list of slots.
        package let lane: Int
        package let limit: Int

        package init(lane: Int, limit: Int) {
            self.lane = lane
            self.limit = limit
        }
    }

    /// So many chunks came of a grant, and their calls are under way.
    package mutating func begin(_ count: Int, of grant: Grant) {
        precondition((0...grant.limit).contains(count), "a claim gives no more than was asked for")
        members[grant.lane].inFlight += count
        // Who gives less than it was asked for has no more to do now, and saves nothing up.
        members[grant.lane].deficit = count < grant.limit ? 0 : max(0, members[grant.lane].deficit - count)
    }

    /// A call of this lane has ended.
    package mutating func end(_ lane: Int) {
        precondition(members[lane].inFlight > 0, "a call that ends has begun")
        members[lane].inFlight -= 1
    }
}
