/// What every `SubmissionStore` must do, as named cases; a fake and a real store that pass the same cases may stand in
/// for each other.
///
/// Beyond the port's own words it decides:
/// - A refused change is `.stale` for every reason: the lease is somebody else's, an order is no longer in the state or
///   the submission it was seen in, the ended call was not begun by this lease or has an end already, the call to begin
///   may not begin. Then nothing is written but the ended call, as late, if it had no end before.
/// - An ended lease begins nothing, neither an intent nor a call. While nobody else has claimed the chunk, an outcome
///   is still taken under it.
/// - An intent under another specification than the activated one is `.stale` (R16).
/// - A number that its registry has already, and a final state without an ended call, are refused by an error.
/// - A submit chunk whose intent was committed is not given back by `releaseChunk`.
package struct SubmissionStoreContract: Sendable {
    package static let cases: [Case] =
        claimCases + laneCases + breakerCases + releaseCases + intentCases + recordCases + leaseCases
        + attemptCases

    /// One promise of the contract.
    package struct Case: Sendable, CustomStringConvertible {
        package let name: String
        private let body: @Sendable (ContractScene) async throws -> Void

        init(_ name: String, body: @escaping @Sendable (ContractScene) async throws -> Void) {
            self.name = name
            self.body = body
        }

        /// Runs the case on a harness that no other case has used.
        ///
        /// Throws `ContractFailure` where the store breaks its promise, or an error of the store's own.
        package func run(_ harness: any ContractHarness) async throws {
            try await body(ContractScene(harness: harness, caseName: name))
        }

        package var description: String { name }
    }
}
