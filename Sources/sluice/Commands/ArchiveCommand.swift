import ArgumentParser
import Logging
import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// `sluice archive`: days that leave the live tables for history, with a receipt.
struct ArchiveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive",
        abstract: "Move old days into history, prove them, bring them back, and say what never leaves.",
        discussion: """
            Needs no keys: what is encrypted stays so. It connects as `archive.database_url`, else as `database.url`; \
            the role must be sluice_archiver, or own the schema. What each step locks, and for how long: \
            Docs/operations/archiving.md.
            """,
        subcommands: [
            ArchivePlanCommand.self, ArchiveRunCommand.self, ArchiveVerifyCommand.self, ArchiveRestoreCommand.self,
            ArchiveStatusCommand.self, ArchiveHoldCommand.self, ArchiveLiftCommand.self, ArchiveHoldsCommand.self,
            Stop.self, Resume.self,
        ]
    )

    /// The stop switch, on.
    struct Stop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop archiving, now and until `sluice archive resume`: a run at work ends within a second."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Option(help: "Why; kept and shown until archiving is resumed. At most 400 characters.")
        var reason: String

        func validate() throws { try ArchiveCommand.checkReason(reason) }

        func run() async throws {
            let isNew = try await Deployment.archiving(try options.load()) { deployment in
                try await deployment.archive.stopArchiving(reason: reason)
            }
            try report.show(
                ["stopped": true, "stopped_before": .bool(!isNew)],
                words: isNew
                    ? "Archiving is stopped: \(Masked.visible(reason, scalarsMax: 1_000))."
                    : "Archiving was stopped before, and its first reason stays."
            )
        }
    }

    /// The stop switch, off.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let archiving go on, after a stop or a mismatch that somebody has looked into."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        func run() async throws {
            let wasStopped = try await Deployment.archiving(try options.load()) { deployment in
                try await deployment.archive.resumeArchiving()
            }
            try report.show(
                ["stopped": false, "stopped_before": .bool(wasStopped)],
                words: wasStopped ? "Archiving may go on." : "Archiving was not stopped."
            )
        }
    }

    static func checkReason(_ reason: String) throws {
        guard (1...400).contains(reason.unicodeScalars.count) else {
            throw ValidationError("--reason is 1 to 400 characters long")
        }
    }
}

extension Deployment {
    /// Opens as the role that archives, works and closes; a role that may not is told which setting names another.
    static func archiving<Value>(
        _ configuration: Configuration,
        _ work: (Deployment) async throws -> Value
    ) async throws -> Value {
        do {
            return try await with(configuration, needs: .archive, work)
        } catch let error as PostgresError where error.isInsufficientPrivilege {
            throw CommandFailure(
                "the role of this database URL may not do that in archiving (\(error.label))",
                mend: "connect as sluice_archiver: set archive.database_url, or SLUICE_ARCHIVE_DATABASE_URL",
                status: .configuration
            )
        }
    }
}

extension ConfigurationOptions {
    /// `isQuiet`: a bar tells a person what the log would; warnings are shown, or what was asked for.
    func load(isQuiet: Bool) throws -> Configuration {
        var configuration = try load()
        if isQuiet, logLevel == nil { configuration.logLevel = max(configuration.logLevel, .warning) }
        return configuration
    }
}

/// What counts as today.
struct RehearsalOptions: ParsableArguments {
    @Option(
        name: .customLong("as-of"),
        help: ArgumentHelp("Take this day for today, to rehearse; in class test only (R13).", valueName: "date")
    )
    var asOf: BusinessDate?

    /// Refused in class production before anything is asked of a database, which refuses it too.
    func check(_ configuration: Configuration) throws {
        guard asOf != nil, configuration.environment.environmentClass != .test else { return }
        throw CommandFailure(
            "--as-of is for rehearsals, and this is class production (R13)",
            mend: "leave it out, or rehearse on a copy of class test",
            status: .configuration
        )
    }
}
