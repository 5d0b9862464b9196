import PostgresClient
import Testing

@Suite(.serialized) struct KeptPlanTests {
    private static let sum = "SELECT $1 + 1"

    private static func kept(_ transaction: PostgresTransaction) throws -> Int64 {
        try transaction.query("SELECT count(*) FROM pg_prepared_statements")[0].int64(0)
    }

    @Test(arguments: [false, true])
    func `a plan is kept once a text, where sessions are ours`(keepsPlans: Bool) async throws {
        try await TestServer.withPool(keepsPlans: keepsPlans) { pool in
            for value in Int64(1)...3 {
                let answer = try await pool.transaction("sum") { transaction in
                    try transaction.query(Self.sum, [.int64(value)], keepingPlan: true)[0].int64(0)
                }
                #expect(answer == value + 1)
            }
            let kept = try await pool.transaction("kept") { try Self.kept($0) }
            #expect(kept == (keepsPlans ? 1 : 0))
        }
    }

    @Test func `a statement that cannot be planned is refused and not kept, and the session goes on`() async throws {
        try await TestServer.withPool(keepsPlans: true) { pool in
            for _ in 1...2 {
                let error = await #expect(throws: PostgresError.self) {
                    try await pool.transaction("nothing") { transaction in
                        _ = try transaction.query("SELECT n FROM pg_temp.nowhere", keepingPlan: true)
                    }
                }
                #expect(error?.code == .refused && error?.sqlState == "42P01")
            }
            let answer = try await pool.transaction("sum") { transaction in
                try transaction.query(Self.sum, [.int64(1)], keepingPlan: true)[0].int64(0) * 10
                    + (try Self.kept(transaction))
            }
            #expect(answer == 21)
        }
    }

    @Test func `a plan that a rolled-back transaction made is used by the next`() async throws {
        struct Enough: Error {}
        try await TestServer.withPool(keepsPlans: true) { pool in
            await #expect(throws: Enough.self) {
                try await pool.transaction("first") { transaction in
                    _ = try transaction.query(Self.sum, [.int64(1)], keepingPlan: true)
                    throw Enough()
                }
            }
            let answer = try await pool.transaction("second") { transaction in
                try transaction.query(Self.sum, [.int64(2)], keepingPlan: true)[0].int64(0)
            }
            #expect(answer == 3)
        }
    }
}
