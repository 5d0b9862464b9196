import ArgumentParser
import PaymentCore
import Pipeline
import PostgresStore
import Store

/// `sluice archive restore`: what has left, as a copy for people or back to the live tables.
struct ArchiveRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Copy an archived order, file or day into the schema `restored`, or bring a day back to live.",
        discussion: """
            A copy stands in tables such as restored.payment_order_LABEL; the receipts judge it, --drop removes it. \
            --to-live takes the newest archived day only, older ones in descending order; a hold keeps it live until \
            `sluice archive lift`, and the next run archives it again.

            Exits 1 where a copy or history is not what the receipts tell; 2 for a day that is live or not the newest; \
            3 while archiving is stopped; 4 while an archiver is at work; 5 where a part is left: give it again.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Option(help: "All of a file.")
    var batch: BatchIdentifier?

    @Option(help: ArgumentHelp("One order, with its attempts, submissions and calls.", valueName: "batch-line"))
    var order: LineKey?

    @Option(help: "A whole day, as in 2026-05-01.")
    var day: BusinessDate?

    @Option(help: ArgumentHelp("Drop the tables of an earlier copy.", valueName: "label"))
    var drop: String?

    @Flag(help: "Bring the day back to the live tables, instead of a copy.")
    var toLive = false

    @Option(help: "Why a day is brought back; kept with its hold. At most 400 characters.")
    var reason: String?

    @Option(help: ArgumentHelp("How long others may be kept from a table, at most 10s.", valueName: "time"))
    var lockFor = TimeArgument(.milliseconds(100))

    private static let budget = TimeSpan.minutes(10)
    private static let lockMost = TimeSpan.seconds(10)

    func validate() throws {
        guard [batch != nil, order != nil, day != nil, drop != nil].count(where: \.self) == 1 else {
            throw ValidationError("name one of --batch, --order, --day and --drop")
        }
        guard toLive || reason == nil else { throw ValidationError("--reason goes with --to-live") }
        if toLive {
            guard day != nil else { throw ValidationError("only a whole --day comes back to live") }
            guard let reason else { throw ValidationError("--to-live needs a --reason") }
            try ArchiveCommand.checkReason(reason)
        }
        guard lockFor.span <= Self.lockMost else { throw ValidationError("--lock-for is at most 10s") }
    }

    func run() async throws {
        let progress = ProgressBar(isWanted: !report.json)
        let configuration = try options.load(isQuiet: progress.isShown)
        if let drop { return try await remove(drop, configuration) }
        let signals = StopSignals()
        if toLive, let day, let reason {
            let span = lockFor.span
            let reopened = try await Deployment.archiving(configuration) { deployment in
                try await deployment.requireArchiver()
                let restoration = ArchiveRestoration(deployment.archivingStage(), store: deployment.archive)
                defer { progress.end() }
                return try await signals.stopping { stop in
                    try await restoration.bringBack(
                        day,
                        reason: reason,
                        within: span,
                        budget: Self.budget,
                        stop: stop
                    ) { progress.show($0) }
                }
            }
            return try report.show(
                Self.json(label: nil, reopened.tables, judged: nil, reopened: reopened),
                words: "\(reopened.day) is live again, and hold \(reopened.hold) keeps it so."
            )
        }
        let done = try await Deployment.archiving(configuration) { deployment in
            try await deployment.requireArchiver()
            let scope = try await scope(deployment)
            let label = "r\(deployment.archivingClock.now().unixMicroseconds / 1_000)"
            let restoration = ArchiveRestoration(deployment.archivingStage(), store: deployment.archive)
            return try await signals.stopping { stop in try await restoration.copy(scope, label: label, stop: stop) }
        }
        try report.show(
            Self.json(
                label: done.copy.label,
                done.copy.tables.mapValues(\.rows),
                judged: done.isRight,
                reopened: nil
            ),
            words: Self.words(done)
        )
        if !done.isRight { throw ExitStatus.failed.code }
    }

    private func remove(_ label: String, _ configuration: Configuration) async throws {
        let dropped = try await Deployment.archiving(configuration) { try await $0.archive.dropRestored(label: label) }
        guard dropped > 0 else {
            throw CommandFailure(
                "there is no copy of this label",
                mend: "look at the tables of schema `restored`",
                status: .configuration
            )
        }
        try report.show(
            ["label": .string(label), "tables_dropped": .integer(dropped)],
            words: "Dropped the \(dropped) tables of copy \(label)."
        )
    }

    private func scope(_ deployment: Deployment) async throws -> RestoredScope {
        if let day { return .day(day) }
        guard let batch = batch ?? order?.batch else { preconditionFailure("the parser has asked for one of them") }
        guard let day = try await deployment.archive.businessDate(of: batch) else {
            throw CommandFailure(
                "there is no batch \(batch)",
                mend: "see: sluice file list",
                status: .configuration
            )
        }
        guard let order else { return .batch(batch, businessDate: day) }
        return .order(OrderKey(batch: order.batch, line: order.line, businessDate: day))
    }

    private static func json(
        label: String?,
        _ tables: [HeavyTable: Int64],
        judged: Bool?,
        reopened: ArchiveRestoration.Reopened?
    ) -> JSON {
        [
            "label": .string(label),
            "tables": .object(Dictionary(uniqueKeysWithValues: tables.map { ($0.rawValue, .integer($1)) })),
            "judged": judged.map { .bool($0) } ?? .null, "reopened": .string(reopened.map { "\($0.day)" }),
            "hold_id": .integer(reopened?.hold),
        ]
    }

    private static func words(_ done: ArchiveRestoration.Copied) -> String {
        var table = Table("table", "#rows", "beside history and receipts")
        for (heavy, copied) in done.copy.tables.sorted(by: { $0.key < $1.key }) {
            table.add(
                "restored.\(heavy)_\(done.copy.label)",
                "\(copied.rows)",
                copied.isRight ? "the same" : "\(copied.strays) rows differ"
            )
        }
        let broken = done.verified.filter { !$0.holds }.map { "\($0.table) \($0.day)" }.joined(separator: ", ")
        let judgement =
            done.isRight
            ? "The receipts say that it is what left." : "It is NOT what left\(broken.isEmpty ? "" : ": \(broken)")."
        return "\(table.text())\n\n\(judgement) Remove it: sluice archive restore --drop \(done.copy.label)"
    }
}
