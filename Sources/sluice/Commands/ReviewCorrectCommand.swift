import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice review correct`: asks for the correction of a final state that is proven wrong.
struct ReviewCorrectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "correct",
        abstract: "Ask for the correction of a final state that is proven wrong; another person approves it.",
        discussion: """
            The order keeps its row; the correction stands beside it, with its evidence, and the totals and the next \
            version of the result file tell it. Names the order with the amount and the state that it has now.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var proof: EvidenceOptions
    @OptionGroup var dry: DryRunOptions

    @Argument(help: "The order, as BATCH-LINE.")
    var order: LineKey

    @Option(help: "Its amount in minor units.")
    var amount: Int64

    @Option(help: "The final state that it has now.")
    var state: OrderState

    @Option(help: "What it really is: succeeded or failed.")
    var to: OrderState

    @Option(help: "Why; kept with the correction.")
    var comment: String

    func run() async throws {
        let configuration = try options.load()
        let secret = try SignedIn.secret(configuration)
        let named = NamedOrder(batch: order.batch, line: order.line, amountMinor: amount, state: state)
        let made = try await Deployment.with(configuration, needs: proof.needs) { deployment in
            var requested = RequestedCorrection(order: named, to: to, note: comment)
            (requested.evidence, requested.evidenceFile) = try await proof.kept(
                in: deployment,
                by: secret,
                isDry: dry.dryRun
            )
            return try await deployment.store.propose(requested, by: secret, isDry: dry.dryRun)
        }
        let answer = ProposalReport(
            made: made,
            what: "order \(order.batch)-\(order.line): \(state.rawValue) becomes \(to.rawValue)"
        )
        try report.show(answer.json, words: answer.words)
    }
}
