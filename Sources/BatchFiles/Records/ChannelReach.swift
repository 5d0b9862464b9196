package import PaymentCore

/// A channel that the records of a file could go to, as far as intake must know it.
package struct ChannelReach: Sendable, Hashable {
    package let currencies: Set<Currency>
    /// Minor units of one order.
    package let amountMinorMax: Int64
    package let text: TextProfile

    package init(currencies: Set<Currency>, amountMinorMax: Int64, text: TextProfile) {
        self.currencies = currencies
        self.amountMinorMax = amountMinorMax
        self.text = text
    }
}

/// What surrounds the records of one file, beside the rules of its merchant.
package struct RecordContext: Sendable {
    /// The day on which the file's orders are worked; nil where none is known, so that dates are not compared with it.
    package let businessDate: BusinessDate?
    /// The channels of the merchant's routes in the file's direction; empty where none is known.
    package let channels: [ChannelReach]

    package init(businessDate: BusinessDate? = nil, channels: [ChannelReach] = []) {
        self.businessDate = businessDate
        // Channels that carry the same are one.
        self.channels = channels.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }
}
