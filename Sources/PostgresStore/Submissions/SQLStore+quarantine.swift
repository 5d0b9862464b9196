import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// A failure of cause `data` also opens a quarantined record, which owns the order's number from now on (R14).
    func quarantine(_ moves: [OrderMove], change: SubmissionChange, _ transaction: PostgresTransaction) throws {
        let chunk = change.chunk
        var cipher = try cipher(of: chunk.batch, transaction)
        let orders = try transaction.query(
            """
            SELECT line_no, personal, merchant_order_no, bank_code, amount_minor, currency FROM sluice.payment_order
            WHERE batch_id = $1 AND business_date = $2 AND line_no = ANY ($3)
                AND \(LineBounds.condition("line_no", in: "$3"))
            """,
            [.int64(chunk.batch.value), .date(chunk.businessDate), .intArray(moves.map(\.line.value))]
        )
        let codes = Dictionary(uniqueKeysWithValues: moves.map { ($0.line.value, $0.code) })
        var lines: [Int32] = []
        var reasons: [String] = []
        var raws: [[UInt8]] = []
        var fields: [[UInt8]] = []
        for row in orders {
            let line = LineNumber(try row.int32(0))
            let personal = try PersonalData(serialized: try cipher.open(try row.bytes(1), .personal, line: line))
            // The order as it was read: its bytes in the file are not kept for records that passed.
            let raw = JSONText.object([
                ("merchant_order_number", .string(try row.text(2))),
                ("account_number", .string(personal.accountNumber)),
                ("account_name", .string(personal.accountName)),
                ("bank_code", try row.optionalText(3).map(JSONValue.string) ?? .null),
                ("amount_minor", .integer(try row.int64(4))), ("currency", .string(try row.text(5))),
                ("purpose", .string(personal.purpose)),
            ])
            let said = QuarantinedFields(
                merchantOrderNumber: try row.text(2),
                personal: personal,
                bankCode: try row.optionalText(3),
                amountMinor: try row.int64(4),
                currency: try row.text(5)
            )
            let reason = QuarantineReason(
                code: "refused_by_channel",
                field: nil,
                maskedValue: codes[line.value] ?? "",
                mend: "the channel refused the order's data; amend it and release it as a new order"
            )
            lines.append(line.value)
            reasons.append([reason].json)
            raws.append(cipher.sealWithRandomNonce(Array(raw.utf8), .raw, line.value, 0))
            fields.append(cipher.sealWithRandomNonce(said.json, .fields, line.value, 0))
        }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.quarantine_record (batch_id, line_no, business_date, origin, merchant_order_no,
                amount_minor, currency, reasons, charset, byte_from, byte_to, physical_line, raw, data_key_id,
                fields, account_hash)
            SELECT o.batch_id, o.line_no, o.business_date, 'failed_order', o.merchant_order_no, o.amount_minor,
                o.currency, q.reasons::jsonb, 'UTF-8', 0, 0, 0, q.raw, $6, q.fields, o.account_hash
            FROM unnest($3::int[], $4::text[], $5::bytea[], $7::bytea[]) AS q (line_no, reasons, raw, fields)
            JOIN sluice.payment_order o ON o.batch_id = $1 AND o.business_date = $2 AND o.line_no = q.line_no
                AND \(LineBounds.condition("o.line_no", in: "$3"))
            """,
            [
                .int64(chunk.batch.value), .date(chunk.businessDate), .intArray(lines), .textArray(reasons),
                .byteaArray(raws), .int32(cipher.keyIdentifier), .byteaArray(fields),
            ]
        )
        _ = try transaction.execute(
            """
            UPDATE sluice.order_number_registry r SET state = 'quarantine'
            FROM sluice.payment_order o, sluice.batch_file f
            WHERE o.batch_id = $1 AND o.business_date = $2 AND o.line_no = ANY ($3) AND f.batch_id = $1
                AND \(LineBounds.condition("o.line_no", in: "$3"))
                AND r.merchant_id = f.merchant_id AND r.order_no = o.merchant_order_no AND r.batch_id = $1 AND r.line_no
                    = o.line_no
            """,
            [.int64(chunk.batch.value), .date(chunk.businessDate), .intArray(moves.map(\.line.value))]
        )
    }
}
