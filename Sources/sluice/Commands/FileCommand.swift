import ArgumentParser
import Foundation
import Glibc
import PaymentCore
import PostgresStore
import Store
import Synchronization

/// `sluice file`: queue and follow batch files.
struct FileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "file",
        abstract: "Check, queue and follow batch files.",
        subcommands: [FileSubmitCommand.self, FileCheckCommand.self, List.self, Show.self, Result.self]
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

    /// The bytes of a result file.
    struct Result: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a batch file's result file to standard output or a file."
        )

        @OptionGroup var options: ConfigurationOptions

        @Argument(help: "The batch number.")
        var batch: BatchIdentifier

        @Option(help: "The version (default: the newest).")
        var version: Int32?

        @Option(name: [.customShort("o"), .long], help: "Write to this file, which must not exist yet.")
        var output: String?

        func run() async throws {
            try await Deployment.with(try options.load(), needs: .keys) { deployment in
                guard let detail = try await deployment.store.batch(batch) else { throw Show.unknown(batch) }
                guard detail.results.contains(where: { version == nil || $0.version == version }) else {
                    throw CommandFailure(
                        version.map { "batch \(batch) has no result file of version \($0)" }
                            ?? "batch \(batch) is \(detail.summary.state.rawValue) and has no result file yet",
                        mend: "the first is due at \(detail.resultDueAt.brief), or earlier when nothing is left to do"
                    )
                }
                let descriptor = try Self.open(output)
                defer { if output != nil { close(descriptor) } }
                let written = try await deployment.store.readResultFile(of: batch, version: version) { bytes in
                    try Terminal.write(bytes, descriptor: descriptor)
                }
                guard let written else { throw Show.unknown(batch) }
                guard output == nil || fsync(descriptor) == 0 else {
                    throw CommandFailure("cannot sync \(output ?? "")", mend: "check the disk")
                }
                let state = written.isFinal ? "final" : "not final"
                try Terminal.line(
                    "Batch \(batch), version \(written.version) (\(state)), \(written.lineCount) lines",
                    to: .error
                )
            }
        }

        /// Nobody else may read what is written here: it holds account numbers and names.
        private static func open(_ path: String?) throws -> Int32 {
            guard let path else { return Terminal.Stream.output.rawValue }
            let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw CommandFailure(
                    "cannot make \(path): \(String(cString: strerror(errno)))",
                    mend: "name a path that is free",
                    status: .configuration
                )
            }
            return descriptor
        }
    }
}
