import Foundation

/// One run of the built `sluice file check`: what it printed and how it ended.
struct CheckRun {
    let status: Int32
    let output: String
    let log: String

    /// The program stands beside the tests that were built with it.
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("sluice")

    /// Checks `bytes` under the file name `name`; nil gives them on standard input.
    init(
        _ bytes: [UInt8],
        name: String? = "batch.txt",
        configuration: String = "\(ConfigurationFilesTests.project)/Config",
        _ arguments: [String]
    ) throws {
        let folder = NSTemporaryDirectory() + "sluice-check-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/\(name ?? "stdin")"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        try self.init(
            path: name == nil ? "-" : path,
            input: name == nil ? try FileHandle(forReadingFrom: URL(fileURLWithPath: path)) : .nullDevice,
            configuration: configuration,
            arguments
        )
    }

    /// Checks the file at `path`.
    init(
        path: String,
        input: FileHandle = .nullDevice,
        configuration: String = "\(ConfigurationFilesTests.project)/Config",
        _ arguments: [String]
    ) throws {
        let said = NSTemporaryDirectory() + "sluice-check-\(UUID().uuidString)"
        defer { for stream in ["out", "log"] { try? FileManager.default.removeItem(atPath: "\(said).\(stream)") } }
        for stream in ["out", "log"] { try Data().write(to: URL(fileURLWithPath: "\(said).\(stream)")) }
        let process = Process()
        process.executableURL = Self.program
        process.arguments = ["file", "check", path, "--config", configuration] + arguments
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        process.standardInput = input
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(said).out"))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(said).log"))
        try process.run()
        process.waitUntilExit()
        status = process.terminationStatus
        output = try String(contentsOfFile: "\(said).out", encoding: .utf8)
        log = try String(contentsOfFile: "\(said).log", encoding: .utf8)
    }

    /// What `--json` says.
    struct Report: Decodable {
        struct Why: Decodable {
            let code: String
            let line: Int?
            let byte: Int?
            let what: String
            let mend: String
        }

        struct Sum: Decodable, Equatable {
            let currency: String
            let records: Int
            let records_minor: Int
            let orders: Int
            let orders_minor: Int
            let quarantined: Int
            let quarantined_minor: Int
        }

        struct Declared: Decodable, Equatable {
            struct Sum: Decodable, Equatable {
                let currency: String
                /// Merchants may declare more than any sum of orders can be.
                let declared_minor: Int128
                let found_minor: Int?
            }

            let origin: String
            let line: Int?
            let declared_count: Int?
            let found_count: Int?
            let sums: [Sum]
        }

        struct Count: Decodable, Equatable {
            let code: String
            let severity: String
            let count: Int
        }

        struct Reason: Decodable {
            let code: String
            let severity: String
            let field: String?
            let value: String
            let mend: String
        }

        struct Record: Decodable {
            let line_no: Int
            let physical_line: Int
            let byte_from: Int
            let byte_to: Int
            let merchant_order_number: String?
            let reasons: [Reason]
        }

        let file_name: String
        let bytes: Int
        let sha256: String
        let format: String
        let format_probed: Bool
        let merchant: String?
        let business_date: String
        let verdict: String
        let why: Why?
        let whole: Bool
        let records: Int
        let orders: Int
        let quarantined: Int
        let amount_unreadable: Int
        let numbers_compared: Bool
        let totals: [Sum]
        let declared: [Declared]
        let reasons: [Count]
        let bad_records: [Record]
    }

    func report() throws -> Report { try JSONDecoder().decode(Report.self, from: Data(output.utf8)) }
}
