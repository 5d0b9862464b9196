import ArgumentParser
import PaymentCore
import Pipeline
import PostgresClient
import PostgresStore
import Store

/// `sluice archive verify`: the receipts against history.
struct ArchiveVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read archived days again, and compare them with their receipts; exits 1 if one differs.",
        discussion: """
            All days, unless some are named. Reads only, in slices, and takes no lease; days of which a pass is under \
            way are left out, because their receipts change.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Option(help: "One day, as in 2026-05-01.")
    var day: BusinessDate?

    @Option(help: "The first of several days; with --to.")
    var from: BusinessDate?

    @Option(help: "The last of several days; with --from.")
    var to: BusinessDate?

    @Option(help: "So many days, drawn by lot, at most 1000.")
    var sample: Int?

    func validate() throws {
        guard (from == nil) == (to == nil) else { throw ValidationError("--from and --to go together") }
        guard [day != nil, from != nil, sample != nil].count(where: \.self) <= 1 else {
            throw ValidationError("name the days in one way: --day, --from with --to, or --sample")
        }
        if let from, let to, from > to { throw ValidationError("--from is not after --to") }
        guard (1...1_000).contains(sample ?? 1) else { throw ValidationError("--sample is 1 to 1000") }
    }

    private var days: ClosedRange<BusinessDate>? {
        if let day { return day...day }
        guard let from, let to else { return nil }
        return from...to
    }

    func run() async throws {
        let signals = StopSignals()
        let progress = ProgressBar(isWanted: !report.json)
        let verified = try await Deployment.archiving(try options.load()) { deployment in
            let store = deployment.archive
            var days = try await store.archivedDays(days)
            if let sample { days = Self.drawn(sample, of: days, using: deployment.random) }
            if days.isEmpty, let day {
                throw CommandFailure(
                    "\(day) is not archived, or a pass of it is under way",
                    mend: "see: sluice archive status",
                    status: .configuration
                )
            }
            let verification = ArchiveVerification(store: store, clock: deployment.archivingClock)
            defer { progress.end() }
            let wanted = days
            return try await signals.stopping { stop in
                var verified: [Verified] = []
                for (index, one) in wanted.enumerated() {
                    progress.show("\(one.day) \(one.table)", done: Int64(index), of: Int64(wanted.count))
                    verified.append(try await Self.verify(one, verification, stop: stop))
                }
                return verified
            }
        }
        let broken = verified.filter { !$0.holds }
        var table = Table("day", "table", "#rows found", "#rows told", "", "why")
        for one in broken {
            table.add(
                "\(one.at.day)",
                one.at.table.rawValue,
                one.found.map { "\($0.rows)" },
                one.told.map { "\($0.rows)" },
                "differs",
                one.missing
            )
        }
        let count = Set(verified.map(\.at.day)).count
        let rows = verified.reduce(0) { $0 + ($1.found?.rows ?? 0) }
        try report.show(
            ["holds": .bool(broken.isEmpty), "days": .array(verified.map(\.json))],
            words: broken.isEmpty
                ? "All \(count) days hold: \(rows) rows are what their receipts tell."
                : "\(table.text())\n\n\(broken.count) of \(verified.count) differ from their receipts."
        )
        if !broken.isEmpty { throw ExitStatus.failed.code }
    }

    /// A table's day as it was found.
    private struct Verified: Sendable {
        let at: ArchivedDay
        let found, told: ArchiveTotals?
        /// Why it could not be read.
        var missing: String?

        var holds: Bool { missing == nil && found == told }

        var json: JSON {
            [
                "day": .string("\(at.day)"), "table": .string(at.table.rawValue), "holds": .bool(holds),
                "rows": .integer(found?.rows), "found": found?.json ?? .null, "told": told?.json ?? .null,
                "missing": .string(missing),
            ]
        }
    }

    private static func verify(
        _ at: ArchivedDay,
        _ verification: ArchiveVerification,
        stop: StopSignal
    ) async throws -> Verified {
        do {
            let verified = try await verification.verify(at.table, at.day, stop: stop)
            return Verified(at: at, found: verified.found, told: verified.told)
        } catch let error as PostgresError where error.sqlState == "SL035" {
            return Verified(at: at, found: nil, told: nil, missing: error.message ?? "it has no partition")
        }
    }

    /// So many of the days, each with all of its tables.
    private static func drawn(
        _ count: Int,
        of days: [ArchivedDay],
        using random: SeededRandom
    ) -> [ArchivedDay] {
        var left = Set(days.map(\.day)).sorted()
        var drawn: Set<BusinessDate> = []
        while drawn.count < count, !left.isEmpty {
            drawn.insert(left.remove(at: Int(random.next() % UInt64(left.count))))
        }
        return days.filter { drawn.contains($0.day) }
    }
}
