package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    /// Memory of the server for the comparison of two days' orders; beyond it the server uses its disk.
    private static let comparisonMemory = "64MB"

    /// Orders of the other files, also of days that have left: a file may have waited for long.
    ///
    /// A payment that failed, was cancelled or came back is not made twice by being made once more.
    private static let near = """
        \(others("sluice.payment_order", state: "o.state")) UNION ALL
        \(others("history.payment_order", state: standing("o")))
        """

    private static func others(_ table: String, state: String) -> String {
        """
        SELECT o.payment_key, o.batch_id, o.line_no FROM \(table) o
        WHERE o.business_date BETWEEN $2 AND $3 AND o.batch_id = ANY ($4) AND o.payment_key IS NOT NULL
            AND \(state) NOT IN ('cancelled', 'failed', 'returned')
        """
    }

    /// Orders of the file that pay what one of the others pays, each once, however many of the others there are.
    private static let repeating = """
        SELECT o.line_no, o.payment_key FROM sluice.payment_order o
        WHERE o.batch_id = $1 AND o.business_date = $5 AND EXISTS (
            SELECT FROM (\(near)) n WHERE n.payment_key = o.payment_key)
        """

    package func warnOfSamePayments(in file: ClaimedBatchFile, days: Int) async throws -> Int64 {
        precondition((0...31).contains(days), "a window lies within the live days")
        return try await pool.transaction("warn of same payments", deadline: .seconds(120)) { transaction in
            let first = file.businessDate.advanced(byDays: -Int32(days))
            let last = file.businessDate.advanced(byDays: Int32(days))
            let near = try transaction.query(
                """
                SELECT t.batch_id FROM sluice.batch_file f JOIN sluice.batch_file t ON t.merchant_id = f.merchant_id
                    AND t.business_date BETWEEN $2 AND $3 AND t.direction = f.direction AND t.batch_id <> f.batch_id
                    AND t.state IN ('splitting', 'split', 'working', 'finished')
                WHERE f.batch_id = $1 AND f.lease_epoch = $4 AND f.state = 'splitting'
                """,
                [.int64(file.id.value), .date(first), .date(last), .int64(file.epoch.value)]
            ).map { try $0.int64(0) }
            guard !near.isEmpty else { return 0 }
            // Today's rows have no statistics yet; only hashing them takes the same time whatever they turn out to be.
            _ = try transaction.query(
                """
                SELECT set_config('work_mem', $1, true), set_config('enable_nestloop', 'off', true),
                    set_config('enable_mergejoin', 'off', true)
                """,
                [.text(Self.comparisonMemory)]
            )
            // Compared and written without the lock of the file: nobody else need wait, however long the files are. In
            // one statement, whose look for what is repeated is kept for all of it.
            let found = try transaction.execute(
                """
                WITH again AS MATERIALIZED (\(Self.repeating)), other AS (
                    SELECT DISTINCT ON (n.payment_key) n.payment_key, n.batch_id, n.line_no FROM (\(Self.near)) n
                    WHERE n.payment_key IN (SELECT a.payment_key FROM again a)
                    ORDER BY n.payment_key, n.batch_id DESC, n.line_no
                )
                INSERT INTO sluice.same_payment (batch_id, line_no, other_batch_id, other_line_no)
                SELECT $1, a.line_no, x.batch_id, x.line_no FROM again a JOIN other x USING (payment_key)
                ON CONFLICT DO NOTHING
                """,
                [
                    .int64(file.id.value), .date(first), .date(last), .bigintArray(near), .date(file.businessDate),
                ]
            )
            // What a worker found whose lease is over by now goes with its transaction.
            guard try lock(file, transaction, state: .splitting) else { throw StaleLease(batch: file.id) }
            if found > 0 { try warn(.samePayment, code: "same_payment", of: file, transaction) }
            return Int64(found)
        }
    }

    package func warnOfNoComparison(of file: ClaimedBatchFile) async throws {
        try await pool.transaction("warn of no comparison") { transaction in
            guard try lock(file, transaction, state: .splitting) else { return }
            try warn(.samePayment, code: "same_payment_not_compared", of: file, transaction)
        }
    }

    package func samePayments(of batch: BatchIdentifier, limit: Int) async throws -> [SamePayment] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("same payments", readOnly: true) { transaction in
            guard let date = try businessDate(of: batch, transaction) else { return [] }
            return try transaction.query(
                """
                SELECT s.line_no, s.other_batch_id, s.other_line_no, o.merchant_order_no, o.amount_minor, o.currency,
                    o.state
                FROM sluice.same_payment s JOIN (
                    SELECT p.line_no, p.merchant_order_no, p.amount_minor, p.currency, p.state
                    FROM sluice.payment_order p WHERE p.batch_id = $1 AND p.business_date = $2
                    UNION ALL
                    SELECT p.line_no, p.merchant_order_no, p.amount_minor, p.currency, p.state
                    FROM history.payment_order p WHERE p.batch_id = $1 AND p.business_date = $2) o USING (line_no)
                WHERE s.batch_id = $1 ORDER BY s.line_no LIMIT $3
                """,
                [.int64(batch.value), .date(date), .int64(Int64(limit))]
            ).map { row in
                SamePayment(
                    line: LineNumber(try row.int32(0)),
                    otherBatch: BatchIdentifier(try row.int64(1)),
                    otherLine: LineNumber(try row.int32(2)),
                    merchantOrderNumber: try row.text(3),
                    amountMinor: try row.int64(4),
                    currency: try row.text(5),
                    state: try row.word(6)
                )
            }
        }
    }
}
