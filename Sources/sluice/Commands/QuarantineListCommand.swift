import ArgumentParser
import PaymentCore
import PostgresStore
import Review
import Store

/// `sluice quarantine list`: groups, and the first records of them.
struct QuarantineListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Count quarantined records by reason, file, merchant or field, and list the first of them.",
        discussion: """
            Shows what waits, whatever its age. Decided records are listed with --state released or --state rejected, \
            of a file (--batch) or of some days (--days 7).
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var list: ListOptions

    @OptionGroup(title: "FILTER") var filter: QuarantineFilterOptions

    @Option(help: ArgumentHelp("What to count by: reason, file, merchant or field.", valueName: "what"))
    var by: QuarantineGrouping = .reason

    func run() async throws {
        let filter = filter.filter(limit: list.limit)
        let (groups, records, count) = try await Deployment.with(try options.load()) { deployment in
            let review = deployment.quarantineReview
            let records = try await review.records(filter)
            return (
                try await review.groups(filter, by: by), records,
                records.count < filter.limit ? Int64(records.count) : try await review.count(filter)
            )
        }
        let found = QuarantineListReport(grouping: by, groups: groups, records: records, count: count)
        try report.show(found.json, words: found.words)
    }
}

/// `sluice quarantine show`: one record with everything that may be shown.
struct QuarantineShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a quarantined record: its fields, all reasons, its place in the file, what was done to it.",
        discussion: """
            Account numbers, names and purposes are starred; `sluice quarantine unmask` shows them for a reason that \
            is written down.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The record, as BATCH-LINE.")
    var record: LineKey

    func run() async throws {
        let key = RecordKey(batch: record.batch, line: record.line)
        let found = try await Deployment.with(try options.load(), needs: .keys) { deployment in
            try await deployment.quarantineReview.history(of: key)
        }
        guard let found else { throw CommandFailure.noQuarantinedRecord(key) }
        try report.show(found.json, words: found.words)
    }
}

/// `sluice quarantine unmask`: one record in the clear.
struct QuarantineUnmaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmask",
        abstract: "Show what is starred of a quarantined record, for a reason that the audit keeps.",
        discussion: "Each look counts; above so many an hour (`review` of sluice.yaml) it is refused."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The record, as BATCH-LINE.")
    var record: LineKey

    @Option(help: "Why it must be seen; kept in the audit.")
    var reason: String

    func run() async throws {
        let key = RecordKey(batch: record.batch, line: record.line)
        let configuration = try options.load()
        let session = try SignedIn.secret(configuration)
        let found = try await Deployment.with(configuration, needs: .keys) { deployment in
            try await deployment.quarantineReview.unmask(key, reason: Masked.reason(reason), session: session)
        }
        guard let found else { throw CommandFailure.noQuarantinedRecord(key) }
        try report.show(found.json, words: found.words)
    }
}

extension CommandFailure {
    static func noQuarantinedRecord(_ key: RecordKey) -> CommandFailure {
        CommandFailure(
            "there is no quarantined record \(key)",
            mend: "look at: sluice quarantine list --batch \(key.batch)"
        )
    }
}
