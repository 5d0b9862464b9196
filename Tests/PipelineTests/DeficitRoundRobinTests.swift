import Pipeline
import Testing

struct `Calls among lanes` {
    /// Slots of the lanes, calls under way at most, and what each lane gets when all have more to do than they may.
    @Test(arguments: [
        ([4, 4], 64, [4, 4]), ([100, 100], 64, [32, 32]), ([4, 100, 100], 64, [4, 30, 30]), ([100], 64, [64]),
        ([1, 2, 3, 50], 12, [1, 2, 3, 6]), ([9, 9, 9], 10, [3, 3, 4]), ([5, 5, 5], 3, [1, 1, 1]),
    ]) func `are shared out as evenly as slots allow`(_ slots: [Int], _ callsMax: Int, _ shares: [Int]) {
        var robin = DeficitRoundRobin(slots: slots, callsMax: callsMax)
        #expect(Self.fill(&robin, lanes: slots.count) == shares)
        #expect(robin.inFlight == shares.reduce(0, +) && robin.inFlight <= callsMax)
        #expect(robin.round().isEmpty)
    }

    /// Lets every lane begin all that it is granted, until nothing more is granted.
    private static func fill(_ robin: inout DeficitRoundRobin, lanes: Int) -> [Int] {
        var begun = [Int](repeating: 0, count: lanes)
        while case let grants = robin.round(), !grants.isEmpty {
            for grant in grants {
                robin.begin(grant.limit, of: grant)
                begun[grant.lane] += grant.limit
            }
        }
        return begun
    }

    @Test func `of a lane that hangs never reach into another's share`() {
        var robin = DeficitRoundRobin(slots: [50, 50, 2], callsMax: 20)
        // Only the first lane has work, and none of its calls ends.
        for _ in 0..<100 {
            for grant in robin.round() { robin.begin(grant.lane == 0 ? grant.limit : 0, of: grant) }
        }
        #expect(robin.inFlight == 9)
        // Then the others have work: each gets its whole share.
        #expect(Self.fill(&robin, lanes: 3) == [0, 9, 2])
    }

    @Test func `are begun in turn where there are fewer of them than lanes`() {
        var robin = DeficitRoundRobin(slots: [3, 3, 3, 3, 3], callsMax: 2)
        var begun = [Int](repeating: 0, count: 5)
        for _ in 0..<50 {
            let grants = robin.round()
            #expect(grants.reduce(0) { $0 + $1.limit } == 2)
            for grant in grants {
                robin.begin(grant.limit, of: grant)
                begun[grant.lane] += grant.limit
                for _ in 0..<grant.limit { robin.end(grant.lane) }
            }
        }
        #expect(begun == [20, 20, 20, 20, 20])
    }

    @Test func `of a lane that was passed over are owed to it, and of an idle one are not saved up`() {
        // Two lanes of wide slots: a round grants 64 in all, a quantum of four each and the rest in turn.
        var robin = DeficitRoundRobin(slots: [200, 200], callsMax: 400)
        let first = robin.round()
        #expect(first.map(\.limit) == [32, 32])
        // The second lane has nothing to do for many rounds.
        for _ in 0..<30 {
            for grant in robin.round() { robin.begin(grant.lane == 0 ? min(1, grant.limit) : 0, of: grant) }
        }
        let later = robin.round()
        #expect(later.reduce(0) { $0 + $1.limit } == DeficitRoundRobin.roundMax)
        #expect(later.contains { $0.lane == 0 && $0.limit >= DeficitRoundRobin.quantum })
        #expect(later.contains { $0.lane == 1 && $0.limit <= 32 }, "\(later)")
    }

    @Test func `never starve a lane, whatever the others do`() {
        // Twenty lanes that could fill every round, and one small one that always has work.
        var robin = DeficitRoundRobin(slots: [Int](repeating: 50, count: 20) + [1], callsMax: 500)
        var rounds = 0
        var served = 0
        for _ in 0..<200 {
            rounds += 1
            for grant in robin.round() {
                robin.begin(grant.limit, of: grant)
                for _ in 0..<grant.limit { robin.end(grant.lane) }
                if grant.lane == 20 { served += 1 }
            }
        }
        // A round serves 16 quanta, so every lane's turn comes in one round of two at the least.
        #expect(served * 2 >= rounds, "\(served) of \(rounds)")
    }
}
