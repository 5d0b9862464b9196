import ArgumentParser
import BatchFiles
import PaymentCore
import PostgresStore
import Review
import Store

/// `sluice quarantine amend`: other texts for fields of records.
struct QuarantineAmendCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amend",
        abstract: "Put other texts beside what a quarantined record said, judged by the rules of intake.",
        discussion: """
            One record: sluice quarantine amend 12-7 --set account_number=6222020200112233445 --comment TEXT. Many: \
            sluice quarantine amend --reason surrounding_space --trim account_name --dry-run, then without --dry-run. \
            Rules are applied in this order: set, replace, clean, strip, trim, upper. A record whose new text breaks a \
            rule is left alone. What was sent stays as it was; another person approves the release. Fields: \
            \(RecordField.allCases.map(\.rawValue).joined(separator: ", ")).
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions
    @OptionGroup var which: QuarantineSelectionOptions

    @Option(help: ArgumentHelp("The field says this text; - reads it from standard input.", valueName: "field=text"))
    var set: [FieldText] = []

    @Option(help: ArgumentHelp("Each occurrence of a text becomes another.", valueName: "field:old=new"))
    var replace: [FieldReplacement] = []

    @Option(help: ArgumentHelp("Take control and invisible characters away.", valueName: "field"))
    var clean: [RecordField] = []

    @Option(help: ArgumentHelp("Take spaces, dots, hyphens and slashes out of a number.", valueName: "field"))
    var strip: [RecordField] = []

    @Option(help: ArgumentHelp("Take spaces before and after the text away.", valueName: "field"))
    var trim: [RecordField] = []

    @Option(help: ArgumentHelp("Write capitals.", valueName: "field"))
    var upper: [RecordField] = []

    @Option(help: "Why; kept with each amendment. Not needed for --dry-run.")
    var comment: String?

    func validate() throws {
        guard dry.dryRun || comment?.isEmpty == false else { throw ValidationError("--comment says why") }
        guard set.count(where: { $0.isFromInput }) <= 1 else {
            throw ValidationError("standard input holds one text")
        }
    }

    func run() async throws {
        let configuration = try options.load()
        let session = try SignedIn.secret(configuration)
        let amendment = RequestedAmendment(
            selection: which.selection,
            rules: try set.map { .set($0.field, to: try $0.resolved()) }
                + replace.map { .replace($0.field, $0.old, by: $0.new) } + clean.map { .clean($0) }
                + strip.map { .strip($0) } + trim.map { .trim($0) } + upper.map { .upper($0) },
            comment: comment ?? ""
        )
        let bar = ProgressBar(isWanted: !report.json)
        let done = try await bar.during {
            try await Deployment.with(configuration, needs: .keys) { deployment in
                if dry.dryRun { try await deployment.store.require(.amend, of: session) }
                return try await deployment.quarantineReview.amend(amendment, session: dry.dryRun ? nil : session) {
                    bar.show("amending", done: $0.done, of: $0.whole)
                }
            }
        }
        try report.show(done.json, words: done.words)
        guard done.isWhole else { throw ExitStatus.waitsForPerson.code }
    }
}

extension RecordField: ExpressibleByArgument {}

/// `FIELD=TEXT`.
struct FieldText: ExpressibleByArgument {
    let field: RecordField
    private let text: String

    init?(argument: String) {
        let sides = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let field = RecordField(rawValue: String(sides[0])) else { return nil }
        (self.field, text) = (field, String(sides[1]))
    }

    /// Whether the text stands on standard input, where neither the history of a shell nor a list of processes has it.
    var isFromInput: Bool { text == "-" }

    func resolved() throws -> String {
        guard isFromInput else { return text }
        guard let line = readLine(strippingNewline: true) else {
            throw CommandFailure("standard input is empty", mend: "write the text of \(field.rawValue) there")
        }
        return line
    }
}

/// `FIELD:OLD=NEW`.
struct FieldReplacement: ExpressibleByArgument {
    let field: RecordField
    let old, new: String

    init?(argument: String) {
        let sides = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, let field = RecordField(rawValue: String(sides[0])) else { return nil }
        let texts = sides[1].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard texts.count == 2, !texts[0].isEmpty else { return nil }
        (self.field, old, new) = (field, String(texts[0]), String(texts[1]))
    }
}
