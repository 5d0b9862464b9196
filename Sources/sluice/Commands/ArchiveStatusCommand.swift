import ArgumentParser
import PaymentCore
import Pipeline
import PostgresStore
import Store

/// `sluice archive status`: how far archiving is, and what keeps it.
struct ArchiveStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say how far archiving is, who archives, what keeps it, and what stays live."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let configuration = try options.load()
        let shown = try await Deployment.archiving(configuration) { deployment in
            let store = deployment.archive
            return ArchiveStatusReport(
                rules: configuration.archive.rules,
                status: try await store.archiveStatus(),
                ends: try await store.carryOverEnds(),
                lease: try await store.archiveSwitch(),
                open: try await store.openEntries(),
                carried: try await store.carriedRows(),
                load: try await store.serverLoad(for: nil)
            )
        }
        try report.show(shown.json, words: shown.words)
    }
}
