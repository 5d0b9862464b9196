import Compression
import PaymentCore
import PostgresClient
import Store

/// A file's lines and the parts of its request, read in the transaction that writes its result.
final class StoredResultMaterial: ResultMaterial {
    /// Rows read at a time; a page is all that is in memory.
    private static let pageSize: Int64 = 5_000

    let edition: ResultEdition
    let previousEdition: ResultEdition?
    private let file: ClaimedBatchFile
    private let transaction: PostgresTransaction
    private var cipher: BatchCipher
    private var after: Int32 = 0
    private var partsRead: Int32 = 0

    init(
        file: ClaimedBatchFile,
        edition: ResultEdition,
        previousEdition: ResultEdition?,
        cipher: consuming BatchCipher,
        transaction: PostgresTransaction
    ) {
        self.file = file
        self.edition = edition
        self.previousEdition = previousEdition
        self.cipher = cipher
        self.transaction = transaction
    }

    func rewind() {
        after = 0
        partsRead = 0
    }

    func nextPart() throws -> [UInt8]? {
        guard partsRead < file.partCount else { return nil }
        partsRead += 1
        let rows = try transaction.query(
            "SELECT content, clear_bytes FROM sluice.batch_file_part WHERE batch_id = $1 AND part_no = $2 "
                + "AND is_encrypted",
            [.int64(file.id.value), .int32(partsRead)]
        )
        guard let row = rows.first else { throw StoreDefect("part \(partsRead) of batch \(file.id) is missing") }
        let compressed = try cipher.openWithNonce(try row.bytes(0), .part, partsRead, 0)
        return try Deflate.decompress(compressed, byteCount: Int(try row.int32(1)))
    }

    func nextPage() throws -> [ResultRow] {
        // A line that failed and was set aside stands in both tables: it is the order's line, under review.
        let rows = try transaction.query(
            """
            SELECT line_no, is_order, standing, cause,
                -- The order keeps the code of its success; why it came back is said by the last return that says it.
                CASE WHEN standing = 'returned' THEN (SELECT p.code FROM sluice.payment_return p
                    WHERE p.batch_id = $1 AND p.line_no = l.line_no
                    ORDER BY p.code IS NULL, p.returned_at DESC, p.return_reference DESC LIMIT 1) ELSE code END,
                CASE WHEN standing = 'returned' THEN coalesce((SELECT max(p.returned_at) FROM sluice.payment_return p
                    WHERE p.batch_id = $1 AND p.line_no = l.line_no), decided_at) ELSE decided_at END,
                merchant_order_no, bank_code, amount_minor, currency, bytes,
                -- Looked for only where it can matter: most lines succeeded.
                CASE WHEN standing IN ('succeeded', 'returned') OR NOT is_order THEN false
                ELSE EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = $1 AND r.closed_at IS NULL
                        AND (r.line_no = l.line_no OR (r.line_no IS NULL AND r.submission_no = l.submission_no)))
                    OR EXISTS (SELECT FROM sluice.quarantine_record q WHERE q.batch_id = $1 AND q.business_date = $2
                        AND q.line_no = l.line_no AND q.origin = 'failed_order' AND q.state IN ('open', 'amended'))
                END
            FROM (
                (\(Self.orders("sluice.payment_order"))) UNION ALL (\(Self.orders("history.payment_order")))
                UNION ALL
                (\(Self.records("sluice.quarantine_record"))) UNION ALL (\(Self.records("history.quarantine_record")))
            ) l
            -- An order that has left, or was brought back, keeps its success when its money comes back; of most files
            -- nothing has.
            CROSS JOIN LATERAL (SELECT CASE WHEN state = 'succeeded' AND is_order
                    AND (SELECT EXISTS (SELECT FROM sluice.payment_return p WHERE p.batch_id = $1))
                    AND (SELECT sum(p.amount_minor) FROM sluice.payment_return p
                        WHERE p.batch_id = $1 AND p.line_no = l.line_no) >= amount_minor
                THEN 'returned' ELSE state END AS standing) s
            ORDER BY line_no LIMIT $4
            """,
            [.int64(file.id.value), .date(file.businessDate), .int32(after), .int64(Self.pageSize)]
        )
        let page = try rows.map { row in try resultRow(row) }
        if let last = page.last { after = last.line.value }
        return page
    }

    /// A page of orders of one place; some have left while others are open.
    private static func orders(_ table: String) -> String {
        """
        SELECT o.line_no, true AS is_order, o.state::text, o.cause::text, o.code, o.decided_at, o.merchant_order_no,
            o.bank_code, o.amount_minor, o.currency, o.personal AS bytes, o.submission_no
        FROM \(table) o WHERE o.batch_id = $1 AND o.business_date = $2 AND o.line_no > $3
        ORDER BY o.line_no LIMIT $4
        """
    }

    private static func records(_ table: String) -> String {
        """
        SELECT q.line_no, false, q.state::text, NULL, coalesce(q.closed_code, q.reasons -> 0 ->> 'code'),
            q.closed_at, q.merchant_order_no, NULL, q.amount_minor, q.currency, q.raw, NULL
        FROM \(table) q WHERE q.batch_id = $1 AND q.business_date = $2 AND q.line_no > $3
            AND q.origin = 'intake' ORDER BY q.line_no LIMIT $4
        """
    }

    private func resultRow(_ row: PostgresRow) throws -> ResultRow {
        let line = LineNumber(try row.int32(0))
        let code = try row.optionalText(4) ?? ""
        guard try row.bool(1) else {
            let status: ResultStatus = try row.text(2) == "rejected" ? .failed : .underReview
            return ResultRow(
                line: line,
                status: status,
                code: code,
                cause: nil,
                decidedAt: try row.optionalTimestamp(5),
                content: .quarantined(
                    raw: try cipher.open(try row.bytes(10), .raw, line: line),
                    merchantOrderNumber: try row.optionalText(6),
                    amountMinor: try row.optionalInt64(8),
                    currency: try row.optionalText(9)
                )
            )
        }
        let state: OrderState = try row.word(2)
        let cause = try row.optionalText(3).flatMap(FailureCause.init(rawValue:))
        // Without its account the line still says what became of the order.
        let personal = cipher.personal(try row.bytes(10), line: line)
        return ResultRow(
            line: line,
            status: ResultStatus(order: state, cause: cause, isUnderReview: try row.bool(11)),
            code: code,
            cause: cause,
            decidedAt: try row.optionalTimestamp(5),
            content: .order(
                merchantOrderNumber: try row.text(6),
                accountNumber: personal?.accountNumber ?? "",
                accountName: personal?.accountName ?? "",
                bankCode: try row.optionalText(7),
                purpose: personal?.purpose ?? "",
                amountMinor: try row.int64(8),
                currency: try row.text(9)
            )
        )
    }
}
