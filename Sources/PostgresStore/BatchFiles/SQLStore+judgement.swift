import PaymentCore
import PostgresClient
package import Store

/// What ties pass 2 to pass 1: by what a file was judged, and what was accepted of it.
extension SQLStore {
    package func judgeAnew(_ file: ClaimedBatchFile) async throws -> Bool {
        try await pool.transaction("judge batch file anew") { transaction in
            let rows = try transaction.query(
                "SELECT sluice.judge_anew($1, $2)",
                [.int64(file.id.value), .int64(file.epoch.value)]
            )
            return try rows.first?.bool(0) ?? false
        }
    }

    package func finishLoading(_ file: ClaimedBatchFile) async throws -> LoadEnd {
        try await pool.transaction("finish loading") { transaction in
            guard try lock(file, transaction, state: .splitting) else { return .stale }
            let found = try transaction.query(
                """
                SELECT loaded_count = record_count AND (judged_by IS NULL OR loaded_sums = accepted.sums),
                    format('pass 2 took %s records and of them as orders %s, pass 1 %s and %s', loaded_count,
                        loaded_sums, record_count, accepted.sums)
                FROM sluice.batch_file CROSS JOIN (SELECT coalesce(jsonb_object_agg(currency,
                        jsonb_build_object('orders', orders, 'amount_minor', amount_minor)), '{}') AS sums
                    FROM sluice.batch_file_sum WHERE batch_id = $1) accepted
                WHERE batch_id = $1
                """,
                [.int64(file.id.value)]
            )
            guard let row = found.first else { throw StoreDefect("batch \(file.id) is gone") }
            guard try row.bool(0) else { return .unlikeVerdict(try row.text(1)) }
            _ = try transaction.execute(
                """
                UPDATE sluice.batch_file SET state = 'split', lease_worker = NULL, lease_until = NULL, due_at = now()
                WHERE batch_id = $1
                """,
                [.int64(file.id.value)]
            )
            return .split
        }
    }

    /// Adds what pass 2 has taken for orders in a slice, so that nobody need count them when the file is in.
    ///
    /// Numbers that turn out to be taken are still in it, as in what pass 1 accepts.
    func addLoadedSums(of slice: LoadSlice, _ file: ClaimedBatchFile, _ transaction: PostgresTransaction) throws {
        var sums: [String: Tally] = [:]
        for order in slice.orders { sums[order.currency, default: Tally()].add(order.amountMinor) }
        guard !sums.isEmpty else { return }
        let rows = sums.sorted { $0.key < $1.key }
        _ = try transaction.execute(
            """
            UPDATE sluice.batch_file f SET loaded_sums = (
                SELECT jsonb_object_agg(a.currency, jsonb_build_object('orders', a.orders, 'amount_minor', a.amount))
                FROM (SELECT u.currency, sum(u.orders) AS orders, sum(u.amount) AS amount FROM (
                    SELECT e.key, (e.value ->> 'orders')::numeric, (e.value ->> 'amount_minor')::numeric
                        FROM jsonb_each(f.loaded_sums) e
                    UNION ALL SELECT n.currency, n.orders, n.amount::numeric
                        FROM unnest($2::text[], $3::bigint[], $4::text[]) AS n (currency, orders, amount)
                ) AS u (currency, orders, amount) GROUP BY u.currency) a)
            WHERE f.batch_id = $1
            """,
            [
                .int64(file.id.value), .textArray(rows.map(\.key)), .bigintArray(rows.map(\.value.count)),
                .textArray(rows.map { String($0.value.amountMinor) }),
            ]
        )
    }

    /// Why a file that a person has let in is held again: he has seen other sums, of other rules.
    ///
    /// Of files that are verified, only such a one has the verdict still for which it was held.
    func holdOfJudgedAnew(_ file: ClaimedBatchFile, _ transaction: PostgresTransaction) throws -> VerdictNote? {
        let rows = try transaction.query(
            "SELECT verdict IS NOT NULL FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(file.id.value)]
        )
        guard try rows.first?.bool(0) == true else { return nil }
        return VerdictNote(
            code: "judged_anew",
            line: 0,
            what: "it was let in, and then judged anew by a configuration that had been changed",
            mend: "look at what it holds now, and decide again"
        )
    }
}
