import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice quarantine choose`: asks which of two records of one number lives.
struct QuarantineChooseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "choose",
        abstract: "Of two quarantined records of one order number, ask that one lives; another person approves it.",
        discussion: """
            The record that lives has the number from then on, and stays quarantined for what else is wrong with it; \
            the other one is closed, and its line in the result file says FAILED, other_chosen. Each is named with its \
            amount, as `sluice quarantine show` tells it; if it is another, nothing is done.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions

    @Argument(help: "The record that lives, as BATCH-LINE.")
    var record: LineKey

    @Option(help: "The record of the same number that is closed, as BATCH-LINE.")
    var over: LineKey

    @Option(help: "Minor units of the record that lives; left out where its amount is not readable.")
    var amount: Int64?

    @Option(help: "Minor units of the record that is closed; left out where its amount is not readable.")
    var overAmount: Int64?

    @Option(help: "Why; kept with the decision.")
    var comment: String

    func run() async throws {
        let configuration = try options.load()
        let secret = try SignedIn.secret(configuration)
        let choice = RequestedChoice(
            living: NamedRecord(batch: record.batch, line: record.line, amountMinor: amount),
            closed: NamedRecord(batch: over.batch, line: over.line, amountMinor: overAmount),
            note: comment
        )
        let made = try await Deployment.with(configuration) {
            try await $0.store.propose(choice, by: secret, isDry: dry.dryRun)
        }
        let what = "\(record.batch)-\(record.line) has the number, \(over.batch)-\(over.line) is closed"
        let answer = ProposalReport(made: made, what: what)
        try report.show(answer.json, words: answer.words)
    }
}
