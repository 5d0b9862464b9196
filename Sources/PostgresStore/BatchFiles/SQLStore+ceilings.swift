package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func admit(_ file: ClaimedBatchFile, ceilings: AmountCeilings) async throws -> Bool {
        try await pool.transaction("admit batch file") { transaction in
            guard try lock(file, transaction, state: .splitting) else { return false }
            var accepted: [Currency: Int128] = [:]
            for row in try transaction.query(
                """
                SELECT currency, amount_minor FROM sluice.batch_file_sum
                WHERE batch_id = $1 AND counted_minor IS NULL
                """,
                [.int64(file.id.value)]
            ) {
                let code = try row.text(0)
                guard let currency = Currency(code: code) else { throw StoreDefect("\(code) is no currency") }
                accepted[currency] = try row.int128(1)
            }
            try judge(accepted, of: file, ceilings: ceilings, transaction)
            return true
        }
    }

    /// Writes what pass 1 accepted; it counts against no ceiling before `judge`.
    func insert(_ accepted: [Currency: Tally], of file: ClaimedBatchFile, _ transaction: PostgresTransaction) throws {
        guard !accepted.isEmpty else { return }
        let rows = accepted.sorted { $0.key < $1.key }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.batch_file_sum (batch_id, currency, orders, amount_minor)
            SELECT $1, s.currency, s.orders, s.amount::numeric
            FROM unnest($2::text[], $3::bigint[], $4::text[]) AS s (currency, orders, amount)
            """,
            [
                .int64(file.id.value), .textArray(rows.map(\.key.code)), .bigintArray(rows.map(\.value.count)),
                .textArray(rows.map { String($0.value.amountMinor) }),
            ]
        )
    }

    /// Holds the file against the ceilings: above one its orders will be loaded as `held`, a review item waits, and an
    /// alarm tells of it; else it counts for the files that come after it.
    func judge(
        _ accepted: [Currency: Int128],
        of file: ClaimedBatchFile,
        ceilings: AmountCeilings,
        _ transaction: PostgresTransaction
    ) throws {
        guard !accepted.isEmpty else { return }
        let counted = try counted(beside: file, ceilings: ceilings, transaction)
        let breach = ceilings.breach(by: accepted, beside: counted)
        _ = try transaction.execute(
            """
            UPDATE sluice.batch_file_sum SET counted_minor = CASE WHEN $2 THEN 0 ELSE amount_minor END
            WHERE batch_id = $1 AND counted_minor IS NULL
            """,
            [.int64(file.id.value), .bool(breach != nil)]
        )
        guard let breach else { return }
        _ = try transaction.execute(
            "UPDATE sluice.batch_file SET held_by = $2 WHERE batch_id = $1",
            [.int64(file.id.value), .text(breach.scope.rawValue)]
        )
        _ = try transaction.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date)
            VALUES ($4::text || '/' || $1::bigint, $4, $2, $1, $3) ON CONFLICT DO NOTHING
            """,
            [
                .int64(file.id.value), .text(breach.scope.rawValue), .date(file.businessDate),
                .text(ReviewCause.ceiling.rawValue),
            ]
        )
        try insert(
            [
                RaisedAlarm(
                    kind: .ceilingExceeded,
                    batch: file.id,
                    code: breach.scope.rawValue,
                    message: breach.message(batch: file.id)
                )
            ],
            transaction
        )
    }

    /// What other files count in the scopes that have a ceiling.
    ///
    /// Two files of one day that are verified at the same moment are looked at one after the other: under an advisory
    /// lock that ends with the transaction, of the business date for a ceiling over all merchants, then of the merchant
    /// and the date. Without a ceiling over a day nothing is locked or read.
    private func counted(
        beside file: ClaimedBatchFile,
        ceilings: AmountCeilings,
        _ transaction: PostgresTransaction
    ) throws -> [AmountCeilings.Scope: [Currency: Int128]] {
        guard !ceilings.merchantDay.isEmpty || !ceilings.deploymentDay.isEmpty else { return [:] }
        var locks: [String] = []
        if !ceilings.deploymentDay.isEmpty { locks.append("ceiling/\(file.businessDate)") }
        if !ceilings.merchantDay.isEmpty { locks.append("ceiling/\(file.businessDate)/\(file.merchant)") }
        for name in locks {
            _ = try transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [.text(name)])
        }
        var counted: [AmountCeilings.Scope: [Currency: Int128]] = [:]
        for row in try transaction.query(
            """
            SELECT s.currency, coalesce(sum(s.counted_minor) FILTER (WHERE f.merchant_id = own.merchant_id), 0),
                coalesce(sum(s.counted_minor), 0)
            FROM sluice.batch_file own JOIN sluice.batch_file f ON f.business_date = own.business_date
                AND f.batch_id <> own.batch_id AND ($2 OR f.merchant_id = own.merchant_id)
            JOIN sluice.batch_file_sum s ON s.batch_id = f.batch_id
            WHERE own.batch_id = $1 GROUP BY s.currency
            """,
            [.int64(file.id.value), .bool(!ceilings.deploymentDay.isEmpty)]
        ) {
            guard let currency = Currency(code: try row.text(0)) else { continue }
            counted[.merchantDay, default: [:]][currency] = try row.int128(1)
            counted[.deploymentDay, default: [:]][currency] = try row.int128(2)
        }
        return counted
    }
}
