import ChannelKit
package import Logging
package import PaymentCore
package import Store

/// Puts the orders of a `split` file into chunks, over all channels that the merchant's routes name; changes no order.
package struct PlanningStage: Sendable {
    /// Orders read at a time.
    private static let pageSize = 20_000

    private let store: any BatchFileStore
    private let configuration: EngineConfiguration

    package init(store: any BatchFileStore, configuration: EngineConfiguration) {
        self.store = store
        self.configuration = configuration
    }

    /// Plans one file, if one waits; answers whether it did.
    package func runOnce(worker: WorkerIdentifier, logger: Logger) async throws -> Bool {
        guard
            let file = try await store.claimBatchFile(
                for: .planning,
                worker: worker,
                lease: configuration.limits.fileLease
            )
        else { return false }
        do {
            return try await work(file, logger: logger)
        } catch {
            // It comes up again soon, not when its long lease ends; a lease that is lost by now is not touched.
            try? await store.releaseBatchFile(file, after: .seconds(5))
            throw error
        }
    }

    private func work(_ file: ClaimedBatchFile, logger: Logger) async throws -> Bool {
        guard let profile = configuration.merchants[file.merchant], let routes = profile.routes[file.direction] else {
            logger.error(
                "file not planned: its merchant has no route in this direction; add one to Config/merchants",
                metadata: ["batch": "\(file.id)", "merchant": "\(file.merchant)", "direction": "\(file.direction)"]
            )
            try await store.releaseBatchFile(file, after: .seconds(30))
            return false
        }
        var router = Router(
            routes: routes,
            capabilities: capabilities(direction: file.direction),
            chunkOrders: configuration.limits.chunkOrders
        )
        var after = LineNumber(0)
        while true {
            let page = try await store.ordersToPlan(of: file, after: after, limit: Self.pageSize)
            guard let last = page.last else { break }
            for order in page {
                router.add(line: order.line, amountMinor: order.amountMinor, currency: order.currency)
            }
            after = last.line
        }
        router.finish()
        let chunks = router.chunks.map { PlannedChunk(channel: $0.channel, lines: $0.lines) }
        let recorded = try await store.recordPlan(chunks, unroutable: router.unroutable, of: file)
        logger.info(
            "file planned",
            metadata: [
                "batch": "\(file.id)", "chunks": "\(chunks.count)", "unroutable": "\(router.unroutable.count)",
                "recorded": "\(recorded)",
            ]
        )
        return recorded
    }

    private func capabilities(direction: Direction) -> [ChannelName: Router.Capability] {
        configuration.channels.filter { $0.value.directions.contains(direction) }.mapValues { specification in
            Router.Capability(
                currencies: specification.currencies,
                amountMinorMax: specification.limits.amountMinorMax,
                itemsPerSubmission: specification.limits.itemsPerSubmission
            )
        }
    }
}
