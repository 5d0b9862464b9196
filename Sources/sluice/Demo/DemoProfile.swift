import EmbeddedPostgres
import Foundation
import PostgresClient

/// Where the time of the whole chain went: by process, and by the server's statements.
struct DemoProfile: Sendable {
    /// All runs of one job.
    struct Job: Sendable, Equatable {
        let name: String
        var runs = 0
        var processorMilliseconds = 0
        var peakKibibytes = 0
    }

    /// One statement, whatever its values were.
    struct Statement: Sendable {
        let text: String
        let calls: Int64
        let milliseconds: Int64
        let rows: Int64
        let walBytes: Int64
    }

    private static let statementsMax = 15

    let jobs: [Job]
    let server: Duration
    let simulator: Duration
    let statements: [Statement]

    /// What the server must have loaded at its start.
    static let serverSettings = ["shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.max": "2000"]

    /// Begins to count the server's statements.
    static func begin(_ pool: PostgresPool) async throws {
        try await pool.transaction("begin profile") { transaction in
            try transaction.executeScript("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
            _ = try transaction.query("SELECT pg_stat_statements_reset()")
        }
    }

    /// What the logs of the jobs' runs say.
    static func jobs(_ names: [String], logDirectory: String) -> [Job] {
        names.map { name in
            let log = (try? String(contentsOfFile: "\(logDirectory)/\(name).log", encoding: .utf8)) ?? ""
            return log.split(separator: "\n").compactMap(entry).filter { $0["message"] as? String == "run ended" }
                .reduce(into: Job(name: name)) { job, entry in
                    job.runs += 1
                    job.processorMilliseconds += number(entry["processor_ms"])
                    job.peakKibibytes = max(job.peakKibibytes, number(entry["peak_resident_kib"]))
                }
        }
    }

    /// The statements that took the server longest since the beginning.
    static func statements(_ pool: PostgresPool) async throws -> [Statement] {
        try await pool.transaction("statements", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT query, calls, total_exec_time::bigint, rows, wal_bytes::bigint FROM pg_stat_statements
                WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                ORDER BY total_exec_time DESC LIMIT $1
                """,
                [.int64(Int64(statementsMax))]
            ).map { row in
                Statement(
                    text: oneLine(try row.text(0)),
                    calls: try row.int64(1),
                    milliseconds: try row.int64(2),
                    rows: try row.int64(3),
                    walBytes: try row.int64(4)
                )
            }
        }
    }

    /// One object for machines.
    var json: String {
        let jobs = jobs.map {
            """
            {"job":"\($0.name)","runs":\($0.runs),"processor_ms":\($0.processorMilliseconds),\
            "peak_resident_kib":\($0.peakKibibytes)}
            """
        }
        let statements = statements.map {
            """
            {"statement":\(JSON.string($0.text).text),"calls":\($0.calls),"ms":\($0.milliseconds),"rows":\($0.rows),\
            "wal_bytes":\($0.walBytes)}
            """
        }
        return """
            {"jobs":[\(jobs.joined(separator: ","))],"server_processor_ms":\(Self.milliseconds(server)),\
            "simulator_processor_ms":\(Self.milliseconds(simulator)),\
            "statements":[\(statements.joined(separator: ","))]}
            """
    }

    /// The same for people.
    var text: String {
        var lines = ["Where the time went (processor seconds)"]
        for job in jobs {
            lines.append("  \(job.name): \(Self.seconds(job.processorMilliseconds)) s in \(job.runs) runs")
        }
        lines.append("  PostgreSQL: \(Self.seconds(Self.milliseconds(server))) s")
        lines.append("  simulated channels: \(Self.seconds(Self.milliseconds(simulator))) s")
        lines.append("  the server's statements, longest first:")
        for statement in statements {
            lines.append(
                "    \(Self.seconds(Int(statement.milliseconds))) s, \(statement.calls) calls, \(statement.rows) rows: "
                    + statement.text
            )
        }
        return lines.joined(separator: "\n") + "\n\n"
    }

    private static func entry(_ line: Substring) -> [String: Any]? {
        try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
    }

    private static func number(_ value: Any?) -> Int { (value as? String).flatMap { Int($0) } ?? value as? Int ?? 0 }

    private static func oneLine(_ text: String) -> String {
        String(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").prefix(200))
    }

    private static func milliseconds(_ duration: Duration) -> Int {
        Int(duration.components.seconds * 1_000 + duration.components.attoseconds / 1_000_000_000_000_000)
    }

    private static func seconds(_ milliseconds: Int) -> String { "\(milliseconds / 1_000).\(milliseconds / 100 % 10)" }
}
