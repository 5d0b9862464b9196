package import Logging
package import PaymentCore
package import Store

/// Puts the orders of a `split` file into chunks, over all channels that the merchant's routes name; changes no order.
package struct PlanningStage: Sendable {
    /// Orders read at a time.
    private static let pageSize = 20_000

    private let store: any BatchFileStore & PlanStore
    private let configuration: EngineConfiguration

    package init(store: any BatchFileStore & PlanStore, configuration: EngineConfiguration) {
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
            capabilities: configuration.capabilities(direction: file.direction),
            chunkOrders: configuration.limits.chunkOrders
        )
        let texts = TextRouting(routes: routes, configuration: configuration, store: store)
        var after = LineNumber(0)
        while true {
            let page = try await store.ordersToPlan(of: file, after: after, limit: Self.pageSize)
            guard let last = page.last else { break }
            let channels = try await texts?.channels(
                of: page.map(\.line),
                batch: file.id,
                businessDate: file.businessDate
            )
            for order in page {
                router.add(
                    line: order.line,
                    amountMinor: order.amountMinor,
                    currency: order.currency,
                    among: channels?[order.line]
                )
            }
            after = last.line
        }
        router.finish()
        let chunks = router.chunks.map { PlannedChunk(channel: $0.channel, lines: $0.lines) }
        let recorded = try await store.recordPlan(chunks, unroutable: router.unroutable, of: file)
        FaultPlan.pass(.planRecorded)
        logger.info(
            "file planned",
            metadata: [
                "batch": "\(file.id)", "chunks": "\(chunks.count)", "unroutable": "\(router.unroutable.count)",
                "recorded": "\(recorded)",
            ]
        )
        return recorded
    }

    /// Plans orders that wait for it one by one: next attempts, released orders, and orders that lost their chunk;
    /// answers whether there were any.
    package func planWaiting(logger: Logger) async throws -> Bool {
        let merchants = configuration.merchants.keys.sorted { $0.value < $1.value }
        guard let waiting = try await store.ordersWaitingForPlan(of: merchants, limit: Self.pageSize) else {
            return false
        }
        let routes = configuration.merchants[waiting.merchant]?.routes[waiting.direction] ?? []
        if routes.isEmpty {
            logger.error(
                "orders wait for a person: their merchant has no route in this direction",
                metadata: ["batch": "\(waiting.batch)", "merchant": "\(waiting.merchant)"]
            )
        }
        // Orders that may use the same channels are routed together, so that chunks stay whole.
        let capabilities = configuration.capabilities(direction: waiting.direction)
        let texts = try await TextRouting(routes: routes, configuration: configuration, store: store)?.channels(
            of: waiting.orders.map(\.order.line),
            batch: waiting.batch,
            businessDate: waiting.businessDate
        )
        let groups = Dictionary(grouping: waiting.orders) { order in
            order.channels(
                of: routes.filter { route in
                    capabilities[route.channel]?.carries(order.order.amountMinor, order.order.currency) == true
                        && texts?[order.order.line]?.contains(route.channel) ?? true
                }
            )
        }
        var chunks: [PlannedChunk] = []
        var unroutable: [LineNumber] = []
        for (channels, orders) in groups.sorted(by: { $0.value[0].order.line < $1.value[0].order.line }) {
            var router = Router(
                routes: routes.filter { channels.contains($0.channel) },
                capabilities: capabilities,
                chunkOrders: configuration.limits.chunkOrders
            )
            for order in orders.map(\.order) {
                router.add(line: order.line, amountMinor: order.amountMinor, currency: order.currency)
            }
            router.finish()
            chunks += router.chunks.map { PlannedChunk(channel: $0.channel, lines: $0.lines) }
            unroutable += router.unroutable
        }
        let recorded = try await store.planWaiting(waiting, chunks: chunks, unroutable: unroutable)
        logger.info(
            "waiting orders planned",
            metadata: [
                "batch": "\(waiting.batch)", "orders": "\(waiting.orders.count)", "chunks": "\(chunks.count)",
                "unroutable": "\(unroutable.count)", "recorded": "\(recorded)",
            ]
        )
        return recorded
    }
}

extension WaitingOrders.Order {
    /// The channels of these routes that it may use: none on which an attempt failed while another is left, and one on
    /// which it could not be sent only if there is no other.
    func channels(of routes: [Route]) -> Set<ChannelName> {
        let all = Set(routes.map(\.channel))
        let fresh = all.subtracting(failedOn).subtracting(unsentOn)
        if !fresh.isEmpty { return fresh }
        let unsent = all.subtracting(failedOn)
        return unsent.isEmpty ? all : unsent
    }
}
