import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice quarantine choose`: which of two records of one number lives.
struct QuarantineChooseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "choose",
        abstract: "Of two open quarantined records of one order number, choose which one lives.",
        discussion: """
            The record that lives has the number from now on, and stays quarantined for what else is wrong with it; \
            the other one is closed, and its line in the result file says FAILED, other_chosen. Each is named with its \
            amount, as `sluice quarantine show` tells it; if it is another, nothing is decided. In class production \
            decisions take two people, whose commands come with the review work.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The record that lives, as BATCH-LINE.")
    var record: LineKey

    @Option(help: "The record of the same number that is closed, as BATCH-LINE.")
    var over: LineKey

    @Option(help: "Minor units of the record that lives; left out where its amount is not readable.")
    var amount: Int64?

    @Option(help: "Minor units of the record that is closed; left out where its amount is not readable.")
    var overAmount: Int64?

    @Option(help: "Why; kept with the decision.")
    var note: String

    func validate() throws {
        guard !note.isEmpty else { throw ValidationError("--note says why") }
    }

    func run() async throws {
        let configuration = try options.load()
        try Person.requireOneSuffices(configuration)
        let choice = RequestedChoice(
            living: NamedRecord(batch: record.batch, line: record.line, amountMinor: amount),
            closed: NamedRecord(batch: over.batch, line: over.line, amountMinor: overAmount),
            note: note,
            person: Person.current
        )
        let decision = try await Deployment.with(configuration) { try await $0.store.choose(choice) }
        let (living, closed) = ("\(record.batch)-\(record.line)", "\(over.batch)-\(over.line)")
        try report.show(
            ["decision_id": .integer(decision), "living": .string(living), "closed": .string(closed)],
            words: "Decision \(decision): \(living) has the number, \(closed) is closed."
        )
    }
}
