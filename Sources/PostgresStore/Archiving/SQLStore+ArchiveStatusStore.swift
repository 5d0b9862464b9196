package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ArchiveStatusStore {
    package func archiveStatus() async throws -> ArchiveStatus {
        try await pool.transaction("archive status", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT (now() AT TIME ZONE 'UTC')::date, d.oldest, d.newest,
                    (SELECT count(*) FROM sluice.archive_manifest m
                        WHERE m.state NOT IN ('closed', 'mismatch', 'reopened', 'dropped')),
                    (SELECT count(*) FROM sluice.legal_hold h WHERE h.lifted_at IS NULL),
                    has_function_privilege('sluice.begin_archive_day(bigint, date, date)', 'EXECUTE'),
                    EXISTS (SELECT FROM sluice.archive_manifest m WHERE m.state = 'mismatch')
                        OR EXISTS (SELECT FROM sluice.alarm a WHERE a.kind = 'archive_mismatch'
                            AND a.acknowledged_at IS NULL),
                    pg_total_relation_size('sluice.batch_file_part') + pg_total_relation_size('sluice.result_file_part')
                FROM (SELECT) x LEFT JOIN sluice.live_days d ON true
                """
            )
            guard let row = rows.first else { throw StoreDefect("the state of archiving has no answer") }
            let last = try transaction.query(
                """
                SELECT m.table_name, m.day, m.pass, m.closed_at FROM sluice.archive_manifest m
                JOIN sluice.heavy_table h USING (table_name)
                WHERE m.closed_at IS NOT NULL ORDER BY m.closed_at DESC, m.day DESC, h.place DESC LIMIT 1
                """
            ).first
            let held = try transaction.query(
                "SELECT h.day FROM sluice.legal_hold h WHERE h.lifted_at IS NULL AND h.day IS NOT NULL ORDER BY h.day"
            ).map { try $0.date(0) }
            return ArchiveStatus(
                today: try row.date(0),
                live: row.isNull(1) ? nil : try row.date(1)...(try row.date(2)),
                lastClosed: try last.map {
                    ArchiveStatus.Closed(
                        key: EntryKey(table: try $0.word(0), day: try $0.date(1), pass: try $0.int32(2)),
                        at: try $0.timestamp(3)
                    )
                },
                openEntries: try row.int64(3),
                holds: try row.int64(4),
                heldDays: held,
                mayArchive: try row.bool(5),
                isMismatch: try row.bool(6),
                fileBytes: try row.int64(7)
            )
        }
    }

    package func carriedRows() async throws -> [HeavyTable: CarriedRows] {
        var carried: [HeavyTable: CarriedRows] = [:]
        for table in HeavyTable.allCases { carried[table] = try await carriedRows(table, where: nil) }
        return carried
    }

    package func archivedDays(_ days: ClosedRange<BusinessDate>?) async throws -> [ArchivedDay] {
        try await pool.transaction("archived days", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT m.table_name, m.day FROM sluice.archive_manifest m JOIN sluice.heavy_table h USING (table_name)
                WHERE $1::date IS NULL OR m.day BETWEEN $1 AND $2::date GROUP BY m.table_name, m.day, h.place
                HAVING bool_or(m.state = 'closed') AND NOT bool_or(m.state IN ('swapped', 'moving', 'verifying'))
                ORDER BY m.day, h.place
                """,
                [
                    days.map { .date($0.lowerBound) } ?? .null, days.map { .date($0.upperBound) } ?? .null,
                ]
            ).map { ArchivedDay(table: try $0.word(0), day: try $0.date(1)) }
        }
    }

    package func daysBeingLoaded(_ days: [BusinessDate]) async throws -> Set<BusinessDate> {
        try await pool.transaction("days being loaded", readOnly: true) { transaction in
            Set(
                try transaction.query(
                    """
                    SELECT DISTINCT f.business_date FROM unnest($1::int[]) AS d (n)
                    JOIN sluice.batch_file f ON f.business_date = date '1970-01-01' + d.n
                    WHERE f.state IN ('splitting', 'split')
                    """,
                    [.intArray(days.map(\.daysSince1970))]
                ).map { try $0.date(0) }
            )
        }
    }
}
