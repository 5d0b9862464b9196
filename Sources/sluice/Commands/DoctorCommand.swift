import ArgumentParser
import PostgresClient

/// `sluice doctor`: whether the deployment is sound.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check server, schema, roles, budget, clock, keys, channels and sinks; name the mend of each fault.",
        discussion: """
            Changes nothing, and sends channels no request: it connects and closes. Exits 0 where nothing fails, also \
            with warnings; 1 where something fails; 2 for a configuration that cannot be read.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let configuration = try options.load()
        let catalogue = try Catalogue.load(configuration)
        let pool = try Deployment.pool(configuration)
        let findings: [Finding]
        do {
            findings = try await Doctor(configuration: configuration, catalogue: catalogue, pool: pool).examine()
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()

        let failures = findings.filter { $0.level == .failure }
        let warnings = findings.filter { $0.level == .warning }
        var table = Table("", "check", "of", "found")
        for finding in findings {
            table.add(finding.level.rawValue, finding.check.rawValue, finding.subject, finding.found)
        }
        let mends = (failures + warnings).map { finding in
            "\(finding.check.rawValue)\(finding.subject.map { " \($0)" } ?? ""): \(finding.mend ?? "")"
        }
        try report.show(
            [
                "sound": .bool(failures.isEmpty), "failures": .integer(failures.count),
                "warnings": .integer(warnings.count), "checks": .array(findings.map(\.json)),
            ],
            words: table.text() + "\n\n" + (mends.isEmpty ? "" : "Mends\n\(mends.joined(separator: "\n"))\n\n")
                + "\(findings.count) checks: \(failures.count) fail, \(warnings.count) warn."
        )
        if !failures.isEmpty { throw ExitStatus.failed.code }
    }
}

extension Finding {
    fileprivate var json: JSON {
        [
            "check": .string(check.rawValue), "subject": .string(subject), "level": .string(level.rawValue),
            "found": .string(found), "mend": .string(mend),
        ]
    }
}
