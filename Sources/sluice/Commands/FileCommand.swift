import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice file`: queue and follow batch files.
struct FileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "file",
        abstract: "Check, queue and follow batch files.",
        subcommands: [FileSubmitCommand.self, FileCheckCommand.self, List.self, Show.self, FileResultCommand.self]
    )

    /// The newest files.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List batch files, the newest first.")

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var list: ListOptions

        @Option(help: "Only files in this state.")
        var state: BatchFileState?

        @Option(help: "Only files of this merchant.")
        var merchant: String?

        func run() async throws {
            let filter = BatchFilter(state: state, merchant: merchant.map(MerchantNumber.init), limit: list.limit)
            let batches = try await Deployment.with(try options.load()) { try await $0.store.batches(filter) }
            var table = Table(
                "#batch",
                "state",
                "direction",
                "business date",
                "#records",
                "merchant",
                "file",
                "verdict"
            )
            for batch in batches {
                table.add(
                    "\(batch.batch)",
                    batch.state.rawValue,
                    batch.direction.rawValue,
                    "\(batch.businessDate)",
                    batch.recordCount.map { "\($0)" },
                    batch.merchant.value,
                    batch.fileName,
                    batch.verdict?.code
                )
            }
            try report.show(
                .array(batches.map { .object($0.json) }),
                words: table.isEmpty ? "No batch files." : table.text()
            )
        }
    }

    /// One file with its totals.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a batch file, its totals and result files, and orders that look as if made twice."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var list: ListOptions

        @Argument(help: "The batch number.")
        var batch: BatchIdentifier

        func run() async throws {
            let (detail, same) = try await Deployment.with(try options.load()) { deployment in
                (
                    try await deployment.store.batch(batch),
                    try await deployment.store.samePayments(of: batch, limit: list.limit)
                )
            }
            guard let detail else { throw Self.unknown(batch) }
            var members = detail.members
            members["same_payments"] = .array(same.map(\.json))
            try report.show(.object(members), words: detail.words + same.words)
        }

        static func unknown(_ batch: BatchIdentifier) -> CommandFailure {
            CommandFailure("there is no batch \(batch)", mend: "look at: sluice file list")
        }
    }
}
