import ArgumentParser
import PostgresStore
import Store

/// `sluice verify`: every invariant that SQL can check.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check every invariant that SQL can check; exits 1 if one does not hold.",
        discussion: "Reads whole tables, each invariant in one statement on one snapshot, also while workers work."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let findings = try await Deployment.with(try options.load()) { deployment in
            var findings: [InvariantFinding] = []
            for (index, invariant) in Invariant.allCases.enumerated() {
                if !report.json, Terminal.isInteractive(.error) {
                    try Terminal.write(
                        Array("\r\u{1B}[K\(index + 1)/\(Invariant.allCases.count) \(invariant.rawValue)".utf8),
                        to: .error
                    )
                }
                findings.append(try await deployment.store.check(invariant))
            }
            if !report.json, Terminal.isInteractive(.error) { try Terminal.write(Array("\r\u{1B}[K".utf8), to: .error) }
            return findings
        }
        let broken = findings.filter { !$0.holds }
        var table = Table("invariant", "#breaches", "first of them")
        for finding in findings {
            table.add(
                finding.invariant.rawValue,
                finding.holds ? "–" : "\(finding.breaches)",
                finding.examples.joined(separator: ", ")
            )
        }
        try report.show(
            [
                "holds": .bool(broken.isEmpty),
                "invariants": .array(
                    findings.map {
                        [
                            "invariant": .string($0.invariant.rawValue), "breaches": .integer($0.breaches),
                            "examples": .array($0.examples.map { .string($0) }),
                        ]
                    }
                ),
            ],
            words: "\(table.text())\n\n"
                + (broken.isEmpty
                    ? "All \(findings.count) invariants hold." : "\(broken.count) of \(findings.count) do not hold.")
        )
        if !broken.isEmpty { throw ExitStatus.failed.code }
    }
}
