package import BatchFiles
package import ChannelKit
package import PaymentCore
package import Store

/// What the engine is told by `Config/`: layouts, merchants, channels; values, already checked.
package struct EngineConfiguration: Sendable {
    /// By the name of the layout.
    package let formats: [String: DeclaredFormat]
    package let merchants: [MerchantNumber: MerchantProfile]
    package let channels: [ChannelName: ChannelSpecification]
    package let limits: EngineLimits
    /// Minor units by currency, over all merchants' files of one business date (pitfall A3).
    package let dayCeilings: [Currency: Int64]

    package init(
        formats: [String: DeclaredFormat],
        merchants: [MerchantNumber: MerchantProfile],
        channels: [ChannelName: ChannelSpecification],
        limits: EngineLimits = EngineLimits(),
        dayCeilings: [Currency: Int64] = [:]
    ) {
        self.formats = formats
        self.merchants = merchants
        self.channels = channels
        self.limits = limits
        self.dayCeilings = dayCeilings
    }
}

/// Above which sums a merchant's orders are held; minor units by currency.
package struct MerchantCeilings: Sendable, Hashable {
    /// Of one file.
    package let file: [Currency: Int64]
    /// Of all files of one business date, in both directions.
    package let day: [Currency: Int64]

    package init(file: [Currency: Int64] = [:], day: [Currency: Int64] = [:]) {
        self.file = file
        self.day = day
    }
}

extension EngineConfiguration {
    /// The channels of a merchant's routes that were not tried yet and can carry an order, in the order of the routes.
    package func otherChannels(
        than tried: Set<ChannelName>,
        merchant: MerchantNumber,
        direction: Direction,
        amountMinor: Int64,
        currency: String
    ) -> [ChannelName] {
        let capabilities = capabilities(direction: direction)
        return merchants[merchant]?.routes[direction, default: []].map(\.channel).filter { channel in
            !tried.contains(channel) && capabilities[channel]?.carries(amountMinor, currency) == true
        } ?? []
    }

    /// What surrounds the records of a file: its day, and the channels of its merchant's routes.
    package func recordContext(
        merchant: MerchantNumber,
        direction: Direction,
        businessDate: BusinessDate?
    ) -> RecordContext {
        let routes = merchants[merchant]?.routes[direction] ?? []
        let reaches = routes.compactMap { route in
            channels[route.channel].map { specification in
                ChannelReach(
                    currencies: Set(specification.currencies.compactMap { Currency(code: $0) }),
                    amountMinorMax: specification.limits.amountMinorMax,
                    text: specification.text
                )
            }
        }
        return RecordContext(businessDate: businessDate, channels: reaches)
    }

    /// What each channel of a direction can carry, as far as routing must know.
    func capabilities(direction: Direction) -> [ChannelName: Router.Capability] {
        channels.filter { $0.value.directions.contains(direction) }.mapValues { specification in
            Router.Capability(
                currencies: specification.currencies,
                amountMinorMax: specification.limits.amountMinorMax,
                itemsPerSubmission: specification.limits.itemsPerSubmission
            )
        }
    }
}

/// How one merchant's files are read and where its orders go.
package struct MerchantProfile: Sendable {
    package let number: MerchantNumber
    package let title: String
    package let databaseRole: String?
    package let resultDueAfter: TimeSpan
    package let rules: RecordRules
    package let tolerance: FileTolerance
    package let routes: [Direction: [Route]]
    /// How often an order may be tried (R9).
    package let attempts: AttemptRule
    package let ceilings: MerchantCeilings
    /// What is done about what may have come before.
    package let duplicates: DuplicateRules
    /// In which format its results are written.
    package let results: ResultKind

    package init(
        number: MerchantNumber,
        title: String,
        databaseRole: String?,
        resultDueAfter: TimeSpan,
        rules: RecordRules,
        tolerance: FileTolerance,
        routes: [Direction: [Route]],
        attempts: AttemptRule = AttemptRule(),
        ceilings: MerchantCeilings = MerchantCeilings(),
        duplicates: DuplicateRules = DuplicateRules(),
        results: ResultKind = .same
    ) {
        self.number = number
        self.title = title
        self.databaseRole = databaseRole
        self.resultDueAfter = resultDueAfter
        self.rules = rules
        self.tolerance = tolerance
        self.routes = routes
        self.attempts = attempts
        self.ceilings = ceilings
        self.duplicates = duplicates
        self.results = results
    }
}

/// All of the engine's bounds, related to one another.
package struct EngineLimits: Sendable {
    /// Records a load transaction, unless their bytes fill it before.
    ///
    /// The more there are, the less the server does for each; the memory that they take is that of their bytes.
    package let sliceRecords: Int
    /// Orders a chunk.
    package let chunkOrders: Int
    package let fileLease: TimeSpan
    package let heartbeat: TimeSpan
    /// A worker silent for longer is dead: its leases are taken.
    package let silence: TimeSpan
    /// How long a graceful stop waits for calls in flight.
    package let stopWithin: TimeSpan
    /// How often an idle lane looks again.
    package let idle: TimeSpan
    /// How often each working file is looked through for orders without a next action.
    package let sweep: TimeSpan
    /// Calls to channels that one process has under way at once, over all lanes.
    package let callsInFlight: Int

    package init(
        sliceRecords: Int = 10_000,
        chunkOrders: Int = 500,
        fileLease: TimeSpan = .minutes(10),
        heartbeat: TimeSpan = .seconds(3),
        silence: TimeSpan = .seconds(15),
        stopWithin: TimeSpan = .seconds(30),
        idle: TimeSpan = .milliseconds(250),
        sweep: TimeSpan = .minutes(5),
        callsInFlight: Int = 64
    ) {
        precondition((1...50_000).contains(sliceRecords) && (1...1_000).contains(chunkOrders))
        precondition((1...1_000).contains(callsInFlight))
        precondition(
            silence.microseconds >= 3 * heartbeat.microseconds,
            "a worker may miss two heartbeats before it is dead"
        )
        self.sliceRecords = sliceRecords
        self.chunkOrders = chunkOrders
        self.fileLease = fileLease
        self.heartbeat = heartbeat
        self.silence = silence
        self.stopWithin = stopWithin
        self.idle = idle
        self.sweep = sweep
        self.callsInFlight = callsInFlight
    }
}
