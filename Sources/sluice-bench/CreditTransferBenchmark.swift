import Foundation

/// Parsing and checking a pain.001 against libxml2's own streaming validation of the same file.
///
/// The program's side is `sluice file check`: pass 1 of intake, and the search for repeated numbers, with the rules of
/// a merchant that has IBANs and BICs checked. The peer is `xmllint --stream --schema`, which finds out whether the
/// file keeps its schema, and nothing else. Both are processes, measured from start to exit.
struct CreditTransferBenchmark: Sendable {
    private static let goal = 1.5
    private static let transactionsToJudge = 200_000
    private static let channel = "meridian"
    private static let merchant = "MER-TRANSFER"
    private static let peer = "xmllint"
    private static let profile = """
        merchant: \(merchant)
        title: A company that sends pain.001
        result_due_after: 1d
        records:
          account_form: iban
          bank_code_form: bic
          currencies: [EUR]
        routes:
          payout:
            - {channel: \(channel), weight: 1}

        """

    let transactions: Int
    let pairs: Int

    private struct Pair: Sendable {
        let own: (run: ProgramRun, watch: ProgramWatch)
        let peer: (run: ProgramRun, watch: ProgramWatch)

        var ratio: Double { Figure.seconds(of: own.run.duration) / Figure.seconds(of: peer.run.duration) }
    }

    func run() async throws -> BenchmarkReport {
        let folder = try BenchmarkFolder()
        defer { folder.remove() }
        let environment = folder.environment(channels: BenchmarkScene.channels)
        guard let peer = Self.path(of: Self.peer, environment) else {
            throw BenchmarkFailure("\(Self.peer) is missing: install the package libxml2-utils (Debian's name)")
        }
        try folder.replace("currencies: [CNY]", by: "currencies: [EUR]", in: "config/channels/\(Self.channel).yaml")
        try Self.profile.write(
            toFile: "\(folder.path)/config/merchants/\(Self.merchant).yaml",
            atomically: true,
            encoding: .utf8
        )
        let file = "\(folder.path)/transfers.xml"
        try CreditTransferFile(transactions: transactions).write(to: file)
        let schema = "\(folder.path)/config/schemas/iso20022/\(CreditTransferFile.message).xsd"

        let own = {
            try await Self.measure(
                ProgramRun.sluice,
                [
                    "file", "check", file, "--merchant", Self.merchant, "--format", "pain-001", "--business-date",
                    CreditTransferFile.executionDate, "--json",
                ],
                environment,
                folder.path
            )
        }
        let reference = {
            try await Self.measure(peer, ["--stream", "--schema", schema, file, "--noout"], environment, folder.path)
        }
        // The first reading brings the file into memory, for both alike.
        _ = try await reference()
        var measured: [Pair] = []
        for pair in 1...pairs {
            if pair % 2 == 1 {
                let first = try await own()
                measured.append(Pair(own: first, peer: try await reference()))
            } else {
                let first = try await reference()
                measured.append(Pair(own: try await own(), peer: first))
            }
        }
        return report(measured)
    }

    private static func measure(
        _ executable: String,
        _ arguments: [String],
        _ environment: [String: String],
        _ folder: String
    ) async throws -> (run: ProgramRun, watch: ProgramWatch) {
        let program = try RunningProgram(executable, arguments, environment: environment, folder: folder)
        let measured = try await ProgramWatch.end(of: program)
        // A clean file is one for both.
        guard measured.run.status == 0 else {
            throw BenchmarkFailure("`\(program.words)` ended with code \(measured.run.status): \(program.tail)")
        }
        return measured
    }

    private static func path(of program: String, _ environment: [String: String]) -> String? {
        environment["PATH"]?.split(separator: ":").map { "\($0)/\(program)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func report(_ pairs: [Pair]) -> BenchmarkReport {
        let own = Figure.middle(pairs.map { Figure.seconds(of: $0.own.run.duration) })
        let peer = Figure.middle(pairs.map { Figure.seconds(of: $0.peer.run.duration) })
        var report = BenchmarkReport()
        report.rows.append(
            BenchmarkReport.Row(
                benchmark: "check of a pain.001 with \(Figure.grouped(Int64(transactions))) transactions",
                measured: Figure.seconds(.seconds(own)),
                against: "\(Self.peer) --stream --schema, \(Figure.seconds(.seconds(peer)))",
                ratio: Figure.middle(pairs.map(\.ratio)),
                goal: transactions >= Self.transactionsToJudge ? .atMost(Self.goal) : .none
            )
        )
        report.rows.append(.residentMemory(pairs.map(\.own.watch.peakKibibytes).max() ?? 0))
        for (index, pair) in pairs.enumerated() {
            report.notes.append(
                "pain.001, pair \(index + 1): sluice \(Self.words(pair.own)), \(Self.peer) \(Self.words(pair.peer)), "
                    + "ratio \(Figure.ratio(pair.ratio))"
            )
        }
        return report
    }

    private static func words(_ measured: (run: ProgramRun, watch: ProgramWatch)) -> String {
        "\(Figure.seconds(measured.run.duration)) (\(Figure.seconds(measured.watch.processor)) of a processor, "
            + "\(Figure.grouped(Int64(measured.watch.peakKibibytes))) KiB)"
    }
}
