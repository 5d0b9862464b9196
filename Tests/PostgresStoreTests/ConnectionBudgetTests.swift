import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

@Suite struct `The connection budget` {
    private static func registration(
        _ number: Int,
        connections: Int32 = 10,
        budget: ConnectionBudget
    ) -> WorkerRegistration {
        WorkerRegistration(
            worker: WorkerIdentifier("worker-\(number)"),
            host: "test",
            processIdentifier: Int32(number),
            stages: ["poll", "submit"],
            connections: connections,
            budget: budget
        )
    }

    private static func isTaken(_ registration: WorkerRegistration, _ database: TestDatabase) async throws -> Bool {
        do {
            try await database.store.registerWorker(registration, silence: .seconds(15))
            return true
        } catch is ConnectionBudgetExceeded {
            return false
        }
    }

    @Test func `is kept to the last connection, and a refused process is not entered`() async throws {
        let database = try await TestDatabase.make()
        let budget = ConnectionBudget.configured(25)
        #expect(try await Self.isTaken(Self.registration(1, budget: budget), database))
        #expect(try await Self.isTaken(Self.registration(2, budget: budget), database))
        let refusal = await #expect(throws: ConnectionBudgetExceeded.self) {
            try await database.store.registerWorker(
                Self.registration(3, connections: 6, budget: budget),
                silence: .seconds(15)
            )
        }
        #expect(refusal == ConnectionBudgetExceeded(wanted: 6, taken: 20, processes: 2, budget: 25))
        #expect(try await Self.isTaken(Self.registration(4, connections: 5, budget: budget), database))
        #expect(try await !Self.isTaken(Self.registration(5, connections: 1, budget: budget), database))
        #expect(try await database.number("SELECT count(*) FROM sluice.worker") == 3)
        let kept = try await database.text("SELECT min(connections || ' ' || stages::text) FROM sluice.worker")
        #expect(kept == "10 {poll,submit}")
        await database.close()
    }

    @Test(arguments: ["stopped_at = now()", "heartbeat_at = now() - interval '16 seconds'"])
    func `counts no process that has stopped or is dead`(_ end: String) async throws {
        let database = try await TestDatabase.make()
        let budget = ConnectionBudget.configured(10)
        #expect(try await Self.isTaken(Self.registration(1, budget: budget), database))
        #expect(try await !Self.isTaken(Self.registration(2, budget: budget), database))
        try await database.execute("UPDATE sluice.worker SET \(end)")
        #expect(try await Self.isTaken(Self.registration(2, budget: budget), database))
        await database.close()
    }

    @Test func `is not exceeded by many starts at once`() async throws {
        let database = try await TestDatabase.make()
        let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 1...24 {
                group.addTask {
                    try await Self.isTaken(Self.registration(number, budget: .configured(70)), database)
                }
            }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(taken == 7)
        #expect(try await database.number("SELECT sum(connections)::bigint FROM sluice.worker") == 70)
        await database.close()
    }

    @Test func `of the server leaves what it reserves, and a margin`() async throws {
        let database = try await TestDatabase.make()
        let most = try await database.number("SELECT current_setting('max_connections')::bigint")
        // Less 3 reserved for superusers, and a tenth for people.
        let budget = Int32(most - 3 - most / 10)
        let refusal = await #expect(throws: ConnectionBudgetExceeded.self) {
            try await database.store.registerWorker(
                Self.registration(1, connections: budget + 1, budget: .server),
                silence: .seconds(15)
            )
        }
        #expect(refusal?.budget == budget)
        #expect(try await Self.isTaken(Self.registration(1, connections: budget, budget: .server), database))
        #expect(try await Self.isTaken(Self.registration(2, connections: 900, budget: .unbounded), database))
        await database.close()
    }
}
