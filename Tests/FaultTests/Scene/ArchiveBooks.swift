import PaymentCore
import PostgresClient
import Testing

/// Live and history of each heavy table as one set of rows: count, sum and hash by currency and state.
///
/// Archiving may change nothing of it, whatever befalls it.
struct ArchiveBooks: Sendable, Equatable {
    /// Of each table, in the words of its receipts.
    private let totals: [HeavyTable: String]

    static func read(_ scene: FaultScene) async throws -> ArchiveBooks {
        // One snapshot for all tables.
        try await scene.owner.transaction("books", deadline: .seconds(60)) { transaction in
            _ = try transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            var totals: [HeavyTable: String] = [:]
            for table in HeavyTable.allCases {
                let query = try transaction.query(
                    """
                    SELECT sluice.totals_of(t, c, format('(SELECT %1$s FROM sluice.%2$I UNION ALL SELECT %1$s
                        FROM history.%2$I) o', sluice.listed(c, ''), t))
                    FROM (SELECT $1::text AS t, sluice.columns_of($1) AS c) x
                    """,
                    [.text(table.rawValue)]
                ).first?.text(0)
                guard let query, let row = try transaction.query("SELECT (\(query))::text").first else {
                    throw SceneFailure("\(table) has no totals")
                }
                totals[table] = try row.text(0)
            }
            return ArchiveBooks(totals: totals)
        }
    }

    /// The books are as they were, and each row stands in one place only.
    func expectToHold(
        _ scene: FaultScene,
        _ when: String,
        _ location: SourceLocation = #_sourceLocation
    ) async throws {
        let now = try await Self.read(scene)
        for table in HeavyTable.allCases where now.totals[table] != totals[table] {
            Issue.record(
                "\(table), \(when): \(now.totals[table] ?? "") instead of \(totals[table] ?? "")\n\(scene.tails)",
                sourceLocation: location
            )
        }
        for (table, key) in Self.keys {
            let twice = try await scene.number(
                "SELECT count(*) FROM sluice.\(table) JOIN history.\(table) USING (\(key))"
            )
            #expect(twice == 0, "\(table), \(when): rows stand in two places", sourceLocation: location)
        }
    }

    /// Whether there is a row of each table: books of nothing always hold.
    func expectRowsOfEachTable(_ location: SourceLocation = #_sourceLocation) {
        for table in HeavyTable.allCases {
            #expect(totals[table]?.contains("rows") == true, "no row of \(table)", sourceLocation: location)
        }
    }

    private static let keys: [(table: HeavyTable, columns: String)] = [
        (.paymentOrder, "batch_id, line_no, business_date"),
        (.paymentAttempt, "batch_id, line_no, attempt_no, business_date"),
        (.submission, "batch_id, submission_no, business_date"),
        (.quarantineRecord, "batch_id, line_no, business_date"),
        (.exchange, "batch_id, submission_no, ordinal, exchange_day"),
    ]
}
