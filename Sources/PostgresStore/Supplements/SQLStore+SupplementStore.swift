package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: SupplementStore {
    /// Lines read at a time, to see whether one is open.
    private static let linesAtOnce: Int64 = 5_000

    package func supplementRecords(
        of file: ClaimedBatchFile,
        after line: LineNumber,
        limit: Int
    ) async throws -> [SupplementRecord] {
        try await pool.transaction("records of a supplement", readOnly: true) { transaction in
            let lines = try transaction.query(
                """
                SELECT line_no, from_batch_id, from_line_no, from_business_date, revision,
                    sluice.is_contradicted(from_batch_id, from_line_no) FROM sluice.supplement_record
                WHERE batch_id = $1 AND line_no > $2 ORDER BY line_no LIMIT $3
                """,
                [.int64(file.id.value), .int32(line.value), .int64(Int64(limit))]
            ).map { row in
                SupplementLine(
                    line: LineNumber(try row.int32(0)),
                    source: LineStandings.Key(batch: try row.int64(1), line: try row.int32(2)),
                    day: try row.date(3),
                    revision: try row.int32(4),
                    isContradicted: try row.bool(5)
                )
            }
            var records: [SupplementRecord] = []
            // Mostly all come from one file.
            for (source, group) in Dictionary(grouping: lines, by: \.source.batch) {
                records += try self.records(group, of: BatchIdentifier(source), transaction)
            }
            guard records.count == lines.count else {
                throw StoreDefect("a record of supplement \(file.id) is gone")
            }
            return records.sorted { $0.line < $1.line }
        }
    }

    /// The day of the records names their partition; once released they may have left for the history.
    private func records(
        _ lines: [SupplementLine],
        of batch: BatchIdentifier,
        _ transaction: PostgresTransaction
    ) throws -> [SupplementRecord] {
        guard let day = lines.first?.day else { return [] }
        let known = Dictionary(uniqueKeysWithValues: lines.map { ($0.source.line, $0) })
        var ciphers = RecordCiphers(batch: batch, salt: try salt(of: batch, transaction), keys: keys)
        func record(_ table: String) -> String {
            """
            SELECT q.line_no, q.origin::text, coalesce(CASE WHEN n.revision = 0 THEN q.merchant_order_no
                    ELSE a.merchant_order_no END, ''), q.fields, q.data_key_id, a.sealed, a.data_key_id, q.raw,
                q.charset, q.byte_from, q.byte_to, q.physical_line,
                ARRAY(SELECT e ->> 'code' FROM jsonb_array_elements(q.reasons) WITH ORDINALITY AS x (e, n) ORDER BY n),
                ARRAY(SELECT coalesce(e ->> 'field', '') FROM jsonb_array_elements(q.reasons) WITH ORDINALITY
                    AS x (e, n) ORDER BY n),
                ARRAY(SELECT coalesce(e ->> 'value', '') FROM jsonb_array_elements(q.reasons) WITH ORDINALITY
                    AS x (e, n) ORDER BY n),
                ARRAY(SELECT coalesce(e ->> 'mend', '') FROM jsonb_array_elements(q.reasons) WITH ORDINALITY
                    AS x (e, n) ORDER BY n),
                CASE WHEN n.revision = 0 THEN q.amount_minor ELSE a.amount_minor END,
                CASE WHEN n.revision = 0 THEN q.currency ELSE a.currency END
            FROM \(table) q JOIN unnest($3::int[], $4::int[]) AS n (line_no, revision) ON n.line_no = q.line_no
            LEFT JOIN sluice.quarantine_amendment a ON a.batch_id = q.batch_id AND a.line_no = q.line_no
                AND a.revision = n.revision
            WHERE q.batch_id = $1 AND q.business_date = $2 AND \(LineBounds.condition("q.line_no", in: "$3"))
            """
        }
        return try transaction.query(
            "\(record("sluice.quarantine_record")) UNION ALL \(record("history.quarantine_record"))",
            [
                .int64(batch.value), .date(day), .intArray(lines.map(\.source.line)),
                .intArray(lines.map(\.revision)),
            ]
        ).map { row in
            guard let line = known[try row.int32(0)] else { throw StoreDefect("a record was not asked for") }
            return try Self.record(row, line, &ciphers)
        }
    }

    private static func record(
        _ row: PostgresRow,
        _ line: SupplementLine,
        _ ciphers: inout RecordCiphers
    ) throws -> SupplementRecord {
        let source = line.source.line
        let key = try row.int32(4)
        let isOfFile = try row.text(1) == "intake"
        let fields = row.isNull(3) ? nil : try ciphers.open(try row.bytes(3), .fields, source, 0, key: key)
        let amended =
            row.isNull(5)
            ? nil : try ciphers.open(try row.bytes(5), .amended, source, line.revision, key: try row.int32(6))
        let raw =
            isOfFile
            ? try ciphers.openRaw(try row.bytes(7), source, key: key)
            : try ciphers.open(try row.bytes(7), .raw, source, 0, key: key)
        let (fieldNames, values, mends) = (try row.textArray(13), try row.textArray(14), try row.textArray(15))
        guard let currency = try row.optionalText(17).flatMap(Currency.init(code:)) else {
            throw StoreDefect("line \(line.line) of a supplement was released without an amount")
        }
        var record = SupplementRecord(
            line: line.line,
            merchantOrderNumber: try row.text(2),
            // Who cannot read what was amended does not take what was sent for it.
            fields: amended == nil && line.revision > 0 ? nil : fields,
            amended: amended,
            reasons: try row.textArray(12).enumerated().map { index, code in
                QuarantineReason(
                    code: code,
                    field: fieldNames[index].isEmpty ? nil : fieldNames[index],
                    maskedValue: values[index],
                    mend: mends[index]
                )
            },
            raw: raw ?? [],
            charset: try row.text(8),
            byteRange: try row.int64(9)..<(try row.int64(10)),
            physicalLine: try row.int64(11)
        )
        record.isContradicted = line.isContradicted
        record.releasedAmount = Money(minor: try row.int64(16), currency: currency)
        return record
    }

    private func salt(of batch: BatchIdentifier, _ transaction: PostgresTransaction) throws -> [UInt8] {
        let rows = try transaction.query(
            "SELECT data_salt FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(batch.value)]
        )
        guard let row = rows.first else { throw StoreDefect("batch \(batch) does not exist") }
        return try row.bytes(0)
    }

    package func settleSupplement(_ file: ClaimedBatchFile) async throws -> SupplementLook? {
        try await pool.transaction("settle supplement", deadline: .seconds(60)) { transaction in
            let began = try transaction.query("SELECT clock_timestamp()")
            guard let at = try began.first?.timestamp(0) else { throw StoreDefect("a clock tells no time") }
            guard try lock(file, transaction, state: .working) else { return nil }
            let isOpen = try LineStandings(transaction).isAnyOpen(
                of: file.id,
                businessDate: file.businessDate,
                pageSize: Self.linesAtOnce
            )
            let end = isOpen ? "" : ", state = 'finished', finished_at = now(), lease_worker = NULL, lease_until = NULL"
            _ = try transaction.execute(
                "UPDATE sluice.batch_file SET result_seen_at = $2\(end) WHERE batch_id = $1",
                [.int64(file.id.value), .timestamptz(unixMicroseconds: at.unixMicroseconds)]
            )
            // That lines of it moved is told by what they moved with; so the original is only looked at soon, and
            // earlier supplements, of which records may have come. Who holds one of them is left in peace.
            _ = try transaction.execute(
                """
                UPDATE sluice.batch_file f SET due_at = now() FROM (
                    SELECT x.batch_id FROM sluice.batch_file x
                    WHERE (x.batch_id = $1 OR x.parent_batch_id = $1) AND x.batch_id < $2 AND x.state = 'working'
                        AND x.lease_worker IS NULL AND x.due_at > now() FOR NO KEY UPDATE SKIP LOCKED) free
                WHERE f.batch_id = free.batch_id
                """,
                [.int64(file.supplement?.original.value ?? 0), .int64(file.id.value)]
            )
            return SupplementLook(isFinished: !isOpen)
        }
    }
}

