import PaymentCore
import PostgresClient
import Store

/// The columns in which quarantined records are read, and what they say.
extension SQLStore {
    static let recordColumnCount = 23

    /// Of a record `q`.
    static let recordColumns = """
        q.batch_id, q.line_no, q.business_date, q.state::text, q.origin::text, q.merchant_order_no, q.amount_minor,
        q.currency, q.charset, q.byte_from, q.byte_to, q.physical_line, q.quarantined_at,
        \(reasonColumns("q.reasons")),
        q.closed_code, q.closed_at, q.successor_batch_id, q.successor_line_no, coalesce(q.proposal_id, q.decision_id),
        q.revision
        """

    /// Of an amendment `a`.
    static let remainingColumns = "a.revision IS NOT NULL, \(reasonColumns("a.reasons"))"

    /// The four parts of each reason, in four arrays.
    static func reasonColumns(_ reasons: String) -> String {
        ["code", "field", "value", "mend"].map { part in
            "ARRAY(SELECT coalesce(e ->> '\(part)', '') FROM jsonb_array_elements(\(reasons)) "
                + "WITH ORDINALITY AS x (e, n) ORDER BY n)"
        }.joined(separator: ",\n")
    }

    /// `column`: the first of the four.
    static func reasons(_ row: PostgresRow, at column: Int) throws -> [QuarantineReason] {
        let (fields, values) = (try row.textArray(column + 1), try row.textArray(column + 2))
        let mends = try row.textArray(column + 3)
        return try row.textArray(column).enumerated().map { index, code in
            QuarantineReason(
                code: code,
                field: fields[index].isEmpty ? nil : fields[index],
                maskedValue: values[index],
                mend: mends[index]
            )
        }
    }

    /// `column`: the first of `remainingColumns`.
    static func remaining(_ row: PostgresRow, at column: Int) throws -> [QuarantineReason]? {
        try row.bool(column) ? reasons(row, at: column + 1) : nil
    }

    static func quarantinedRecord(_ row: PostgresRow) throws -> QuarantinedRecord {
        var record = QuarantinedRecord(
            key: OrderKey(
                batch: BatchIdentifier(try row.int64(0)),
                line: LineNumber(try row.int32(1)),
                businessDate: try row.date(2)
            ),
            state: try row.word(3),
            origin: try row.text(4),
            reasons: try reasons(row, at: 13),
            source: RecordSource(
                byteFrom: try row.int64(9),
                byteTo: try row.int64(10),
                physicalLine: try row.int64(11),
                charset: try row.text(8)
            ),
            quarantinedAt: try row.timestamp(12)
        )
        record.merchantOrderNumber = try row.optionalText(5)
        record.amountMinor = try row.optionalInt64(6)
        record.currency = try row.optionalText(7)
        record.revision = try row.int32(22)
        guard !record.state.isWaiting else { return record }
        var closure = RecordClosure(
            code: try row.optionalText(17) ?? record.state.rawValue,
            closedAt: try row.optionalTimestamp(18)
        )
        closure.successorBatch = try row.optionalInt64(19).map(BatchIdentifier.init)
        closure.successorLine = row.isNull(20) ? nil : LineNumber(try row.int32(20))
        closure.decision = try row.optionalInt64(21)
        record.closure = closure
        return record
    }
}
