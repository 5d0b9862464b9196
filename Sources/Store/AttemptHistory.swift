package import PaymentCore

/// What was tried before for orders of one batch file, and whose they are.
package struct AttemptHistory: Sendable, Hashable {
    package let merchant: MerchantNumber
    /// Ended attempts by line; a line without one has none.
    package let ended: [LineNumber: [EndedAttempt]]

    package init(merchant: MerchantNumber, ended: [LineNumber: [EndedAttempt]]) {
        (self.merchant, self.ended) = (merchant, ended)
    }

    /// An attempt that is over.
    package struct EndedAttempt: Sendable, Hashable {
        package let channel: ChannelName
        /// No byte of it ever left: it says nothing about the order.
        package let isUnsent: Bool

        package init(channel: ChannelName, isUnsent: Bool) { (self.channel, self.isUnsent) = (channel, isUnsent) }
    }
}
