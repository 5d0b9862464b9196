import PaymentCore

/// Walks through every world that a scenario allows, depth first, each one once.
struct Exploration {
    private(set) var worlds = 0
    private(set) var steps = 0
    private(set) var calmRuns = 0
    /// The worlds where something worth reaching was reached, so that an exploration that explores nothing is noticed.
    private(set) var reached: Set<Landmark> = []
    private(set) var breach: Breach?
    /// How the breach came about.
    private(set) var trace: [Step] = []

    enum Landmark: String, CaseIterable {
        case allSucceeded, allFailed, refused, review, resent, paidWhileUnknown, staleCall, unsent, reviewBeforePaid
        case absenceAfterTaken, twoCopies, givenUp
    }

    /// Explores one scenario and looks at these promises: a mutation may break others before the one that catches it.
    init(_ scenario: Scenario, mutation: Mutation? = nil, promises: Set<Breach.Promise> = Set(Breach.Promise.allCases))
    {
        var scenario = scenario
        mutation?.scenario(&scenario)
        var seen: Set<WorldKey> = []
        seen.reserveCapacity(1 << 20)
        let start = World(scenario, promises: promises)
        seen.insert(WorldKey(start))
        var path: [(world: World, steps: [Step], next: Int)] = [(start, start.steps(), 0)]
        while let top = path.last {
            guard top.next < top.steps.count else {
                path.removeLast()
                continue
            }
            path[path.count - 1].next += 1
            let step = top.steps[top.next]
            steps += 1
            do throws(Breach) {
                let world = try top.world.after(step, mutation: mutation)
                guard seen.insert(WorldKey(world)).inserted else { continue }
                try world.check()
                note(world)
                if seen.count % 64 == 0 {
                    calmRuns += 1
                    try world.checkCalmEnd(mutation: mutation)
                }
                path.append((world, world.steps(), 0))
            } catch {
                breach = error
                trace = path.map { $0.steps[$0.next - 1] }
                break
            }
        }
        worlds = seen.count
    }

    private mutating func note(_ world: World) {
        if world.orders.allSatisfy({ $0 == .succeeded }) { reached.insert(.allSucceeded) }
        if world.orders.allSatisfy({ $0 == .failed }) { reached.insert(.allFailed) }
        if world.submission?.phase == .refused { reached.insert(.refused) }
        if world.isUnderReview { reached.insert(.review) }
        if world.sendsMade > 1 { reached.insert(.resent) }
        if world.copies.count > 1 { reached.insert(.twoCopies) }
        if world.orders.contains(.unknown), world.channel.payments.contains(1) { reached.insert(.paidWhileUnknown) }
        if world.submission?.isProvenUnsent == true { reached.insert(.unsent) }
        if world.isClosed, world.orders.contains(.ready) { reached.insert(.givenUp) }
        if world.submission?.everTaken == true, world.submission?.phase == .unknown {
            reached.insert(.absenceAfterTaken)
        }
        if !world.isLive, world.isUnderReview, world.channel.items.contains(.pending) {
            reached.insert(.reviewBeforePaid)
        }
        let isStale = world.workers.contains { worker in
            if case .waiting(_, let epoch) = worker { epoch < world.epoch } else { false }
        }
        if isStale { reached.insert(.staleCall) }
    }
}
