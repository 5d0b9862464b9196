import ArgumentParser
import Foundation

/// Benchmarks of the built programs, as ratios measured in one run.
@main
struct SluiceBench: AsyncParsableCommand {
    /// What can be measured.
    enum Part: String, CaseIterable, ExpressibleByArgument {
        /// All of the next four.
        case intake
        case csv
        case creditTransfer = "pain-001"
        case registry
        case badRecords = "bad-records"
        case claim
        case chain
        /// All of the next three.
        case archive
        case archiveSwap = "archive-swap"
        case archiveRows = "archive-rows"
        case archiveLoad = "archive-load"
        case review

        /// What is measured under this name.
        var single: [Part] {
            switch self {
            case .intake: [.csv, .creditTransfer, .registry, .badRecords]
            case .archive: [.archiveSwap, .archiveRows, .archiveLoad]
            default: [self]
            }
        }
    }

    static let configuration = CommandConfiguration(
        commandName: "sluice-bench",
        abstract: "Measure the built programs beside their peers, and print ratios.",
        discussion: """
            Everything runs on embedded servers of its own and is removed again. Figures of one run may be compared, \
            figures of two machines or two runs may not. Exits 0 if every budget holds, 1 if one does not.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "What to measure: \(Part.allCases.map(\.rawValue).joined(separator: ", ")) (default: all).",
            discussion: [Part.intake, .archive].map { part in
                "\(part.rawValue) is \(part.single.map(\.rawValue).joined(separator: ", "))."
            }.joined(separator: " ")
        )
    )
    var parts: [Part] = []

    @Flag(help: "End with one JSON object instead of the table.")
    var json = false

    @Flag(help: "A minute in all: sizes too small for a judgement, large enough to see that everything works.")
    var quick = false

    @Option(help: ArgumentHelp("Records of a file, instead of 1000000 (pain-001: 400000).", valueName: "n"))
    var records: Int?

    @Option(help: ArgumentHelp("Order numbers in a full registry, instead of 20000000.", valueName: "n"))
    var registryRecords: Int?

    @Option(help: ArgumentHelp("Orders that wait on the other lane of a claim, instead of 10000000.", valueName: "n"))
    var backlog: Int?

    @Option(help: ArgumentHelp("Orders of 20 days that are archived, instead of 10000000.", valueName: "n"))
    var archived: Int?

    func validate() throws {
        guard (1_000...1_000_000).contains(records ?? 1_000) else {
            throw ValidationError("--records is 1000 to 1000000")
        }
        guard (1_000...OrderNumbers.storedMax).contains(registryRecords ?? 1_000) else {
            throw ValidationError("--registry-records is 1000 to \(OrderNumbers.storedMax)")
        }
        guard (500...100_000_000).contains(backlog ?? 500) else {
            throw ValidationError("--backlog is 500 to 100000000")
        }
        guard (20_000...100_000_000).contains(archived ?? 20_000) else {
            throw ValidationError("--archived is 20000 to 100000000")
        }
    }

    func run() async throws {
        var report = BenchmarkReport()
        for part in (parts.isEmpty ? [.intake, .claim, .chain, .archive, .review] : parts).flatMap(\.single) {
            FileHandle.standardError.write(Data("measuring \(part.rawValue) …\n".utf8))
            report.add(try await measure(part))
        }
        let text = json ? try report.json() : report.text
        FileHandle.standardOutput.write(Data(text.utf8))
        if !report.isWithinBudget { throw ExitCode.failure }
    }

    private var archivedOrders: Int { archived ?? (quick ? 200_000 : 10_000_000) }

    private func measure(_ part: Part) async throws -> BenchmarkReport {
        let (csvRecords, rounds) = (records ?? (quick ? 20_000 : 1_000_000), quick ? 1 : 3)
        switch part {
        case .intake, .archive: preconditionFailure("a name for several parts is measured part by part")
        case .csv: return try await IntakeBenchmark(records: csvRecords, pairs: quick ? 1 : 7).run()
        case .creditTransfer:
            return try await CreditTransferBenchmark(
                transactions: records ?? (quick ? 20_000 : 400_000),
                pairs: quick ? 1 : 7
            ).run()
        case .registry:
            return try await RegistryBenchmark(
                records: csvRecords,
                stored: registryRecords ?? (quick ? 200_000 : 20_000_000),
                rounds: rounds
            ).run()
        case .badRecords: return try await BadRecordsBenchmark(records: csvRecords, rounds: rounds).run()
        case .claim:
            return try await ClaimBenchmark(
                backlog: backlog ?? (quick ? 100_000 : 10_000_000),
                claims: quick ? 300 : 3_000
            ).run()
        case .chain:
            return try await ChainBenchmark(records: records ?? (quick ? 2_000 : 1_000_000)).run()
        case .archiveSwap: return try await ArchiveSwapBenchmark(orders: archivedOrders).run()
        case .archiveRows:
            return try await ArchiveRowsBenchmark(
                orders: archivedOrders / ArchiveSwapBenchmark.days,
                pairs: quick ? 1 : 7
            ).run()
        case .archiveLoad:
            return try await ArchiveLoadBenchmark(
                orders: archivedOrders,
                pairs: quick ? 1 : 8,
                half: quick ? .seconds(3) : .seconds(30)
            ).run()
        case .review: return try await ReviewBenchmark(records: records ?? (quick ? 5_000 : 100_000)).run()
        }
    }
}
