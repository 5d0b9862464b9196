import Cryptography
import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    /// How long a slice waits with a transaction open; the one before it takes milliseconds.
    private static let turnPatience = Duration.seconds(5)

    package func load(
        _ slice: LoadSlice,
        of file: ClaimedBatchFile,
        turn: LoadTurn,
        duplicates: DuplicateRules
    ) async throws -> LoadOutcome {
        // A race with another file of the same merchant ends in a unique violation; the slice alone is done again, and
        // this time the look finds the other's row.
        var attempt = 1
        while true {
            do {
                return try await loadOnce(slice, of: file, turn: turn, duplicates)
            } catch let error as PostgresError
                where attempt < 5
                && (error.constraint == "order_number_registry_pkey" || error.isDeadlock || error.isLockTimeout)
            {
                attempt += 1
            } catch is NumberTakenOver where attempt < 5 {
                attempt += 1
            } catch let unloaded as Unloaded {
                return unloaded.outcome
            }
        }
    }

    /// Writes the rows first, without a lock, and only then waits for the slice before to be committed.
    ///
    /// So the server works on two slices at once. What was decided before is looked at once more under the lock.
    private func loadOnce(
        _ slice: LoadSlice,
        of file: ClaimedBatchFile,
        turn: LoadTurn,
        _ duplicates: DuplicateRules
    ) async throws -> LoadOutcome {
        try await pool.transaction("load records", deadline: .seconds(60)) { transaction in
            let rows = try transaction.query(
                """
                SELECT merchant_id, data_salt, data_key_id, held_by, EXISTS (SELECT FROM sluice.account_at_risk),
                    EXISTS (SELECT FROM pg_inherits WHERE inhrelid = to_regclass('sluice.payment_order_' || $3)
                        AND inhparent = 'sluice.payment_order'::regclass)
                FROM sluice.batch_file WHERE batch_id = $1 AND lease_epoch = $2 AND state = 'splitting'
                """,
                [.int64(file.id.value), .int64(file.epoch.value), .text(file.businessDate.compact)],
                keepingPlan: true
            )
            guard let row = rows.first else { return .stale }
            // Above a ceiling its orders are loaded, and wait for a person.
            let heldBy = try row.optionalText(3)
            // Into the day itself, many rows at once; a day that is not live any more is found by the table.
            let day = try row.bool(5) ? "_\(file.businessDate.compact)" : ""
            let claims = try NumberClaims(
                merchant: try row.int32(0),
                slice: slice,
                file: file,
                duplicates: duplicates,
                transaction: transaction
            )
            let atRisk = try row.bool(4) ? try ordersAtRisk(in: slice, transaction) : []
            var encoded = SliceRows(
                of: file,
                cipher: try BatchCipher(
                    batch: file.id,
                    keyIdentifier: try row.int32(2),
                    salt: try row.bytes(1),
                    keys: keys
                ),
                searchKey: keys.searchKey,
                hasPaymentKeys: duplicates.samePaymentDays != nil,
                hasCodes: heldBy != nil || !atRisk.isEmpty
            )
            var heldAtRisk: [LineNumber] = []
            if slice.orders.count > claims.refusedOrders {
                try transaction.copyIn(
                    "COPY sluice.payment_order\(day) (\(encoded.orderColumns)) FROM STDIN (FORMAT binary)"
                ) { stream in
                    for (place, order) in slice.orders.enumerated() where !claims.refuses(order.line) {
                        let isAtRisk = atRisk.contains(place)
                        if isAtRisk { heldAtRisk.append(order.line) }
                        let code = heldBy ?? (isAtRisk ? ReviewCause.accountAtRisk.rawValue : nil)
                        try encoded.append(order, in: slice, heldBy: code, to: &stream)
                    }
                }
            }
            if slice.quarantined.count + claims.refusedOrders > 0 {
                try transaction.copyIn(
                    "COPY sluice.quarantine_record\(day) (\(SliceRows.quarantineColumns)) FROM STDIN (FORMAT binary)"
                ) { stream in
                    for record in slice.quarantined {
                        let taken = claims.reason(line: record.line, number: record.merchantOrderNumber)
                        try encoded.append(record, in: slice, alsoFor: taken, to: &stream)
                    }
                    guard claims.refusedOrders > 0 else { return }
                    for order in slice.orders {
                        guard let taken = claims.reason(line: order.line, number: order.merchantOrderNumber) else {
                            continue
                        }
                        try encoded.append(order, in: slice, quarantinedFor: taken, to: &stream)
                    }
                }
            }
            guard turn.wait(atMost: Self.turnPatience) else { throw Unloaded(outcome: .outOfTurn) }
            try takeTurn(of: slice, file, heldBy: heldBy, transaction)
            try claims.write(transaction)
            if !heldAtRisk.isEmpty { try openReviews(ofAtRisk: heldAtRisk, file, transaction) }
            try moveOn(file, behind: slice, transaction)
            return .loaded(duplicates: claims.duplicates)
        }
    }

    /// Locks the file's row, and throws if the file is not what it was when the rows were made.
    ///
    /// The position is the proof that no record is loaded twice, and none is left out.
    private func takeTurn(
        of slice: LoadSlice,
        _ file: ClaimedBatchFile,
        heldBy: String?,
        _ transaction: PostgresTransaction
    ) throws {
        let rows = try transaction.query(
            """
            SELECT coalesce((load_position ->> 'record_ordinal')::bigint, 0), held_by IS NOT DISTINCT FROM $3
            FROM sluice.batch_file WHERE batch_id = $1 AND lease_epoch = $2 AND state = 'splitting' FOR NO KEY UPDATE
            """,
            [.int64(file.id.value), .int64(file.epoch.value), heldBy.map(PostgresValue.text) ?? .null],
            keepingPlan: true
        )
        guard let row = rows.first else { throw Unloaded(outcome: .stale) }
        guard try row.int64(0) + Int64(slice.count) == slice.position.recordOrdinal else {
            throw StoreDefect("slice of batch \(file.id) does not follow the records loaded so far")
        }
        guard try row.bool(1) else { throw Unloaded(outcome: .outOfTurn) }
    }
}

/// A slice was taken back before its commit.
private struct Unloaded: Error {
    let outcome: LoadOutcome
}
