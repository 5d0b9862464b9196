import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    /// Whole tables are read: minutes on large ones.
    private static let checkDeadline = Duration.seconds(1_800)
    private static let examplesMax = 5

    package func check(_ invariant: Invariant) async throws -> InvariantFinding {
        try await pool.transaction("check \(invariant.rawValue)", deadline: Self.checkDeadline, readOnly: true) {
            transaction in
            // The role's own limit is for the short statements of a worker.
            _ = try transaction.execute("SET LOCAL statement_timeout = '30min'")
            let rows = try transaction.query(
                """
                WITH breach (key) AS MATERIALIZED (\(invariant.breaches))
                SELECT (SELECT count(*) FROM breach), ARRAY(SELECT key::text FROM breach LIMIT \(Self.examplesMax))
                """
            )
            guard let row = rows.first else { throw StoreDefect("a count has no row") }
            return InvariantFinding(
                invariant: invariant,
                breaches: try row.int64(0),
                examples: try row.textArray(1)
            )
        }
    }
}
