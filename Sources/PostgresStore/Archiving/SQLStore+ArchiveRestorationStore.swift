package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ArchiveRestorationStore {
    package func businessDate(of batch: BatchIdentifier) async throws -> BusinessDate? {
        try await pool.transaction("business date of a file", readOnly: true) { transaction in
            try transaction.query(
                "SELECT f.business_date FROM sluice.batch_file f WHERE f.batch_id = $1",
                [.int64(batch.value)]
            ).first?.date(0)
        }
    }

    package func carriedRows(_ table: HeavyTable, of day: BusinessDate) async throws -> CarriedRows {
        try await carriedRows(table, where: day)
    }

    /// `day`: nil for all of them.
    func carriedRows(_ table: HeavyTable, where day: BusinessDate?) async throws -> CarriedRows {
        let name = "sluice.\(table)_carry_over"
        return try await pool.transaction("carried rows", deadline: ArchiveStep.longDeadline, readOnly: true) {
            transaction in
            let rows = try transaction.query(
                """
                SELECT count(*), min(\(table.dayColumn)), pg_relation_size('\(name)') FROM \(name)
                WHERE $1::date IS NULL OR \(table.dayColumn) = $1
                """,
                [day.map(PostgresValue.date) ?? .null]
            )
            guard let row = rows.first else { throw StoreDefect("a count has no answer") }
            return CarriedRows(
                rows: try row.int64(0),
                oldest: row.isNull(1) ? nil : try row.date(1),
                bytes: try row.int64(2)
            )
        }
    }

    package func mergedMonths(_ table: HeavyTable) async throws -> [BusinessDate] {
        try await pool.transaction("merged months", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT m.first_day FROM sluice.archive_month m WHERE m.table_name = $1 AND m.put_at IS NOT NULL
                ORDER BY m.first_day
                """,
                [.text(table.rawValue)]
            ).map { try $0.date(0) }
        }
    }

    package func moveHeldRows(
        _ key: EntryKey,
        after last: RowKey?,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> MovedRows {
        try await moveRows(key, from: .carryOver, after: last, most: most, takesHeld: true, lease)
    }

    package func bringBack(
        _ table: HeavyTable,
        _ day: BusinessDate,
        why: String,
        within span: TimeSpan,
        _ lease: ArchiveLease
    ) async throws -> Int64 {
        try await archive(
            ArchiveStep("bring day back", table, day, lease),
            deadline: .microseconds(span.microseconds),
            isLocking: true,
            "SELECT sluice.reverse_archive_day($1, $2, $3, 'reopened', $4)",
            [.text(why)]
        ) { try $0.int64(0) }
    }
}
