package import PaymentCore

/// What monitoring asks of a database: what was forgotten, and what is about to lose its protection.
package protocol MonitoringStore: Sendable {
    /// Looks through one working batch file that was not swept for so long, and gives every open order without a next
    /// action one again; nil if no file is due.
    ///
    /// What was mended is counted and raises an alarm, in the same transaction.
    func sweep(notSweptFor interval: TimeSpan) async throws -> SweepOutcome?

    /// Merchants whose files are being worked although they are none of these.
    func merchantsAtWork(beside known: [MerchantNumber]) async throws -> [MerchantNumber]

    /// Submissions that may have arrived, are unknown, and soon lose the protection of their number.
    func endingProtection(_ clocks: [ProtectionClock]) async throws -> [EndingProtection]
}

/// What a sweep of one batch file mended.
package struct SweepOutcome: Sendable, Hashable {
    package let batch: BatchIdentifier
    /// Submissions that are asked for again.
    package let submissions: Int
    /// Orders that wait for planning again.
    package let orders: Int
    /// Review items that were missing: open orders of ended submissions, and held orders that nobody was asked about.
    package let strange: Int
    /// Submissions whose second send waited for a lane that nobody works: they are asked for instead.
    ///
    /// That is no fault.
    package let late: Int

    package init(batch: BatchIdentifier, submissions: Int, orders: Int, strange: Int, late: Int = 0) {
        (self.batch, self.submissions, self.orders) = (batch, submissions, orders)
        (self.strange, self.late) = (strange, late)
    }

    package var isClean: Bool { submissions == 0 && orders == 0 && strange == 0 }
}

/// How long numbers protect on one channel, in one direction.
package struct ProtectionClock: Sendable, Hashable {
    package let channel: ChannelName
    package let direction: Direction
    /// Nil where no duplicate check is documented: then only the end of the number's scope counts.
    package let window: TimeSpan?
    /// How long before the end people are told.
    package let warning: TimeSpan

    package init(channel: ChannelName, direction: Direction, window: TimeSpan?, warning: TimeSpan) {
        (self.channel, self.direction, self.window, self.warning) = (channel, direction, window, warning)
    }
}

/// Orders of one channel and currency whose numbers protect no longer, soon.
package struct EndingProtection: Sendable, Hashable {
    package let channel: ChannelName
    package let currency: String
    package let orders: Int64
    package let amountMinor: Int64
    /// The first of them.
    package let endsAt: Timestamp
    package let endsIn: TimeSpan

    package init(
        channel: ChannelName,
        currency: String,
        orders: Int64,
        amountMinor: Int64,
        endsAt: Timestamp,
        endsIn: TimeSpan
    ) {
        (self.channel, self.currency, self.orders) = (channel, currency, orders)
        (self.amountMinor, self.endsAt, self.endsIn) = (amountMinor, endsAt, endsIn)
    }
}
