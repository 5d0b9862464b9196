import PaymentCore
import Store

/// What always holds of the days that have left; live tables stand before history here too.
extension Invariant {
    /// A day may have begun to leave for some tables and not yet for others: each table has its own oldest day.
    static let gapsInDays = """
        SELECT h.table_name FROM sluice.heavy_table h LEFT JOIN sluice.live_days d ON true
        CROSS JOIN LATERAL (SELECT sluice.carry_over_end(h.table_name) AS oldest) own
        WHERE d.newest IS NULL OR d.newest < current_date + 7 OR own.oldest IS NULL OR own.oldest > d.oldest
            OR d.newest - own.oldest + 2 <> (SELECT count(*) FROM pg_catalog.pg_inherits i
                WHERE i.inhparent = ('sluice.' || h.table_name)::regclass)
        """

    static let archivedOpenOrders = """
        SELECT o.batch_id || '-' || o.line_no FROM history.payment_order o
        WHERE o.state NOT IN ('succeeded', 'failed', 'returned', 'cancelled')
        """

    static let rowsInTwoPlaces = HeavyTable.allCases.map { table in
        """
        SELECT '\(table) ' || concat_ws('-', \(table.keyColumns)) FROM sluice.\(table)
        JOIN history.\(table) x USING (\(table.keyColumns))
        """
    }.joined(separator: " UNION ALL ")

    /// Days that are on their way are told of by the receipt under way, and proven when it is closed.
    static let receiptsThatDiffer = """
        SELECT table_name || ' ' || day FROM (\(archivedCounts)) h
        FULL JOIN (SELECT table_name, day, sum(row_count) AS told FROM sluice.archive_manifest
            WHERE state = 'closed' GROUP BY table_name, day) m USING (table_name, day)
        WHERE coalesce(h.found, 0) <> coalesce(m.told, 0)
            AND NOT EXISTS (SELECT FROM sluice.archive_manifest u WHERE u.table_name = coalesce(h.table_name,
                m.table_name) AND u.day = coalesce(h.day, m.day) AND u.state IN ('swapped', 'moving', 'verifying'))
        """

    private static let archivedCounts = HeavyTable.allCases.map { table in
        """
        SELECT '\(table)' AS table_name, \(table.dayColumn) AS day, count(*) AS found FROM history.\(table)
        GROUP BY \(table.dayColumn)
        """
    }.joined(separator: " UNION ALL ")
}

extension HeavyTable {
    /// The key, with the day as its last column.
    fileprivate var keyColumns: String {
        switch self {
        case .paymentOrder, .quarantineRecord: "batch_id, line_no, business_date"
        case .paymentAttempt: "batch_id, line_no, attempt_no, business_date"
        case .submission: "batch_id, submission_no, business_date"
        case .exchange: "batch_id, submission_no, ordinal, exchange_day"
        }
    }

    var dayColumn: String { self == .exchange ? "exchange_day" : "business_date" }
}
