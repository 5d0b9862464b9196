package import PaymentCore

/// What planning asks of a database about single orders that wait for it: next attempts, released orders, and orders
/// that the sweeper found without a chunk.
package protocol PlanStore: OrderTextStore {
    /// The waiting orders of one batch file of these merchants that are due, at most so many; nil if none is.
    func ordersWaitingForPlan(of merchants: [MerchantNumber], limit: Int) async throws -> WaitingOrders?

    /// Puts waiting orders into chunks; those that no channel can carry get a review item.
    ///
    /// False, and nothing is written, if some of them are not waiting any more: somebody else was faster.
    func planWaiting(
        _ waiting: WaitingOrders,
        chunks: [PlannedChunk],
        unroutable: [LineNumber]
    ) async throws -> Bool
}

/// Orders of one batch file that wait to be planned.
package struct WaitingOrders: Sendable, Hashable {
    package let batch: BatchIdentifier
    package let businessDate: BusinessDate
    package let merchant: MerchantNumber
    package let direction: Direction
    /// In line order; only orders that are `ready`.
    package let orders: [Order]
    /// Lines that wait although their orders are not `ready` any more: they leave with the rest.
    package let gone: [LineNumber]
    /// When they were read: what has begun to wait since then is not among them.
    package let readAt: Timestamp

    /// One of them, with the channels of its ended attempts.
    package struct Order: Sendable, Hashable {
        package let order: OrderToPlan
        /// Where an attempt failed with proof.
        package let failedOn: Set<ChannelName>
        /// Where an attempt was given up unsent.
        package let unsentOn: Set<ChannelName>

        package init(order: OrderToPlan, failedOn: Set<ChannelName>, unsentOn: Set<ChannelName>) {
            (self.order, self.failedOn, self.unsentOn) = (order, failedOn, unsentOn)
        }
    }

    package init(
        batch: BatchIdentifier,
        businessDate: BusinessDate,
        merchant: MerchantNumber,
        direction: Direction,
        orders: [Order],
        gone: [LineNumber],
        readAt: Timestamp
    ) {
        (self.batch, self.businessDate, self.merchant) = (batch, businessDate, merchant)
        (self.direction, self.orders, self.gone) = (direction, orders, gone)
        self.readAt = readAt
    }
}
