import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice review decide`: one decision about an incident or a review item.
struct ReviewDecideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Decide about an incident or a review item, whole or not at all.",
        discussion: """
            A decision names what it is about, as `sluice review list` shows it: --orders with one --amount a \
            currency; for `succeeded` and `failed` single orders, each with --order, --amount and --state. If it is \
            not so any more, nothing is decided. In class production decisions take two people, whose commands come \
            with the review work. What each decision does: Docs/reviews.md.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The number of a review item, or an incident.")
    var target: String

    @Argument(help: ArgumentHelp(ReviewDecision.allCases.map(\.rawValue).joined(separator: ", ")))
    var decision: ReviewDecision

    @Option(help: "Why; kept with the decision.")
    var note: String

    @Option(help: "How many orders it is about.")
    var orders: Int64?

    @Option(help: "Minor units, as CNY=123400; without a currency where there is only one, or for a single order.")
    var amount: [NamedAmount] = []

    @Option(help: "A single order, as BATCH-LINE; with its --amount and --state.")
    var order: [LineKey] = []

    @Option(help: "The state that the single order is in.")
    var state: [OrderState] = []

    @Option(help: "What a final state rests on, such as the channel's written confirmation.")
    var evidence: String?

    @Option(help: "Why a single order failed: customer, channel, system or limit.")
    var cause: FailureCause?

    func validate() throws {
        guard !note.isEmpty else { throw ValidationError("--note says why") }
        if decision.namesSingleOrders {
            guard !order.isEmpty, orders == nil else {
                throw ValidationError("\(decision.rawValue) is said of single orders: name each with --order")
            }
            guard order.count == amount.count, order.count == state.count else {
                throw ValidationError("each --order has its --amount and its --state")
            }
            guard amount.allSatisfy({ $0.currency == nil }) else {
                throw ValidationError("the amount of a single order is written without its currency")
            }
        } else {
            guard order.isEmpty, state.isEmpty else {
                throw ValidationError("--order and --state go with succeeded and failed")
            }
            guard orders != nil || (decision == .noted && amount.isEmpty) else {
                throw ValidationError("name what it is about with --orders and --amount; see: sluice review list")
            }
        }
    }

    func run() async throws {
        let configuration = try options.load()
        try Person.requireOneSuffices(configuration)
        var requested = RequestedDecision(
            target: target,
            decision: decision,
            note: note,
            person: Person.current
        )
        if decision.namesSingleOrders {
            requested.orders = order.indices.map { index in
                NamedOrder(
                    batch: order[index].batch,
                    line: order[index].line,
                    amountMinor: amount[index].minor,
                    state: state[index]
                )
            }
        } else if let orders {
            requested.about = NamedOrders(count: orders, amounts: try NamedAmount.sums(amount))
        }
        requested.evidence = evidence
        requested.cause = cause
        let decision = requested
        let decided = try await Deployment.with(configuration) { try await $0.store.decide(decision) }
        let amounts = decided.amounts.sorted { $0.key < $1.key }
        let sums = amounts.map { amountWords($0.value, $0.key) }.joined(separator: ", ")
        let waiting =
            decided.itemsOpen == 0 ? "" : "; \(decided.itemsOpen) review items wait on for their other orders"
        try report.show(
            [
                "decision_id": .integer(decided.decision), "decision": .string(self.decision.rawValue),
                "orders": .integer(decided.orders),
                "amounts": .object(Dictionary(uniqueKeysWithValues: amounts.map { ($0.key, .integer($0.value)) })),
                "items_closed": .integer(decided.itemsClosed), "items_open": .integer(decided.itemsOpen),
            ],
            words: "Decision \(decided.decision): \(self.decision.rawValue), \(decided.orders) orders"
                + "\(sums.isEmpty ? "" : " with \(sums)")\(waiting)."
        )
    }
}

/// An amount in minor units, with or without its currency: `CNY=123400` or `123400`.
struct NamedAmount: ExpressibleByArgument {
    let currency: String?
    let minor: Int64

    init?(argument: String) {
        let sides = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let last = sides.last, let minor = Int64(last), minor >= 0 else { return nil }
        guard sides.count == 1 || Currency(code: String(sides[0])) != nil else { return nil }
        self.currency = sides.count == 1 ? nil : String(sides[0])
        self.minor = minor
    }

    /// By currency; under `*` the one that was not named.
    static func sums(_ amounts: [NamedAmount]) throws -> [String: Int64] {
        var sums: [String: Int64] = [:]
        for amount in amounts {
            guard sums.updateValue(amount.minor, forKey: amount.currency ?? "*") == nil else {
                throw CommandFailure(
                    "an amount is named twice",
                    mend: "write one --amount a currency",
                    status: .configuration
                )
            }
        }
        return sums
    }
}

extension ReviewDecision: ExpressibleByArgument {}

extension OrderState: ExpressibleByArgument {}

extension FailureCause: ExpressibleByArgument {}
