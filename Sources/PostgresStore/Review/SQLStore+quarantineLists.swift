import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func quarantineGroups(
        _ filter: QuarantineFilter,
        by grouping: QuarantineGrouping
    ) async throws -> [QuarantineGroup] {
        try await pool.transaction("quarantine groups", readOnly: true) { transaction in
            var query = try query(filter, transaction)
            // Few kinds of records make up many: those of a kind are put together before their reasons are taken apart.
            let kinds = query.records(Self.kindColumns(grouping))
            let only = Self.only(grouping, filter).map { "WHERE k.key = \(query.parameter(.text($0)))" } ?? ""
            return try transaction.query(
                """
                WITH g AS MATERIALIZED (SELECT x.parts, x.state, x.currency, x.batch_id, count(*) AS records,
                    sum(x.amount_minor) AS amount, min(x.quarantined_at) AS oldest FROM (\(kinds)) x
                    GROUP BY x.parts, x.state, x.currency, x.batch_id
                ), k AS MATERIALIZED (SELECT * FROM (\(Self.keys(grouping))) k \(only)
                ), c AS (SELECT k.key, k.state, k.currency, sum(k.amount) AS amount FROM k
                    WHERE k.currency IS NOT NULL AND k.amount IS NOT NULL GROUP BY k.key, k.state, k.currency)
                SELECT k.key, k.state::text, sum(k.records)::bigint, count(DISTINCT k.batch_id), min(k.oldest),
                    ARRAY(SELECT c.currency FROM c WHERE c.key = k.key AND c.state = k.state ORDER BY c.currency),
                    ARRAY(SELECT c.amount::text FROM c WHERE c.key = k.key AND c.state = k.state ORDER BY c.currency),
                    min(k.file_name)
                FROM k GROUP BY k.key, k.state ORDER BY 3 DESC, k.key, k.state LIMIT 1000
                """,
                query.parameters
            ).map(Self.group)
        }
    }

    /// What records of one kind have in common, and what is counted of them.
    private static func kindColumns(_ grouping: QuarantineGrouping) -> String {
        let parts =
            switch grouping {
            case .reason: "jsonb_path_query_array(q.reasons, '$[*].code')"
            case .field: "jsonb_path_query_array(q.reasons, '$[*].field')"
            case .file, .merchant: "NULL::jsonb"
            }
        return "\(parts) AS parts, q.state, q.currency, q.batch_id, q.amount_minor, q.quarantined_at"
    }

    /// The keys of the groups, with what is counted under each.
    private static func keys(_ grouping: QuarantineGrouping) -> String {
        let counted = "g.state, g.currency, g.batch_id, g.records, g.amount, g.oldest"
        return switch grouping {
        case .reason:
            """
            SELECT r.key, \(counted), NULL::text AS file_name FROM g CROSS JOIN LATERAL (SELECT DISTINCT e.code AS key
                FROM jsonb_array_elements_text(g.parts) AS e (code)) r
            """
        case .field:
            """
            SELECT r.key, \(counted), NULL::text AS file_name FROM g CROSS JOIN LATERAL (
                SELECT DISTINCT coalesce(e.field, '') AS key
                FROM jsonb_array_elements_text(g.parts) AS e (field)) r
            """
        case .file:
            """
            SELECT g.batch_id::text AS key, \(counted), f.file_name
            FROM g JOIN sluice.batch_file f ON f.batch_id = g.batch_id
            """
        case .merchant:
            """
            SELECT m.merchant_no AS key, \(counted), NULL::text AS file_name FROM g
            JOIN sluice.batch_file f ON f.batch_id = g.batch_id JOIN sluice.merchant m USING (merchant_id)
            """
        }
    }

    /// The one key that is asked for: who filters by a reason does not mean the records' other ones.
    private static func only(_ grouping: QuarantineGrouping, _ filter: QuarantineFilter) -> String? {
        switch grouping {
        case .reason: filter.reason
        case .field: filter.field
        case .file, .merchant: nil
        }
    }

    private static func group(_ row: PostgresRow) throws -> QuarantineGroup {
        var amounts: [String: Int128] = [:]
        for (currency, amount) in zip(try row.textArray(5), try row.textArray(6)) {
            guard let minor = Int128(amount) else { throw StoreDefect("a sum is no whole number") }
            amounts[currency] = minor
        }
        var group = QuarantineGroup(
            key: try row.text(0),
            state: try row.word(1),
            records: try row.int64(2),
            files: try row.int64(3),
            amounts: amounts,
            oldestAt: try row.timestamp(4)
        )
        group.fileName = try row.optionalText(7)
        return group
    }

    package func quarantinedCount(_ filter: QuarantineFilter) async throws -> Int64 {
        try await pool.transaction("quarantined records counted", readOnly: true) { transaction in
            let query = try query(filter, transaction)
            let rows = try transaction.query(
                "SELECT count(*) FROM (\(query.records("q.batch_id"))) x",
                query.parameters
            )
            return try rows.first?.int64(0) ?? 0
        }
    }

    package func quarantinedRecords(_ filter: QuarantineFilter) async throws -> [QuarantinedRecord] {
        try await pool.transaction("quarantined records", readOnly: true) { transaction in
            var query = try query(filter, transaction)
            let limit = query.parameter(.int64(Int64(filter.limit)))
            return try transaction.query(
                """
                SELECT \(Self.recordColumns), \(Self.remainingColumns)
                FROM (\(query.records("q.*", "ORDER BY batch_id, line_no LIMIT \(limit)"))) q
                LEFT JOIN sluice.quarantine_amendment a ON a.batch_id = q.batch_id AND a.line_no = q.line_no
                    AND a.revision = q.revision
                ORDER BY q.batch_id, q.line_no
                """,
                query.parameters
            ).map { row in
                var record = try Self.quarantinedRecord(row)
                record.remainingReasons = try Self.remaining(row, at: Self.recordColumnCount)
                return record
            }
        }
    }

    /// The statement of a filter, in a transaction that is ready for it.
    func query(_ filter: QuarantineFilter, _ transaction: PostgresTransaction) throws -> QuarantineQuery {
        // The planner expects many kinds of records where there are few, and would compile for seconds what runs for
        // milliseconds.
        _ = try transaction.execute("SET LOCAL jit = off")
        return QuarantineQuery(filter, day: try filter.batch.flatMap { try businessDate(of: $0, transaction) })
    }
}
