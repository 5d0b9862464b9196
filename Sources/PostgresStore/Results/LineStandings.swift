import PaymentCore
import PostgresClient
import Store

/// How lines of files stand: orders with what came after they were final, and records that made none; a line that was
/// released stands as the line of the supplement does that it has become.
struct LineStandings {
    /// A record's or an order's key.
    struct Key: Hashable {
        let batch: Int64
        let line: Int32
    }

    /// One line, without a look at where it was released to.
    struct Standing {
        let isOrder: Bool
        let status: ResultStatus
        let code: String
        let cause: FailureCause?
        let decidedAt: Timestamp?
        /// The line that it has become.
        let successor: Key?
        /// What the line's order, or its record, says itself.
        let values: MendedValues

        /// A line of a supplement that is not loaded yet.
        static let unread = Standing(
            isOrder: false,
            status: .processing,
            code: "",
            cause: nil,
            decidedAt: nil,
            successor: nil,
            values: MendedValues(merchantOrderNumber: nil, amountMinor: nil, currency: nil)
        )
    }

    private let transaction: PostgresTransaction

    init(_ transaction: PostgresTransaction) { self.transaction = transaction }

    // MARK: One line

    /// The columns that `Standing` is read of, from the first on: line_no, is_order, standing, cause, code, decided_at,
    /// is_under_review, successor_batch_id, successor_line_no, merchant_order_no, amount_minor, currency.
    static let columnCount = 12

    /// Reads a row of `statement`.
    static func standing(_ row: PostgresRow) throws -> Standing {
        let successor: Key? =
            row.isNull(7) ? nil : Key(batch: try row.int64(7), line: try row.int32(8))
        let cause = try row.optionalText(3).flatMap(FailureCause.init(rawValue:))
        let isOrder = try row.bool(1)
        let status: ResultStatus
        if isOrder {
            status = ResultStatus(order: try row.word(2), cause: cause, isUnderReview: try row.bool(6))
        } else {
            status = try row.text(2) == "rejected" ? .failed : .underReview
        }
        return Standing(
            isOrder: isOrder,
            status: status,
            code: try row.optionalText(4) ?? "",
            cause: cause,
            decidedAt: try row.optionalTimestamp(5),
            successor: successor,
            values: MendedValues(
                merchantOrderNumber: try row.optionalText(9),
                amountMinor: try row.optionalInt64(10),
                currency: try row.optionalText(11)
            )
        )
    }

