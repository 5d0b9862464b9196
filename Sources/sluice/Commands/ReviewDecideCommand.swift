import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice review decide`: asks for a decision about an incident or a review item.
struct ReviewDecideCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide",
        abstract: "Ask for a decision about an incident or a review item; another person approves it.",
        discussion: """
            A decision names what it is about, as `sluice review list` shows it: --orders with one --amount a \
            currency. For `succeeded`, `failed` and `resend` it says the --state that all of them are in, too, or \
            names single orders, each with --order, --amount and --state. If it is not so any more, nothing is done.

            What moves money takes two people (R12): it becomes a proposal, which another person approves with \
            `sluice review approve` before it expires. `ask-again`, and `noted` for a warning, one person may decide. \
            What each decision does: Docs/reviews.md.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var proof: EvidenceOptions
    @OptionGroup var dry: DryRunOptions

    @Argument(help: "The number of a review item, or an incident.")
    var target: String

    @Argument(help: ArgumentHelp(ReviewDecision.allCases.map(\.rawValue).joined(separator: ", ")))
    var decision: ReviewDecision

    @Option(help: "Why; kept with the decision.")
    var comment: String

    @Option(help: "How many orders it is about.")
    var orders: Int64?

    @Option(help: "Minor units, as CNY=123400; without a currency where there is only one, or for a single order.")
    var amount: [NamedAmount] = []

    @Option(help: "A single order, as BATCH-LINE; with its --amount and --state.")
    var order: [LineKey] = []

    @Option(help: "The state that the single order is in, or that all of them are in.")
    var state: [OrderState] = []

    @Option(help: "Why orders failed: customer, channel, system or limit.")
    var cause: FailureCause?

    func validate() throws {
        guard !comment.isEmpty else { throw ValidationError("--comment says why") }
        guard decision.isOfOrders else {
            guard order.isEmpty, state.isEmpty else {
                throw ValidationError("--order and --state go with succeeded, failed and resend")
            }
            guard orders != nil || (decision == .noted && amount.isEmpty) else {
                throw ValidationError("name what it is about with --orders and --amount; see: sluice review list")
            }
            return
        }
        if orders != nil {
            guard order.isEmpty, state.count == 1 else {
                throw ValidationError("all orders are named with --orders, --amount and the one --state they are in")
            }
            return
        }
        guard !order.isEmpty else {
            throw ValidationError(
                "\(decision.rawValue) is said of orders: name each with --order, or all with --orders and --state"
            )
        }
        guard order.count == amount.count, order.count == state.count else {
            throw ValidationError("each --order has its --amount and its --state")
        }
        guard amount.allSatisfy({ $0.currency == nil }) else {
            throw ValidationError("the amount of a single order is written without its currency")
        }
    }

    func run() async throws {
        let configuration = try options.load()
        let secret = try SignedIn.secret(configuration)
        var requested = RequestedDecision(target: target, decision: decision, note: comment)
        if let orders {
            requested.about = NamedOrders(count: orders, amounts: try NamedAmount.sums(amount))
            requested.state = state.first
        } else if decision.isOfOrders {
            requested.orders = order.indices.map { index in
                NamedOrder(
                    batch: order[index].batch,
                    line: order[index].line,
                    amountMinor: amount[index].minor,
                    state: state[index]
                )
            }
        }
        requested.cause = cause
        let asked = requested
        let made = try await Deployment.with(configuration, needs: proof.needs) { deployment in
            var asked = asked
            (asked.evidence, asked.evidenceFile) = try await proof.kept(
                in: deployment,
                by: secret,
                isDry: dry.dryRun
            )
            return try await deployment.store.propose(asked, by: secret, isDry: dry.dryRun)
        }
        let answer = ProposalReport(made: made, what: "\(Masked.visible(target)): \(decision.rawValue)")
        try report.show(answer.json, words: answer.words)
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
