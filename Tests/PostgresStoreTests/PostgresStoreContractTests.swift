import StoreTesting
import Testing

@Suite struct `The contract of submission stores, on PostgreSQL` {
    @Test(arguments: SubmissionStoreContract.cases, TestDatabase.Route.allCases)
    func `holds`(_ contractCase: SubmissionStoreContract.Case, _ route: TestDatabase.Route) async throws {
        let harness = try await PostgresHarness.make(route)
        await #expect(throws: Never.self) { try await contractCase.run(harness) }
        await harness.close()
    }
}
