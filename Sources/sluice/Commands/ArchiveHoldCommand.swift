import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice archive hold`: what never leaves, and never is dropped, because a person said so.
struct ArchiveHoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep a merchant's orders, a file or one order live, whatever their age (legal hold).",
        discussion: """
            What is in history already stays there, and is not dropped. Recorded are the login of the database session \
            and the reason; write nothing personal into it.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Option(help: "A merchant's number: all of its orders.")
    var merchant: String?

    @Option(help: "A batch number: all of a file.")
    var batch: BatchIdentifier?

    @Option(help: ArgumentHelp("One order.", valueName: "batch-line"))
    var order: LineKey?

    @Option(help: "Why; at most 400 characters.")
    var reason: String

    func validate() throws {
        guard [merchant != nil, batch != nil, order != nil].count(where: \.self) == 1 else {
            throw ValidationError("name one of --merchant, --batch and --order")
        }
        try ArchiveCommand.checkReason(reason)
    }

    func run() async throws {
        let scope: LegalHold.Scope
        if let merchant {
            scope = .merchant(MerchantNumber(merchant))
        } else if let batch {
            scope = .batch(batch)
        } else if let order {
            scope = .order(order.batch, order.line)
        } else {
            preconditionFailure("the parser has asked for one of the three")
        }
        let hold = try await Deployment.archiving(try options.load()) { deployment in
            try await deployment.archive.placeHold(scope, reason: reason)
        }
        try report.show(
            ["hold_id": .integer(hold), "scope": .string(scope.words)],
            words: "Hold \(hold): \(scope.words) stays."
        )
    }
}

/// `sluice archive lift`: the end of a hold.
struct ArchiveLiftCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lift",
        abstract: "Lift a hold: what it kept live leaves with the next run."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The hold's number, as `sluice archive holds` shows it.")
    var hold: Int64

    @Option(help: "Why; at most 400 characters.")
    var reason: String

    func validate() throws { try ArchiveCommand.checkReason(reason) }

    func run() async throws {
        let isLifted = try await Deployment.archiving(try options.load()) { deployment in
            try await deployment.archive.liftHold(hold, reason: reason)
        }
        guard isLifted else {
            throw CommandFailure(
                "there is no hold \(hold) that stands",
                mend: "see: sluice archive holds",
                status: .configuration
            )
        }
        try report.show(["hold_id": .integer(hold), "lifted": true], words: "Hold \(hold) is lifted.")
    }
}

/// `sluice archive holds`: all that stand.
struct ArchiveHoldsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "holds",
        abstract: "List the holds that stand."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let holds = try await Deployment.archiving(try options.load()) { deployment in
            try await deployment.archive.legalHolds()
        }
        var table = Table("#hold", "holds", "by", "since", "reason")
        for hold in holds {
            table.add("\(hold.identifier)", hold.scope.words, hold.placedBy, hold.placedAt.brief, hold.reason)
        }
        try report.show(.array(holds.map(\.json)), words: table.isEmpty ? "No hold stands." : table.text())
    }
}

extension LegalHold.Scope {
    /// What it keeps, for people.
    var words: String {
        switch self {
        case .merchant(let merchant): "merchant \(merchant)"
        case .batch(let batch): "batch \(batch)"
        case .order(let batch, let line): "order \(batch)-\(line)"
        case .day(let day): "day \(day)"
        }
    }
}

extension LegalHold {
    fileprivate var json: JSON {
        var members: [String: JSON] = [
            "hold_id": .integer(identifier), "reason": .string(reason), "placed_by": .string(placedBy),
            "placed_at": .string(placedAt.iso8601), "merchant": .null, "batch_id": .null, "line": .null, "day": .null,
        ]
        switch scope {
        case .merchant(let merchant): members["merchant"] = .string(merchant.value)
        case .batch(let batch): members["batch_id"] = .integer(batch.value)
        case .order(let batch, let line):
            members["batch_id"] = .integer(batch.value)
            members["line"] = .integer(line.value)
        case .day(let day): members["day"] = .string("\(day)")
        }
        return .object(members)
    }
}
