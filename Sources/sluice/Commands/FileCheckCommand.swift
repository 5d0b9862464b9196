import ArgumentParser
import BatchFiles
import Cryptography
import PaymentCore
import Pipeline

/// `sluice file check`: what intake would say of a file, without a database.
struct FileCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Tell what intake would make of a file; needs no database.",
        discussion: """
            Looks at what the file alone can tell: numbers and files that came before are not known here. Dates are \
            held against the business date that the file would be submitted with. Values are shown masked.

            Exit codes: 0 clean; 3 some records would go to quarantine, or the file be held; 1 it would be refused; \
            2 usage or configuration, or the file cannot be read.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The path of the file; - is standard input.")
    var path: String

    @Option(help: "The layout, as named in Config/layouts (default: the only one that the file looks like).")
    var format: String?

    @Option(help: "The merchant number whose rules, tolerance and ceilings hold (default: those of a careful bank).")
    var merchant: String?

    @Option(help: "withhold or payout (default: the only one that the merchant has routes for).")
    var direction: String?

    @Option(help: "The business date of the submission, YYYY-MM-DD (default: today in UTC).")
    var businessDate: BusinessDate?

    @Option(help: "How many records the file must have.")
    var declaredCount: Int64?

    @Option(help: "What the amounts of a currency must add up to, in minor units, as in CNY=12345; may be repeated.")
    var declaredSum: [DeclaredSum] = []

    @Option(help: "How many bad records to show, at most 1000.")
    var badRecords = 20

    func validate() throws {
        if let declaredCount, declaredCount < 0 { throw ValidationError("--declared-count is not negative") }
        guard Set(declaredSum.map(\.currency)).count == declaredSum.count else {
            throw ValidationError("--declared-sum names a currency twice")
        }
        guard direction.map({ Direction(rawValue: $0) != nil }) ?? true else {
            throw ValidationError("--direction is withhold or payout")
        }
        guard (0...1_000).contains(badRecords) else { throw ValidationError("--bad-records is 0 to 1000") }
    }

    func run() async throws {
        let configuration = try options.load()
        let catalogue = try merchant.map { _ in try Catalogue.load(configuration) }
        let profile = try profile(configuration, catalogue)
        let content = try BatchContent(path: path, hashesNow: false)
        let choice = try choice(configuration, rules: profile?.rules, content)
        let rules = try profile?.rules ?? RecordRules.usual(of: choice.format.format)
        let direction = direction(of: profile)
        let day = businessDate ?? BusinessDate(at: SystemClock().now())
        var check = FileCheck(
            format: choice.format,
            rules: rules,
            tolerance: profile?.tolerance ?? FileTolerance(),
            context: context(of: profile, direction, day, catalogue),
            direction: direction,
            fileBytes: content.bytes,
            badRecordsMax: badRecords
        )
        let sha256 = try read(content, into: &check)
        let sums = declaredSum.map { ($0.currency, Int128($0.minor)) }
        let found = FileCheckReport(
            fileName: path == "-" ? "stdin" : path.split(separator: "/").last.map(String.init) ?? path,
            bytes: content.bytes,
            sha256: sha256,
            choice: choice,
            merchant: profile?.number,
            businessDate: day,
            submitted: DeclaredTotals(submittedCount: declaredCount, sums: Dictionary(uniqueKeysWithValues: sums)),
            ceilings: AmountCeilings(
                file: profile?.ceilings.file ?? [:],
                merchantDay: profile?.ceilings.day ?? [:],
                deploymentDay: configuration.dayCeilings
            ),
            check: check
        )
        try report.show(found.json, words: found.words)
        switch found.outcome {
        case .clean: return
        case .quarantine, .hold: throw ExitStatus.waitsForPerson.code
        case .refuse: throw ExitStatus.failed.code
        }
    }

    /// That of the submission, where it is said or there is no other.
    private func direction(of profile: MerchantProfile?) -> Direction? {
        if let direction { return Direction(rawValue: direction) }
        let routes = profile?.routes.filter { !$0.value.isEmpty }.keys.sorted { $0.rawValue < $1.rawValue } ?? []
        return routes.count == 1 ? routes.first : nil
    }

    /// As if the file were submitted for this day.
    private func context(
        of profile: MerchantProfile?,
        _ direction: Direction?,
        _ day: BusinessDate,
        _ catalogue: Catalogue?
    ) -> RecordContext {
        guard let profile, let direction, let catalogue else { return RecordContext(businessDate: day) }
        return catalogue.engineConfiguration(limits: EngineLimits())
            .recordContext(merchant: profile.number, direction: direction, businessDate: day)
    }

    private func profile(_ configuration: Configuration, _ catalogue: Catalogue?) throws -> MerchantProfile? {
        guard let merchant, let merchants = catalogue?.merchants else { return nil }
        guard let profile = merchants[MerchantNumber(merchant)] else {
            throw CommandFailure(
                "there is no merchant \(merchant) in \(configuration.directory)/merchants",
                mend: "name one of: \(merchants.keys.map(\.value).sorted().joined(separator: ", "))",
                status: .configuration
            )
        }
        return profile
    }

    private func choice(
        _ configuration: Configuration,
        rules: RecordRules?,
        _ content: BatchContent
    ) throws -> FormatChoice {
        let formats = try Catalogue.formats(configuration)
        let folder = "\(configuration.directory)/layouts"
        if let format { return try FormatChoice(named: format, among: formats, folder: folder) }
        return try FormatChoice(
            probing: content.partCount > 0 ? part(1, of: content) : [],
            isWhole: content.partCount <= 1,
            among: formats,
            rules: rules,
            folder: folder
        )
    }

    /// Reads the file, once more where numbers are to be compared, and answers its SHA-256.
    private func read(_ content: BatchContent, into check: inout FileCheck) throws -> [UInt8] {
        var progress = ReadingProgress(bytes: content.bytes, isWanted: !report.json)
        var hasher = SHA256Hasher()
        // To its end also where it is refused: the hash says which file was looked at.
        try read(content, "Checking", &progress) { part, isLast in
            hasher.update(part)
            if check.refusal == nil { try check.read(part[...], isLast: isLast) }
            return true
        }
        if check.needsSecondReading {
            check.beginSecondReading()
            try read(content, "Comparing", &progress) { part, isLast in
                try check.read(part[...], isLast: isLast)
                return check.refusal == nil
            }
        }
        try progress.end()
        return hasher.finalize()
    }

    /// Calls `body` with each part, and whether it is the last, until it says that it needs no more.
    private func read(
        _ content: BatchContent,
        _ title: String,
        _ progress: inout ReadingProgress,
        _ body: (_ part: [UInt8], _ isLast: Bool) throws -> Bool
    ) throws {
        guard content.partCount > 0 else {
            _ = try body([], true)
            return
        }
        var readBytes: Int64 = 0
        for number in 1...content.partCount {
            let part = try part(number, of: content)
            guard try body(part, number == content.partCount) else { return }
            readBytes += Int64(part.count)
            try progress.show(title, readBytes: readBytes)
        }
    }

    /// A file that cannot be read is no file that would be refused.
    private func part(_ number: Int, of content: BatchContent) throws -> [UInt8] {
        do {
            return try content.part(number)
        } catch let failure as CommandFailure {
            throw CommandFailure(failure.what, mend: failure.mend, status: .configuration)
        }
    }
}
