package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func recordsToReview(
        _ filter: QuarantineFilter,
        after last: RecordKey?
    ) async throws -> [RecordToReview] {
        try await pool.transaction("records to review", readOnly: true) { transaction in
            var query = try query(filter, transaction)
            if let last {
                let (batch, line) = (
                    query.parameter(.int64(last.batch.value)), query.parameter(.int32(last.line.value))
                )
                query.add("(q.batch_id, q.line_no) > (\(batch), \(line))")
            }
            let limit = query.parameter(.int64(Int64(filter.limit)))
            return try recordsToReview(
                query.records("q.*", "ORDER BY batch_id, line_no LIMIT \(limit)"),
                query.parameters,
                transaction
            )
        }
    }

    package func recordsToReview(_ keys: [RecordKey]) async throws -> [RecordToReview] {
        try await pool.transaction("records to review", readOnly: true) { transaction in
            var records: [RecordToReview] = []
            for (date, keys) in try days(of: keys, transaction) {
                records += try recordsToReview(
                    Self.recordsOfDay,
                    [
                        .date(date), .bigintArray(keys.map(\.batch.value)), .intArray(keys.map(\.line.value)),
                        .bigintArray(Set(keys.map(\.batch.value)).sorted()),
                    ],
                    transaction
                )
            }
            return records.sorted { $0.key < $1.key }
        }
    }

    /// Records of the day `$1` by their keys `$2` and `$3`, wherever they are; `$4`: their files, each once.
    static let recordsOfDay = ["sluice", "history"].map { schema in
        """
        SELECT q.* FROM \(schema).quarantine_record q
        JOIN unnest($2::bigint[], $3::int[]) AS n (batch_id, line_no) ON n.batch_id = q.batch_id
            AND n.line_no = q.line_no
        WHERE q.business_date = $1 AND q.batch_id = ANY ($4::bigint[])
        """
    }.joined(separator: "\nUNION ALL\n")

    /// Keys by the day that names their partitions, the oldest first; those of no file are left out.
    func days(
        of keys: [RecordKey],
        _ transaction: PostgresTransaction
    ) throws -> [(date: BusinessDate, keys: [RecordKey])] {
        var dates: [BatchIdentifier: BusinessDate] = [:]
        let rows = try transaction.query(
            "SELECT batch_id, business_date FROM sluice.batch_file WHERE batch_id = ANY ($1)",
            [.bigintArray(Set(keys.map(\.batch.value)).sorted())]
        )
        for row in rows { dates[BatchIdentifier(try row.int64(0))] = try row.date(1) }
        var days: [BusinessDate: [RecordKey]] = [:]
        for key in keys { if let date = dates[key.batch] { days[date, default: []].append(key) } }
        return days.sorted { $0.key < $1.key }.map { (date: $0.key, keys: $0.value) }
    }

    /// The records `q` of a statement, with their texts opened.
    func recordsToReview(
        _ records: String,
        _ parameters: [PostgresValue],
        _ transaction: PostgresTransaction
    ) throws -> [RecordToReview] {
        let rows = try transaction.query(
            """
            SELECT \(Self.recordColumns), \(Self.remainingColumns), m.merchant_no, f.direction::text, f.format,
                coalesce(p.business_date, f.business_date), f.data_salt, q.data_key_id, q.fields, a.data_key_id,
                a.sealed,
                r.batch_id, r.line_no, r.state::text,
                CASE WHEN a.revision IS NULL THEN q.merchant_order_no ELSE a.merchant_order_no END
            FROM (\(records)) q
            JOIN sluice.batch_file f ON f.batch_id = q.batch_id JOIN sluice.merchant m ON m.merchant_id = f.merchant_id
            LEFT JOIN sluice.batch_file p ON p.batch_id = f.parent_batch_id
            LEFT JOIN sluice.quarantine_amendment a ON a.batch_id = q.batch_id AND a.line_no = q.line_no
                AND a.revision = q.revision
            LEFT JOIN sluice.order_number_registry r ON r.merchant_id = f.merchant_id
                AND r.order_no = CASE WHEN a.revision IS NULL THEN q.merchant_order_no ELSE a.merchant_order_no END
            ORDER BY q.batch_id, q.line_no
            """,
            parameters
        )
        var opener = TextOpener(keys: keys)
        return try rows.map { try Self.recordToReview($0, &opener) }
    }

    private static func recordToReview(_ row: PostgresRow, _ opener: inout TextOpener) throws -> RecordToReview {
        let first = recordColumnCount + 5
        var record = try quarantinedRecord(row)
        record.remainingReasons = try remaining(row, at: recordColumnCount)
        var found = RecordToReview(
            record: record,
            merchant: MerchantNumber(try row.text(first)),
            direction: try row.word(first + 1),
            format: try row.text(first + 2),
            judgedDate: try row.date(first + 3)
        )
        let (batch, line, salt) = (record.key.batch, record.key.line.value, try row.bytes(first + 4))
        do {
            if !row.isNull(first + 6) {
                let place = TextOpener.Place(batch: batch, key: try row.int32(first + 5), salt: salt)
                found.sent = try opener.open(try row.bytes(first + 6), at: place, .fields, line, 0)
            }
            if !row.isNull(first + 8) {
                let place = TextOpener.Place(batch: batch, key: try row.int32(first + 7), salt: salt)
                found.amended = try opener.open(try row.bytes(first + 8), at: place, .amended, line, record.revision)
            }
        } catch let error where !(error is PostgresError) {
            // This one row cannot be opened: it must not stop the others.
            (found.sent, found.amended, found.isUnreadable) = (nil, nil, true)
        }
        if !row.isNull(first + 9) {
            found.numberOwner = NumberOwner(
                batch: BatchIdentifier(try row.int64(first + 9)),
                line: LineNumber(try row.int32(first + 10)),
                state: try row.text(first + 11)
            )
        }
        found.merchantOrderNumber = try row.optionalText(first + 12)
        return found
    }

    package func numberOwners(
        of numbers: [String],
        merchant: MerchantNumber
    ) async throws -> [String: NumberOwner] {
        try await pool.transaction("number owners", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT r.order_no, r.batch_id, r.line_no, r.state::text FROM sluice.merchant m
                JOIN sluice.order_number_registry r ON r.merchant_id = m.merchant_id AND r.order_no = ANY ($2)
                WHERE m.merchant_no = $1
                """,
                [.text(merchant.value), .textArray(numbers)]
            )
            var owners: [String: NumberOwner] = [:]
            for row in rows {
                owners[try row.text(0)] = NumberOwner(
                    batch: BatchIdentifier(try row.int64(1)),
                    line: LineNumber(try row.int32(2)),
                    state: try row.text(3)
                )
            }
            return owners
        }
    }
}

/// Opens texts of records that come file by file, each file's key derived once.
struct TextOpener: ~Copyable {
    /// Under which key something of a file is sealed.
    struct Place: Equatable {
        let batch: BatchIdentifier
        let key: Int32
        let salt: [UInt8]
    }

    private let keys: KeyRing
    private var place: Place?
    private var cipher: BatchCipher?

    init(keys: KeyRing) { self.keys = keys }

    mutating func open(
        _ sealed: [UInt8],
        at wanted: Place,
        _ field: BatchCipher.Field,
        _ first: Int32,
        _ second: Int32
    ) throws -> [UInt8] {
        if place != wanted {
            cipher = try BatchCipher(batch: wanted.batch, keyIdentifier: wanted.key, salt: wanted.salt, keys: keys)
            place = wanted
        }
        guard let opened = try cipher?.openWithNonce(sealed, field, first, second) else {
            preconditionFailure("a cipher was made for the place")
        }
        return opened
    }

    /// Opens the bytes of a record as they stood in the file.
    mutating func openRaw(_ sealed: [UInt8], at wanted: Place, line: LineNumber) throws -> [UInt8] {
        if place != wanted {
            cipher = try BatchCipher(batch: wanted.batch, keyIdentifier: wanted.key, salt: wanted.salt, keys: keys)
            place = wanted
        }
        guard let opened = try cipher?.open(sealed, .raw, line: line) else {
            preconditionFailure("a cipher was made for the place")
        }
        return opened
    }
}
