import PaymentCore
import Testing

/// Every interleaving of workers, network, channel and clock in a small world, driven through the real machine.
///
/// Two workers, one submission. A worker can die between any two steps (before the intent, after it and before the
/// first byte, after the send and before the answer, before the record), lose its lease although it lives, or be slow;
/// a
/// copy can arrive late or never; an answer can be lost; time has no end.
struct ExplorationTests {
    static let scenarios = [
        Scenario(name: "a crash and a lost lease", crashes: 1, steals: 1, unsent: 0, delays: 1),
        Scenario(name: "two crashes", crashes: 2, steals: 0, unsent: 0, delays: 1),
        Scenario(name: "a crash and a send that is proven unsent", crashes: 1, steals: 0, unsent: 1, delays: 1),
        Scenario(name: "two lost leases", crashes: 0, steals: 2, unsent: 0, delays: 0),
        Scenario(name: "slow twice", crashes: 0, steals: 0, unsent: 1, delays: 2),
        Scenario(name: "no duplicate check", conclusion: .review, crashes: 1, steals: 1, unsent: 1, delays: 1),
        Scenario(name: "the lane gives up", crashes: 1, steals: 1, unsent: 2, delays: 1, unsentSendsMax: 2),
        Scenario(name: "two orders in one submission", items: 2, crashes: 1, steals: 0, unsent: 0, delays: 1),
    ]

    @Test(arguments: scenarios)
    func `no interleaving pays twice, forgets money, fails what was paid, or waits for ever`(scenario: Scenario) {
        let exploration = Exploration(scenario)
        #expect(exploration.breach == nil, "\(exploration.trace.map(String.init(describing:)).joined(separator: "\n"))")
        var landmarks = Set(Exploration.Landmark.allCases)
        if scenario.conclusion == .review { landmarks.subtract([.resent, .twoCopies]) }
        if scenario.unsentSendsMax == nil { landmarks.remove(.givenUp) }
        if scenario.unsent == 0, scenario.delays == 0 { landmarks.remove(.unsent) }
        #expect(landmarks.isSubset(of: exploration.reached))
        #expect(exploration.worlds > 40_000, "only \(exploration.worlds) worlds were seen")
        #expect(exploration.calmRuns > 500)
    }

    @Test(arguments: Mutation.all)
    func `a mistake around the machine is found`(mutation: Mutation) {
        let scenario = Scenario(name: mutation.name, crashes: 1, steals: 1, unsent: 1, delays: 1)
        let exploration = Exploration(scenario, mutation: mutation, promises: [mutation.breaks])
        #expect(exploration.breach?.promise == mutation.breaks)
        #expect(!exploration.trace.isEmpty)
    }
}
