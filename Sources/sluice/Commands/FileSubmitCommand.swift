import ArgumentParser
import Cryptography
import PaymentCore
import PostgresStore
import Store

/// `sluice file submit`: queues a batch file, in parts of at most 1 MiB.
struct FileSubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Queue a batch file.",
        discussion: """
            The same merchant, client key and bytes give the same batch again; exit 3 if that one is held for a \
            person. The same bytes under a new key, or under none, are held by intake.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The path of the file; - is standard input.")
    var path: String

    @Option(help: "The merchant number.")
    var merchant: String

    @Option(help: "withhold or payout.")
    var direction: Direction

    @Option(help: "The layout, as named in Config/layouts.")
    var format: String

    @Option(help: "The business date, YYYY-MM-DD (default: the database's today).")
    var businessDate: BusinessDate?

    @Option(help: "The sender's own key of this file, so that it is queued once however often it is submitted.")
    var clientKey: String?

    @Option(help: "How many records the file must have.")
    var declaredCount: Int64?

    @Option(help: "What the amounts of a currency must add up to, in minor units, as in CNY=12345; may be repeated.")
    var declaredSum: [DeclaredSum] = []

    @Option(help: "The file's name in reports and results (default: that of the path).")
    var name: String?

    func validate() throws {
        if let declaredCount, declaredCount < 0 { throw ValidationError("--declared-count is not negative") }
        guard Set(declaredSum.map(\.currency)).count == declaredSum.count else {
            throw ValidationError("--declared-sum names a currency twice")
        }
        guard (1...255).contains(fileName.unicodeScalars.count) else {
            throw ValidationError("--name has 1 to 255 characters")
        }
        if let clientKey, !(1...100).contains(clientKey.unicodeScalars.count) {
            throw ValidationError("--client-key has 1 to 100 characters")
        }
    }

    func run() async throws {
        let configuration = try options.load()
        let formats = try Catalogue.formats(configuration)
        guard formats[format] != nil else {
            throw CommandFailure(
                "there is no layout \(format) in \(configuration.directory)/layouts",
                mend: "name one of: \(formats.keys.sorted().joined(separator: ", "))",
                status: .configuration
            )
        }
        let content = try BatchContent(path: path)
        let file = BatchFileToSubmit(
            merchant: MerchantNumber(merchant),
            direction: direction,
            format: format,
            fileName: name == nil && path == "-" ? Self.name(of: content) : fileName,
            environment: configuration.environment.name,
            businessDate: businessDate,
            clientKey: clientKey,
            declaredCount: declaredCount,
            declaredSums: Dictionary(uniqueKeysWithValues: declaredSum.map { ($0.currency.code, $0.minor) }),
            contentSHA256: content.sha256,
            contentBytes: content.bytes,
            partCount: content.partCount
        )
        let (batch, detail) = try await Deployment.with(configuration) { deployment in
            let batch = try await deployment.store.submitBatchFile(file) { try content.part($0) }
            return (batch, try await deployment.store.batch(batch))
        }
        let state = detail?.summary.state ?? .pending
        let verdict = detail?.summary.verdict
        let why = verdict.map { "; " + Masked.visible("\($0.what): \($0.mend)", scalarsMax: 400) } ?? ""
        try report.show(
            [
                "batch_id": .integer(batch.value), "state": .string(state.rawValue), "bytes": .integer(content.bytes),
                "verdict": verdict.map(\.json) ?? .null,
            ],
            words: "Batch \(batch): \(state.rawValue)"
                + why
        )
        if state == .held { throw ExitStatus.waitsForPerson.code }
    }

    private var fileName: String { name ?? path.split(separator: "/").last.map(String.init) ?? path }

    /// Files without a name of their own must not look like one that was sent again.
    private static func name(of content: BatchContent) -> String {
        "stdin-\(Hexadecimal.encode(Array(content.sha256.prefix(6))))"
    }
}

/// `CNY=12345`: a currency and its minor units.
struct DeclaredSum: ExpressibleByArgument {
    let currency: Currency
    let minor: Int64

    init?(argument: String) {
        let sides = argument.split(separator: "=", omittingEmptySubsequences: false)
        guard sides.count == 2, let currency = Currency(code: String(sides[0])), let minor = Int64(sides[1]), minor >= 0
        else { return nil }
        (self.currency, self.minor) = (currency, minor)
    }
}
