import EmbeddedPostgres
import Foundation
import PaymentCore
import PostgresClient
import Testing

/// Whoever archives a scene: a role of its own, at full pace, on a day that is chosen.
struct ArchiveDesk: Sendable {
    let scene: FaultScene

    /// What the processes of archiving are started with.
    ///
    /// Other scenes at work on the same server are no reason to rest.
    var variables: [String: String] {
        [
            "SLUICE_ARCHIVE_DATABASE_URL": scene.server.uri(database: scene.database, user: "sluice_archiver"),
            "SLUICE_ARCHIVE_DUTY": "100", "SLUICE_ARCHIVE_WAL_RATE": "1099511627776",
            "SLUICE_ARCHIVE_LOCK_WITHIN": "5s",
        ]
    }

    func start(_ arguments: [String], _ more: [String: String] = [:]) throws -> Program {
        try scene.start(["archive"] + arguments, variables.merging(more) { $1 })
    }

    @discardableResult
    func run(
        _ arguments: [String],
        _ more: [String: String] = [:],
        expecting status: Program.Status = 0
    ) async throws -> Program {
        try await scene.run(
            ["archive"] + arguments,
            variables.merging(more) { $1 },
            expecting: status,
            within: .minutes(3)
        )
    }

    /// Archives as if it were that day.
    @discardableResult
    func archive(
        asOf day: BusinessDate,
        _ more: [String: String] = [:],
        expecting status: Program.Status = 0
    ) async throws -> Program {
        try await run(["run", "--as-of", "\(day)", "--json"], more, expecting: status)
    }

    /// Every archived day is what its receipts tell, and every rule that binds whatever happened holds.
    func expectReceiptsToHold(_ location: SourceLocation = #_sourceLocation) async throws {
        let verify = try start(["verify"])
        let status = try await verify.end()
        #expect(status == 0, "\(verify.tail)", sourceLocation: location)
    }

    // MARK: Days

    var today: BusinessDate {
        get async throws { try await date("current_date") }
    }

    /// The oldest day that some table still has live.
    var oldest: BusinessDate {
        get async throws { try await date("min(sluice.carry_over_end(h.table_name)) FROM sluice.heavy_table h") }
    }

    /// The first day as of which another one is past its age of two months.
    func asOf(leaving day: BusinessDate) async throws -> BusinessDate {
        try await date(
            """
            min(a)::date FROM generate_series(date '\(day)' + 59, date '\(day)' + 64, interval '1 day') a
            WHERE sluice.archive_cutoff(a::date, 2) > '\(day)'
            """
        )
    }

    private func date(_ expression: String) async throws -> BusinessDate {
        let text = try await scene.text("SELECT (SELECT \(expression))::text")
        guard let date = BusinessDate(text) else { throw SceneFailure("\(text) is no date") }
        return date
    }

    // MARK: Faults

    /// Lets the lease of an archiver that is dead run out at once: the wait is not tested here.
    func forgetDeadArchiver() async throws {
        // What it had open ends with its connections.
        try await scene.until(
            "the end of the dead archiver's sessions",
            """
            SELECT (count(*) = 0)::int::bigint FROM pg_stat_activity WHERE datname = current_database()
                AND usename = 'sluice_archiver'
            """
        )
        try await execute("UPDATE sluice.archive_lease SET lease_until = now() WHERE worker_id IS NOT NULL")
    }

    /// Statements as the owner, under which no trigger judges what a test does to rows.
    func meddle(_ statements: String) async throws {
        try await execute("SET LOCAL session_replication_role = replica;\n\(statements)")
    }

    func execute(_ statements: String) async throws {
        try await scene.owner.transaction("test", deadline: .seconds(60)) { try $0.executeScript(statements) }
    }

    // MARK: Rows

    /// How many rows of a table's day stand in the live tables or in history.
    func rows(_ table: HeavyTable, _ day: BusinessDate, in schema: String) async throws -> Int64 {
        let column = table == .exchange ? "exchange_day" : "business_date"
        return try await scene.number("SELECT count(*) FROM \(schema).\(table) WHERE \(column) = '\(day)'")
    }

    /// Places a hold and answers its number.
    func hold(_ scope: [String]) async throws -> String {
        let answer = try await run(["hold"] + scope + ["--reason", "a court asks", "--json"]).json() as? [String: Any]
        guard let hold = answer?["hold_id"] as? Int else { throw SceneFailure("a hold has no number") }
        return "\(hold)"
    }

    func lift(_ hold: String) async throws { try await run(["lift", hold, "--reason", "the case is closed"]) }
}
