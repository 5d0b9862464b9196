import ArgumentParser
import PaymentCore
import Pipeline
import PostgresStore
import Store

/// `sluice archive plan`: what a run would do.
struct ArchivePlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Say what a run would move, what stays and why, and how long it would take; change nothing.",
        discussion: """
            Rows that leave are estimated from statistics, rows that stay are counted. Takes no lease, so it may run \
            beside an archiver.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var rehearsal: RehearsalOptions

    @Option(help: "How many days to look at, at most 1000 (default: as many as a run takes).")
    var days: Int?

    func validate() throws {
        guard (1...1_000).contains(days ?? 1) else { throw ValidationError("--days is 1 to 1000") }
    }

    func run() async throws {
        let configuration = try options.load()
        try rehearsal.check(configuration)
        let plan = try await Deployment.archiving(configuration) { deployment in
            try await ArchivePlan.make(
                deployment.archive,
                configuration.archive.rules,
                asOf: rehearsal.asOf,
                daysMax: days ?? configuration.archive.rules.daysMax
            )
        }
        try report.show(plan.json, words: plan.words)
    }
}
