import Glibc
import PaymentCore
import Testing

/// Processes that start where the deployment has no connections left.
@Suite struct ConnectionBudgetTests {
    private static let live = "SELECT count(*) FROM sluice.worker WHERE stopped_at IS NULL AND connections = 10"

    @Test func `a process that would exceed the budget is refused, and an alarm tells of it`() async throws {
        try await FaultScene.with { scene in
            let budget = ["SLUICE_DATABASE_BUDGET": "15"]
            let first = try scene.start(["worker"], budget)
            try await scene.until("the first", Self.live)
            let second = try await scene.run(["worker"], budget, expecting: 2)
            for word in ["wants 10 connections", "have 10", "is 15", "database.budget"] {
                #expect(second.log.contains(word), "\(second.log)")
            }
            #expect(try await scene.number("SELECT count(*) FROM sluice.worker") == 1)
            let alarms = try await scene.text("SELECT string_agg(kind || ' ' || code, ',') FROM sluice.alarm")
            #expect(alarms == "budget_exceeded connections")
            // One that ended makes room at once, one that was killed after its silence.
            first.send(SIGTERM)
            #expect(try await first.end(within: .seconds(30)) == 0, "\(first.tail)")
            let third = try scene.start(["worker"], budget)
            try await scene.until("the third", Self.live)
            third.send(SIGKILL)
            _ = try await third.end()
            let fourth = try scene.start(["worker"], budget)
            try await scene.until(
                "the fourth",
                "SELECT (count(*) = 3)::int::bigint FROM sluice.worker WHERE connections = 10"
            )
            fourth.send(SIGTERM)
            #expect(try await fourth.end(within: .seconds(30)) == 0, "\(fourth.tail)")
        }
    }

    @Test func `of several starts at once as many begin as there is room for`() async throws {
        try await FaultScene.with { scene in
            let starts = try (1...4).map { _ in try scene.start(["worker"], ["SLUICE_DATABASE_BUDGET": "25"]) }
            try await Condition.wait("two refusals", within: .seconds(30), because: { scene.tails }) {
                starts.count { $0.status == 2 } == 2
            }
            #expect(try await scene.number(Self.live) == 2)
            for start in starts { start.send(SIGTERM) }
            var statuses: [Program.Status] = []
            for start in starts { statuses.append(try await start.end(within: .seconds(30))) }
            #expect(statuses.sorted() == [0, 0, 2, 2], "\(scene.tails)")
        }
    }

    @Test func `behind a pooler nothing is counted unless a budget is configured`() async throws {
        try await FaultScene.with { scene in
            let many = ["SLUICE_DATABASE_POOLED": "true", "SLUICE_DATABASE_CONNECTIONS": "190"]
            try await scene.run(["run", "intake"], many)
            // What the server offers is less.
            let counted = try await scene.run(
                ["run", "settle"],
                ["SLUICE_DATABASE_CONNECTIONS": "190"],
                expecting: 2
            )
            #expect(counted.log.contains("is 177"), "\(counted.log)")
        }
    }
}
