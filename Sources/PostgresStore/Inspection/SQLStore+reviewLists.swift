package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func quarantineGroups(_ filter: QuarantineFilter) async throws -> [QuarantineGroup] {
        try await pool.transaction("quarantine groups", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT r.code, q.state, count(*), count(DISTINCT q.batch_id), min(q.quarantined_at)
                FROM (\(Self.quarantined)) q
                CROSS JOIN LATERAL (SELECT DISTINCT e ->> 'code' AS code FROM jsonb_array_elements(q.reasons) e) r
                WHERE $4::text IS NULL OR r.code = $4
                GROUP BY r.code, q.state ORDER BY count(*) DESC, r.code, q.state LIMIT 1000
                """,
                try parameters(filter, transaction)
            ).map { row in
                QuarantineGroup(
                    reason: try row.text(0),
                    state: try row.text(1),
                    records: try row.int64(2),
                    batches: try row.int64(3),
                    oldestAt: try row.timestamp(4)
                )
            }
        }
    }

    package func quarantinedRecords(_ filter: QuarantineFilter) async throws -> [QuarantinedRecord] {
        try await pool.transaction("quarantined records", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT \(Self.quarantineColumns) FROM (\(Self.quarantined)) q
                WHERE $4::text IS NULL OR q.reasons @> jsonb_build_array(jsonb_build_object('code', $4::text))
                ORDER BY q.batch_id, q.line_no LIMIT $5
                """,
                try parameters(filter, transaction) + [.int64(Int64(filter.limit))]
            ).map(Self.quarantinedRecord)
        }
    }

    /// Records of a filter's file and days, wherever they are.
    private static let quarantined = """
        SELECT \(storedColumns) FROM sluice.quarantine_record
        WHERE ($1::bigint IS NULL OR batch_id = $1) AND business_date >= $2
            AND ($3::date IS NULL OR business_date <= $3)
        UNION ALL
        SELECT \(storedColumns) FROM history.quarantine_record
        WHERE ($1::bigint IS NULL OR batch_id = $1) AND business_date >= $2
            AND ($3::date IS NULL OR business_date <= $3)
        """

    private static let storedColumns = """
        batch_id, line_no, business_date, state, origin, merchant_order_no, amount_minor, currency, charset, byte_from,
        byte_to, physical_line, quarantined_at, reasons, closed_code, closed_at, successor_batch_id,
        successor_line_no, decision_id
        """

    /// `$1` to `$4` of a list: a file names its own day.
    private func parameters(
        _ filter: QuarantineFilter,
        _ transaction: PostgresTransaction
    ) throws -> [PostgresValue] {
        let day = try filter.batch.flatMap { try businessDate(of: $0, transaction) }
        return [
            .optionalInt64(filter.batch?.value), .date(day ?? filter.since), day.map(PostgresValue.date) ?? .null,
            .optionalText(filter.reason),
        ]
    }

    package func quarantinedRecord(
        of batch: BatchIdentifier,
        line: LineNumber
    ) async throws -> QuarantinedRecord? {
        try await pool.transaction("quarantined record", readOnly: true) { transaction in
            guard let date = try businessDate(of: batch, transaction) else { return nil }
            let rows = try transaction.query(
                """
                SELECT \(Self.quarantineColumns), q.raw FROM sluice.quarantine_record q
                WHERE q.batch_id = $1 AND q.business_date = $2 AND q.line_no = $3
                UNION ALL
                SELECT \(Self.quarantineColumns), q.raw FROM history.quarantine_record q
                WHERE q.batch_id = $1 AND q.business_date = $2 AND q.line_no = $3
                """,
                [.int64(batch.value), .date(date), .int32(line.value)]
            )
            guard let row = rows.first else { return nil }
            var record = try Self.quarantinedRecord(row)
            record.numberOwner = try Self.owner(ofNumberOf: record, transaction)
            guard record.origin == "intake" else { return record }
            var cipher = try cipher(of: batch, transaction)
            record.maskedRecord = MaskedRecord.text(try cipher.open(try row.bytes(22), .raw, line: line))
            return record
        }
    }

    package func reviewIncidents(limit: Int) async throws -> [ReviewIncident] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("review incidents", readOnly: true) { transaction in
            var incidents = try transaction.query(
                """
                SELECT incident, cause, (array_agg(DISTINCT code))[1:5], min(channel), min(owner_role), count(*),
                    (array_agg(batch_id || CASE WHEN line_no IS NOT NULL THEN '-' || line_no
                        WHEN submission_no IS NOT NULL THEN '/' || submission_no ELSE '' END ORDER BY item_id))[1:3],
                    min(opened_at), (extract(epoch FROM now() - min(opened_at)) * 1000000)::bigint,
                    (array_agg(item_id ORDER BY item_id))[1:3]
                FROM sluice.review_item WHERE closed_at IS NULL
                GROUP BY incident, cause ORDER BY min(opened_at), incident LIMIT $1
                """,
                [.int64(Int64(limit))]
            ).map { row in
                var incident = ReviewIncident(
                    incident: try row.text(0),
                    cause: try row.text(1),
                    ownerRole: try row.text(4),
                    items: try row.int64(5),
                    oldestAt: try row.timestamp(7),
                    age: TimeSpan(microseconds: max(0, try row.int64(8)))
                )
                incident.codes = try row.textArray(2)
                incident.channel = try row.optionalText(3)
                incident.examples = try row.textArray(6)
                incident.itemNumbers = try row.bigintArray(9)
                incident.decisions = ReviewCause(rawValue: incident.cause)?.decisions ?? []
                return incident
            }
            for index in incidents.indices {
                incidents[index].orders = try Self.orders(of: incidents[index], transaction)
            }
            return incidents
        }
    }

    /// What a decision about an incident would be about, counted now.
    private static func orders(
        of incident: ReviewIncident,
        _ transaction: PostgresTransaction
    ) throws -> [String: Tally] {
        let items = "SELECT r.item_id FROM sluice.review_item r WHERE r.incident = $1 AND r.closed_at IS NULL"
        let rows = try transaction.query(
            incident.cause == ReviewCause.fileHeld.rawValue
                ? """
                SELECT s.currency, sum(s.orders)::bigint, sum(s.amount_minor) FROM sluice.batch_file_sum s
                WHERE s.batch_id IN (SELECT x.batch_id FROM sluice.review_item x WHERE x.item_id IN (\(items)))
                GROUP BY s.currency
                """
                : """
                SELECT o.currency, count(*), sum(o.amount_minor)
                FROM (SELECT DISTINCT x.batch_id, x.line_no, x.currency, x.amount_minor
                    FROM sluice.review_orders(ARRAY(\(items))) x) o GROUP BY o.currency
                """,
            [.text(incident.incident)]
        )
        var orders: [String: Tally] = [:]
        for row in rows {
            orders[try row.text(0)] = Tally(count: try row.int64(1), amountMinor: try row.int128(2))
        }
        return orders
    }

    package func openAlarms(limit: Int) async throws -> [OpenAlarm] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("open alarms", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT kind, code, channel, message, occurrences, first_at, last_at FROM sluice.alarm
                WHERE acknowledged_at IS NULL ORDER BY last_at DESC, alarm_id LIMIT $1
                """,
                [.int64(Int64(limit))]
            ).map { row in
                var alarm = OpenAlarm(
                    kind: try row.text(0),
                    code: try row.text(1),
                    message: try row.text(3),
                    occurrences: try row.int64(4),
                    firstAt: try row.timestamp(5),
                    lastAt: try row.timestamp(6)
                )
                alarm.channel = try row.optionalText(2)
                return alarm
            }
        }
    }

    /// The day that names a batch's partitions; nil if there is no such batch.
    func businessDate(of batch: BatchIdentifier, _ transaction: PostgresTransaction) throws -> BusinessDate? {
        try transaction.query(
            "SELECT business_date FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(batch.value)]
        ).first.map { try $0.date(0) }
    }

    private static func owner(
        ofNumberOf record: QuarantinedRecord,
        _ transaction: PostgresTransaction
    ) throws -> NumberOwner? {
        guard let number = record.merchantOrderNumber else { return nil }
        return try transaction.query(
            """
            SELECT r.batch_id, r.line_no, r.state FROM sluice.batch_file f JOIN sluice.order_number_registry r
                ON r.merchant_id = f.merchant_id AND r.order_no = $2
            WHERE f.batch_id = $1
            """,
            [.int64(record.key.batch.value), .text(number)]
        ).first.map { row in
            NumberOwner(
                batch: BatchIdentifier(try row.int64(0)),
                line: LineNumber(try row.int32(1)),
                state: try row.text(2)
            )
        }
    }

    private static let quarantineColumns = """
        q.batch_id, q.line_no, q.business_date, q.state, q.origin, q.merchant_order_no, q.amount_minor, q.currency,
        q.charset, q.byte_from, q.byte_to, q.physical_line, q.quarantined_at,
        ARRAY(SELECT e ->> 'code' FROM jsonb_array_elements(q.reasons) WITH ORDINALITY AS x (e, n) ORDER BY n),
        ARRAY(SELECT coalesce(e ->> 'field', '') FROM jsonb_array_elements(q.reasons) WITH ORDINALITY AS x (e, n)
            ORDER BY n),
        ARRAY(SELECT coalesce(e ->> 'value', '') FROM jsonb_array_elements(q.reasons) WITH ORDINALITY AS x (e, n)
            ORDER BY n),
        ARRAY(SELECT coalesce(e ->> 'mend', '') FROM jsonb_array_elements(q.reasons) WITH ORDINALITY AS x (e, n)
            ORDER BY n),
        q.closed_code, q.closed_at, q.successor_batch_id, q.successor_line_no, q.decision_id
        """

    private static func quarantinedRecord(_ row: PostgresRow) throws -> QuarantinedRecord {
        let (fields, values, mends) = (try row.textArray(14), try row.textArray(15), try row.textArray(16))
        let reasons = try row.textArray(13).enumerated().map { index, code in
            QuarantineReason(
                code: code,
                field: fields[index].isEmpty ? nil : fields[index],
                maskedValue: values[index],
                mend: mends[index]
            )
        }
        var record = QuarantinedRecord(
            key: OrderKey(
                batch: BatchIdentifier(try row.int64(0)),
                line: LineNumber(try row.int32(1)),
                businessDate: try row.date(2)
            ),
            state: try row.text(3),
            origin: try row.text(4),
            reasons: reasons,
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
        if let code = try row.optionalText(17) {
            var closure = RecordClosure(code: code, closedAt: try row.timestamp(18))
            closure.successorBatch = try row.optionalInt64(19).map(BatchIdentifier.init)
            closure.successorLine = row.isNull(20) ? nil : LineNumber(try row.int32(20))
            closure.decision = try row.optionalInt64(21)
            record.closure = closure
        }
        return record
    }
}
