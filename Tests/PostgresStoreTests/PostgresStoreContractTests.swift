import StoreTesting
import Testing

@Suite struct `The contract of submission stores, on PostgreSQL` {
    @Test(arguments: SubmissionStoreContract.cases)
    func `holds`(_ contractCase: SubmissionStoreContract.Case) async throws {
        let harness = try await PostgresHarness.make()
        await #expect(throws: Never.self) { try await contractCase.run(harness) }
        await harness.close()
    }
}
