package import PaymentCore

/// One way for a merchant's orders of a direction.
package struct Route: Sendable, Hashable {
    package let channel: ChannelName
    /// Its share of the orders, relative to the other routes' weights.
    package let weight: Int

    package init(channel: ChannelName, weight: Int) {
        precondition((1...1_000).contains(weight), "a weight is 1 to 1,000")
        self.channel = channel
        self.weight = weight
    }
}

/// Puts orders into chunks, each for one channel that can carry it; pure.
///
/// Smooth weighted round robin: every prefix of a file is spread as the weights say, and the same file is planned the
/// same way each time.
package struct Router: Sendable {
    /// What a channel takes, as far as planning must know.
    package struct Capability: Sendable, Hashable {
        package let currencies: Set<String>
        package let amountMinorMax: Int64
        package let itemsPerSubmission: Int

        package init(currencies: Set<String>, amountMinorMax: Int64, itemsPerSubmission: Int) {
            self.currencies = currencies
            self.amountMinorMax = amountMinorMax
            self.itemsPerSubmission = itemsPerSubmission
        }
    }

    private struct Lot {
        let route: Route
        let capability: Capability
        var credit = 0
        /// A submission has one currency, so has a chunk.
        var waiting: [String: [LineNumber]] = [:]
    }

    private var lots: [Lot]
    private let chunkOrders: Int
    package private(set) var chunks: [(channel: ChannelName, lines: [LineNumber])] = []
    /// Orders that no route can carry: they wait for a person.
    package private(set) var unroutable: [LineNumber] = []

    package init(routes: [Route], capabilities: [ChannelName: Capability], chunkOrders: Int) {
        lots = routes.compactMap { route in capabilities[route.channel].map { Lot(route: route, capability: $0) } }
        self.chunkOrders = chunkOrders
    }

    /// Takes one order; `among` are the channels that carry its texts, nil where all do.
    package mutating func add(
        line: LineNumber,
        amountMinor: Int64,
        currency: String,
        among channels: Set<ChannelName>? = nil
    ) {
        var best: Int?
        var weights = 0
        for index in lots.indices
        where lots[index].capability.carries(amountMinor, currency)
            && channels?.contains(lots[index].route.channel) ?? true
        {
            lots[index].credit += lots[index].route.weight
            weights += lots[index].route.weight
            if best.map({ lots[index].credit > lots[$0].credit }) ?? true { best = index }
        }
        guard let best else {
            unroutable.append(line)
            return
        }
        lots[best].credit -= weights
        lots[best].waiting[currency, default: []].append(line)
        // A chunk is as large as the channel's messages allow, so that one of it makes as few submissions as it can.
        let items = lots[best].capability.itemsPerSubmission
        let size = items >= chunkOrders ? chunkOrders : chunkOrders / items * items
        if let lines = lots[best].waiting[currency], lines.count >= size {
            chunks.append((lots[best].route.channel, lines))
            lots[best].waiting[currency] = nil
        }
    }

    /// Closes the chunks that are not full.
    package mutating func finish() {
        for index in lots.indices {
            for (_, lines) in lots[index].waiting.sorted(by: { $0.key < $1.key }) {
                chunks.append((lots[index].route.channel, lines))
            }
            lots[index].waiting = [:]
        }
    }
}

extension Router.Capability {
    func carries(_ amountMinor: Int64, _ currency: String) -> Bool {
        currencies.contains(currency) && amountMinor <= amountMinorMax
    }
}
