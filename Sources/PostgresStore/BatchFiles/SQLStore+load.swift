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
            let keyIdentifier = try row.int32(2)
            // Above a ceiling its orders are loaded, and wait for a person.
            let heldBy = try row.optionalText(3)
            // Into the day itself, many rows at once; a day that is not live any more is found by the table.
            let day = try row.bool(5) ? "_\(file.businessDate.compact)" : ""
            var cipher = try BatchCipher(
                batch: file.id,
                keyIdentifier: keyIdentifier,
                salt: try row.bytes(1),
                keys: keys
            )
            var claims = try NumberClaims(
                merchant: try row.int32(0),
                slice: slice,
                file: file,
                duplicates: duplicates,
                transaction: transaction
            )
            let hasKeys = duplicates.samePaymentDays != nil
            var paymentKeys = PaymentKeys(key: keys.searchKey)
            var orders = BinaryCopyBuffer(reserving: slice.orders.count * 220)
            var quarantined = BinaryCopyBuffer(reserving: 4_096)
            var hash = KeyedHash(key: keys.searchKey)
            var hashes: [UInt8] = []
            hashes.reserveCapacity(slice.orders.count * Self.accountHashBytes)
            for order in slice.orders {
                hash.append(first: Self.accountHashBytes, ofCodeOf: order.accountNumber.utf8.span, to: &hashes)
            }
            var personal: [UInt8] = []
            let atRisk = try row.bool(4) ? try ordersAtRisk(slice.orders, hashes, transaction) : []
            let hasCodes = heldBy != nil || !atRisk.isEmpty
            var heldAtRisk: [LineNumber] = []
            var waiting = slice.quarantined[...]
            func setAside(_ record: NewQuarantineRecord, _ reasons: [QuarantineReason]) {
                Self.append(
                    record,
                    reasons: reasons,
                    file: file,
                    cipher: &cipher,
                    to: &quarantined
                )
            }
            for (place, order) in slice.orders.enumerated() {
                // Lines are taken in order: of two records with one number the earlier one has it.
                while let record = waiting.first, record.line < order.line {
                    setAside(record, record.reasons + claims.reserve(record))
                    waiting.removeFirst()
                }
                if let taken = claims.claim(order) {
                    let record = NewQuarantineRecord(
                        line: order.line,
                        merchantOrderNumber: order.merchantOrderNumber,
                        amountMinor: order.amountMinor,
                        currency: order.currency,
                        reasons: [taken],
                        source: order.source
                    )
                    setAside(record, record.reasons)
                    continue
                }
                let isAtRisk = atRisk.contains(place)
                if isAtRisk { heldAtRisk.append(order.line) }
                let code = heldBy ?? (isAtRisk ? ReviewCause.accountAtRisk.rawValue : nil)
                let state: OrderState = code == nil ? .ready : .held
                orders.beginRow(columnCount: 11 + (hasKeys ? 1 : 0) + (hasCodes ? 1 : 0))
                orders.append(int64: file.id.value)
                orders.append(int32: order.line.value)
                orders.append(daysSince1970: file.businessDate.daysSince1970)
                orders.append(text: state.rawValue)
                orders.append(int64: order.amountMinor)
                orders.append(int32: keyIdentifier)
                orders.append(text: order.currency)
                orders.append(text: order.merchantOrderNumber)
                if let bankCode = order.bankCode { orders.append(text: bankCode) } else { orders.appendNull() }
                personal.removeAll(keepingCapacity: true)
                PersonalData.append(
                    accountNumber: order.accountNumber,
                    accountName: order.accountName,
                    purpose: order.purpose,
                    to: &personal
                )
                orders.appendBytea { cipher.seal(personal.span, .personal, line: order.line, appendingTo: &$0) }
                orders.append(bytea: hashes[place * Self.accountHashBytes..<(place + 1) * Self.accountHashBytes])
                if hasKeys { orders.append(int64: paymentKeys.key(of: order)) }
                if hasCodes { if let code { orders.append(text: code) } else { orders.appendNull() } }
            }
            for record in waiting { setAside(record, record.reasons + claims.reserve(record)) }

            if orders.rowCount > 0 {
                _ = try transaction.copyIn(
                    """
                    COPY sluice.payment_order\(day) (batch_id, line_no, business_date, state, amount_minor, data_key_id,
                        currency,
                        merchant_order_no, bank_code, personal,
                        account_hash\(hasKeys ? ", payment_key" : "")\(hasCodes ? ", code" : ""))
                    FROM STDIN (FORMAT binary)
                    """,
                    orders.finish()
                )
            }
            if quarantined.rowCount > 0 {
                _ = try transaction.copyIn(
                    """
                    COPY sluice.quarantine_record\(day) (batch_id, line_no, business_date, origin, merchant_order_no,
                        amount_minor,
                        currency, reasons, charset, byte_from, byte_to, physical_line, raw, data_key_id)
                    FROM STDIN (FORMAT binary)
                    """,
                    quarantined.finish()
                )
            }
            guard turn.wait(atMost: Self.turnPatience) else { throw Unloaded(outcome: .outOfTurn) }
            try takeTurn(of: slice, file, heldBy: heldBy, transaction)
            try claims.write(transaction)
            try addLoadedSums(of: slice, file, transaction)
            if !heldAtRisk.isEmpty { try openReviews(ofAtRisk: heldAtRisk, file, transaction) }
            _ = try transaction.execute(
                """
                UPDATE sluice.batch_file SET loaded_count = loaded_count + $2, lease_until = now() + interval
                    '10 minutes',
                    due_at = now() + interval '10 minutes', load_position = jsonb_build_object(
                        'byte_offset', $3::bigint, 'record_ordinal', $4::bigint, 'physical_line', $5::bigint)
                WHERE batch_id = $1
                """,
                [
                    .int64(file.id.value), .int64(Int64(slice.count)), .int64(slice.position.byteOffset),
                    .int64(slice.position.recordOrdinal), .int64(slice.position.physicalLine),
                ]
            )
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

    private static func append(
        _ record: NewQuarantineRecord,
        reasons: [QuarantineReason],
        file: ClaimedBatchFile,
        cipher: inout BatchCipher,
        to copy: inout BinaryCopyBuffer
    ) {
        copy.beginRow(columnCount: 14)
        copy.append(int64: file.id.value)
        copy.append(int32: record.line.value)
        copy.append(daysSince1970: file.businessDate.daysSince1970)
        copy.append(text: "intake")
        if let number = record.merchantOrderNumber { copy.append(text: number) } else { copy.appendNull() }
        if let amount = record.amountMinor { copy.append(int64: amount) } else { copy.appendNull() }
        if let currency = record.currency { copy.append(text: currency) } else { copy.appendNull() }
        // jsonb on the wire: a version byte before the text.
        copy.append(bytea: [1] + Array(reasons.json.utf8))
        copy.append(text: record.source.charset)
        copy.append(int64: record.source.byteFrom)
        copy.append(int64: record.source.byteTo)
        copy.append(int64: record.source.physicalLine)
        copy.appendBytea { cipher.seal(record.source.raw.span, .raw, line: record.line, appendingTo: &$0) }
        copy.append(int32: cipher.keyIdentifier)
    }
}

/// A slice was taken back before its commit.
private struct Unloaded: Error {
    let outcome: LoadOutcome
}

extension [QuarantineReason] {
    var json: String {
        JSONText.array(
            map { reason in
                .object([
                    ("code", .string(reason.code)), ("field", reason.field.map(JSONValue.string) ?? .null),
                    ("value", .string(reason.maskedValue)), ("mend", .string(reason.mend)),
                ])
            }
        )
    }
}