/// A line of a supplement, and the record that it is made of.
private struct SupplementLine {
    let line: LineNumber
    let source: LineStandings.Key
    let day: BusinessDate
    let revision: Int32
    let isContradicted: Bool
}

/// The ciphers of one file under each of its keys: an amendment may be sealed under a newer one than the record.
private struct RecordCiphers: ~Copyable {
    private let batch: BatchIdentifier
    private let salt: [UInt8]
    private let keys: KeyRing
    private var cipher: BatchCipher?

    init(batch: BatchIdentifier, salt: [UInt8], keys: KeyRing) {
        self.batch = batch
        self.salt = salt
        self.keys = keys
    }

    /// A value behind its nonce; nil if it is damaged.
    ///
    /// Throws where its key is not configured.
    mutating func open(
        _ sealed: [UInt8],
        _ field: BatchCipher.Field,
        _ first: Int32,
        _ second: Int32,
        key: Int32
    ) throws -> [UInt8]? {
        try take(key)
        return try? cipher?.openWithNonce(sealed, field, first, second)
    }

    /// The bytes of a record as they stood in its file.
    mutating func openRaw(_ sealed: [UInt8], _ line: Int32, key: Int32) throws -> [UInt8]? {
        try take(key)
        return try? cipher?.open(sealed, .raw, line: LineNumber(line))
    }

    private mutating func take(_ key: Int32) throws {
        guard cipher?.keyIdentifier != key else { return }
        cipher = try BatchCipher(batch: batch, keyIdentifier: key, salt: salt, keys: keys)
    }
}