    /// The lines of the file $1 of the day $2 that a condition on `line_no` leaves, in their order.
    ///
    /// `more`: columns of orders and of records to read beside; `limit`: the most lines, in SQL.
    static func statement(
        where condition: String,
        limit: String? = nil,
        more: (names: String, ofOrders: String, ofRecords: String)? = nil
    ) -> String {
        let tail = limit.map { " LIMIT \($0)" } ?? ""
        func orders(_ table: String) -> String {
            """
            (SELECT line_no, true AS is_order, state::text, cause::text, code, decided_at, merchant_order_no,
                amount_minor, currency, submission_no, NULL::bigint AS successor_batch_id, NULL::int AS
                successor_line_no\(more.map { ", " + $0.ofOrders } ?? "")
            FROM \(table) WHERE batch_id = $1 AND business_date = $2 AND \(condition) ORDER BY line_no\(tail))
            """
        }
        func records(_ table: String) -> String {
            """
            (SELECT line_no, false, state::text, NULL, coalesce(closed_code, reasons -> 0 ->> 'code'), closed_at,
                merchant_order_no, amount_minor, currency, NULL, CASE WHEN state = 'released' THEN successor_batch_id
                END, CASE WHEN state = 'released' THEN successor_line_no END\(more.map { ", " + $0.ofRecords } ?? "")
            FROM \(table) WHERE batch_id = $1 AND business_date = $2 AND \(condition) AND origin = 'intake'
            ORDER BY line_no\(tail))
            """
        }
        return """
            SELECT l.line_no, l.is_order, s.standing, CASE WHEN x.corrected_to IS NULL THEN l.cause END,
                -- The order keeps the code of its success; why it came back is said by the last return that says it.
                CASE WHEN x.corrected_to IS NOT NULL THEN 'corrected'
                    WHEN s.standing = 'returned' THEN (SELECT p.code FROM sluice.payment_return p
                        WHERE p.batch_id = $1 AND p.line_no = l.line_no
                        ORDER BY p.code IS NULL, p.returned_at DESC, p.return_reference DESC LIMIT 1) ELSE l.code END,
                CASE WHEN x.corrected_to IS NOT NULL THEN (SELECT p.corrected_at FROM sluice.payment_correction p
                        WHERE p.batch_id = $1 AND p.line_no = l.line_no ORDER BY p.correction_id DESC LIMIT 1)
                    WHEN s.standing = 'returned' THEN coalesce((SELECT max(p.returned_at)
                        FROM sluice.payment_return p WHERE p.batch_id = $1 AND p.line_no = l.line_no), l.decided_at)
                    ELSE l.decided_at END,
                -- Looked for only where it can matter: most lines succeeded.
                CASE WHEN s.standing IN ('succeeded', 'returned') OR NOT l.is_order THEN false
                ELSE EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = $1 AND r.closed_at IS NULL
                        AND (r.line_no = l.line_no OR (r.line_no IS NULL AND r.submission_no = l.submission_no)))
                    OR EXISTS (SELECT FROM sluice.quarantine_record q WHERE q.batch_id = $1 AND q.business_date = $2
                        AND q.line_no = l.line_no AND q.origin = 'failed_order' AND q.state IN ('open', 'amended'))
                END,
                CASE WHEN l.is_order THEN f.successor_batch_id ELSE l.successor_batch_id END,
                CASE WHEN l.is_order THEN f.successor_line_no ELSE l.successor_line_no END,
                l.merchant_order_no, l.amount_minor, l.currency\(more.map { ", " + $0.names } ?? "")
            FROM (
                \(orders("sluice.payment_order")) UNION ALL \(orders("history.payment_order"))
                UNION ALL
                \(records("sluice.quarantine_record")) UNION ALL \(records("history.quarantine_record"))
            ) l
            -- A final state that was proven wrong says what it was corrected to; of most files nothing was.
            CROSS JOIN LATERAL (SELECT CASE WHEN l.is_order
                    AND (SELECT EXISTS (SELECT FROM sluice.payment_correction p WHERE p.batch_id = $1))
                THEN (SELECT p.to_state::text FROM sluice.payment_correction p
                    WHERE p.batch_id = $1 AND p.line_no = l.line_no ORDER BY p.correction_id DESC LIMIT 1)
                END AS corrected_to) x
            -- An order that has left, or was brought back, keeps its success when its money comes back.
            CROSS JOIN LATERAL (SELECT CASE WHEN x.corrected_to IS NOT NULL THEN x.corrected_to
                    WHEN l.state = 'succeeded' AND l.is_order
                    AND (SELECT EXISTS (SELECT FROM sluice.payment_return p WHERE p.batch_id = $1))
                    AND (SELECT sum(p.amount_minor) FROM sluice.payment_return p
                        WHERE p.batch_id = $1 AND p.line_no = l.line_no) >= l.amount_minor
                THEN 'returned' ELSE l.state END AS standing) s
            -- A line that failed and was set aside stands in both tables: it is the order's line until it is released.
            LEFT JOIN LATERAL (
                SELECT q.successor_batch_id, q.successor_line_no FROM sluice.quarantine_record q WHERE q.batch_id = $1
                    AND q.business_date = $2 AND q.line_no = l.line_no AND q.origin = 'failed_order'
                    AND q.state = 'released'
                UNION ALL
                SELECT q.successor_batch_id, q.successor_line_no FROM history.quarantine_record q WHERE q.batch_id = $1
                    AND q.business_date = $2 AND q.line_no = l.line_no AND q.origin = 'failed_order'
                    AND q.state = 'released'
            ) f ON l.is_order AND l.cause = 'data' AND s.standing = 'failed'
            ORDER BY l.line_no\(tail)
            """
    }

    // MARK: Many

    /// Follows released lines to where they stand now, also through supplements of supplements.
    func follow(_ released: [Int32: Key]) throws -> [Int32: Standing] {
        var found: [Int32: Standing] = [:]
        var waiting = released
        while !waiting.isEmpty {
            var next: [Int32: Key] = [:]
            for (batch, lines) in Dictionary(grouping: waiting, by: \.value.batch).sorted(by: { $0.key < $1.key }) {
                let standings = try standings(of: lines.map(\.value.line), in: batch)
                for (own, key) in lines {
                    guard let standing = standings[key.line] else {
                        found[own] = .unread
                        continue
                    }
                    if let successor = standing.successor {
                        guard successor.batch > batch else {
                            throw StoreDefect("line \(key.line) of batch \(batch) was released into an earlier file")
                        }
                        next[own] = successor
                    } else {
                        found[own] = standing
                    }
                }
            }
            waiting = next
        }
        return found
    }

    /// Whether a line of the file is open, or one that it was released to.
    func isAnyOpen(of batch: BatchIdentifier, businessDate: BusinessDate, pageSize: Int64) throws -> Bool {
        var after: Int32 = 0
        while true {
            let rows = try transaction.query(
                Self.statement(where: "line_no > $3", limit: "$4"),
                [.int64(batch.value), .date(businessDate), .int32(after), .int64(pageSize)]
            )
            var released: [Int32: Key] = [:]
            for row in rows {
                let standing = try Self.standing(row)
                after = try row.int32(0)
                if let successor = standing.successor {
                    released[after] = successor
                } else if standing.status.isOpen {
                    return true
                }
            }
            if try follow(released).values.contains(where: \.status.isOpen) { return true }
            if rows.count < pageSize { return false }
        }
    }

    private func standings(of lines: [Int32], in batch: Int64) throws -> [Int32: Standing] {
        let days = try transaction.query(
            "SELECT business_date FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(batch)]
        )
        guard let day = try days.first?.date(0) else { throw StoreDefect("batch \(batch) does not exist") }
        let rows = try transaction.query(
            Self.statement(where: "line_no = ANY ($3) AND \(LineBounds.condition("line_no", in: "$3"))"),
            [.int64(batch), .date(day), .intArray(lines)]
        )
        var standings: [Int32: Standing] = [:]
        for row in rows { standings[try row.int32(0)] = try Self.standing(row) }
        return standings
    }
}
