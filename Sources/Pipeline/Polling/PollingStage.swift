package import Logging
package import Store

/// Works a channel's query lane: asks for the results of submissions on the gradient (R7).
package struct PollingStage: Sendable {
    private let driver: SubmissionDriver

    package init(driver: SubmissionDriver) { self.driver = driver }

    /// Works one claimed chunk of the query lane to the end of its call.
    package func work(_ chunk: ClaimedChunk, logger: Logger) async throws {
        FaultPlan.pass(.chunkClaimed)
        try await driver.advance(chunk, logger: logger)
    }
}
