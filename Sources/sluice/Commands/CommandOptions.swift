import ArgumentParser
import Foundation
import PaymentCore
import Store

/// Where a command's configuration comes from.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp("The folder of the configuration (default: $SLUICE_CONFIG, else Config).", valueName: "dir")
    )
    var folder: String?

    @Option(help: ArgumentHelp("The libpq URI of the database; it wins over SLUICE_DATABASE_URL.", valueName: "uri"))
    var databaseURL: String?

    @Option(help: ArgumentHelp("The lowest level of log entries shown, such as info or warning.", valueName: "level"))
    var logLevel: String?

    /// Reads `sluice.yaml` with what stands over it.
    func load() throws -> Configuration {
        let variables = ProcessInfo.processInfo.environment
        var flags: [String: String] = [:]
        flags["database.url"] = databaseURL
        flags["log.level"] = logLevel
        return try Configuration.load(
            directory: folder ?? variables["SLUICE_CONFIG"] ?? "Config",
            variables: variables,
            flags: flags
        )
    }
}

/// How a reading command answers.
struct ReportOptions: ParsableArguments {
    @Flag(help: "Answer in JSON, for machines: keys sorted, amounts in minor units.")
    var json = false

    /// Shows a report, as JSON or as words.
    func show(_ value: @autoclosure () -> JSON, words: @autoclosure () -> String) throws {
        try Terminal.line(json ? value().text : words())
    }
}

extension BatchIdentifier: ExpressibleByArgument {
    /// Reads a batch number.
    package init?(argument: String) {
        guard let value = Int64(argument), value > 0 else { return nil }
        self.init(value)
    }
}

extension Direction: ExpressibleByArgument {}

extension BatchFileState: ExpressibleByArgument {}

/// `BATCH-LINE`, as reports write it.
struct LineKey: ExpressibleByArgument {
    let batch: BatchIdentifier
    let line: LineNumber

    init?(argument: String) {
        guard let (batch, line) = OrderKey.parts(of: argument) else { return nil }
        (self.batch, self.line) = (batch, line)
    }
}

extension BusinessDate: ExpressibleByArgument {
    /// Reads `YYYY-MM-DD`.
    package init?(argument: String) { self.init(argument) }
}

/// How many rows a list shows.
struct ListOptions: ParsableArguments {
    @Option(help: "How many rows to show, at most 1000.")
    var limit = 50

    func validate() throws {
        guard (1...1_000).contains(limit) else { throw ValidationError("--limit is 1 to 1000") }
    }
}
