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

    /// Moves the file on behind a slice: its position, and what pass 2 has taken for orders, so that nobody need count
    /// them when the file is in.
    ///
    /// Numbers that turn out to be taken are still in it, as in what pass 1 accepts.
    func moveOn(_ file: ClaimedBatchFile, behind slice: LoadSlice, _ transaction: PostgresTransaction) throws {
        let sums = Self.sums(of: slice).sorted { $0.key < $1.key }
        _ = try transaction.execute(
            """
            UPDATE sluice.batch_file f SET loaded_count = loaded_count + $2, lease_until = now() + interval
                '10 minutes',
                due_at = now() + interval '10 minutes', load_position = jsonb_build_object(
                    'byte_offset', $3::bigint, 'record_ordinal', $4::bigint, 'physical_line', $5::bigint),
                loaded_sums = coalesce((
                    SELECT jsonb_object_agg(a.currency,
                        jsonb_build_object('orders', a.orders, 'amount_minor', a.amount))
                    FROM (SELECT u.currency, sum(u.orders) AS orders, sum(u.amount) AS amount FROM (
                        SELECT e.key, (e.value ->> 'orders')::numeric, (e.value ->> 'amount_minor')::numeric
                            FROM jsonb_each(f.loaded_sums) e
                        UNION ALL SELECT n.currency, n.orders, n.amount::numeric
                            FROM unnest($6::text[], $7::bigint[], $8::text[]) AS n (currency, orders, amount)
                    ) AS u (currency, orders, amount) GROUP BY u.currency) a), f.loaded_sums)
            WHERE f.batch_id = $1
            """,
            [
                .int64(file.id.value), .int64(Int64(slice.count)), .int64(slice.position.byteOffset),
                .int64(slice.position.recordOrdinal), .int64(slice.position.physicalLine),
                .textArray(sums.map(\.key.code)), .bigintArray(sums.map(\.value.count)),
                .textArray(sums.map { String($0.value.amountMinor) }),
            ],
            keepingPlan: true
        )
    }

    private static func sums(of slice: LoadSlice) -> [Currency: Tally] {
        var sums: [Currency: Tally] = [:]
        // Mostly all of a file is in one currency, which then is looked up once.
        guard var currency = slice.orders.first?.amount.currency else { return sums }
        var tally = Tally()
        for order in slice.orders {
            if order.amount.currency != currency {
                sums[currency] = tally
                currency = order.amount.currency
                tally = sums[currency] ?? Tally()
            }
            tally.add(order.amount.minor)
        }
        sums[currency] = tally
        return sums
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
