package import PaymentCore
import PostgresClient
package import Store

/// The steps by which rows are moved, one chunk after the other.
extension SQLStore {
    package func daysToPass(_ table: HeavyTable) async throws -> [BusinessDate] {
        try await pool.transaction("days to pass", deadline: ArchiveStep.longDeadline, readOnly: true) { transaction in
            try transaction.query("SELECT d FROM sluice.days_to_pass($1) AS d ORDER BY d", [.text(table.rawValue)])
                .map { try $0.date(0) }
        }
    }

    package func beginPass(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ lease: ArchiveLease
    ) async throws -> EntryKey {
        try await archiveLocking(
            ArchiveStep("begin row pass", table, day, lease),
            "SELECT sluice.begin_row_pass($1, $2, $3)"
        ) { EntryKey(table: table, day: day, pass: try $0.int32(0)) }
    }

    package func beginRowDay(_ key: EntryKey, _ lease: ArchiveLease) async throws -> SwapOutcome {
        try await archiveLocking(
            ArchiveStep("begin row day", key, lease),
            "SELECT sluice.begin_row_day($1, $2, $3, $4)",
            [.int32(key.pass)]
        ) { try $0.word(0) }
    }

    package func moveRows(
        _ key: EntryKey,
        from source: RowSource,
        after last: RowKey?,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> MovedRows {
        try await moveRows(key, from: source, after: last, most: most, takesHeld: false, lease)
    }

    /// `takesHeld`: rows that are held by law go too, because their whole day is to come back with them.
    func moveRows(
        _ key: EntryKey,
        from source: RowSource,
        after last: RowKey?,
        most: Int32,
        takesHeld: Bool,
        _ lease: ArchiveLease
    ) async throws -> MovedRows {
        precondition(most >= 1, "a chunk has a row at least")
        let step = ArchiveStep("move archive rows", key, lease)
        let name =
            switch source {
            case .carryOver: "\(key.table)_carry_over"
            case .liveDay: "\(key.table)_\(key.day.compact)"
            }
        let parameters =
            step.parameters + [
                .int32(key.pass), .text(name), .int64(last?.batch.value ?? 0), .int32(last?.number ?? 0), .int32(most),
                .bool(takesHeld),
            ]
        do {
            return try await pool.transaction(step.label, deadline: ArchiveStep.sliceDeadline) { transaction in
                // A row that changes under way must stop the chunk: its old receipt would go with the new row.
                _ = try transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                let rows = try transaction.query(
                    """
                    SELECT moved, last_batch, last_key
                    FROM sluice.move_archive_rows($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    """,
                    parameters
                )
                guard let row = rows.first else { throw StoreDefect("a chunk of rows has no answer") }
                let batch = try row.optionalInt64(1).map(BatchIdentifier.init)
                let number = try row.optionalInt32(2)
                return MovedRows(
                    rows: try row.int64(0),
                    last: batch.flatMap { batch in number.map { RowKey(batch: batch, number: $0) } }
                )
            }
        } catch let error as PostgresError where error.sqlState == "40001" {
            throw ArchivedRowsChanged(key: key)
        } catch let error as PostgresError {
            throw await meaning(of: error, in: step, isLocking: false)
        }
    }

    package func endRowDay(_ key: EntryKey, _ lease: ArchiveLease) async throws -> Int64 {
        try await archiveLocking(
            ArchiveStep("end row day", key, lease),
            "SELECT sluice.end_row_day($1, $2, $3, $4)",
            [.int32(key.pass)]
        ) { try $0.int64(0) }
    }

    package func noteRowsLeft(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ lease: ArchiveLease
    ) async throws -> Int64 {
        try await archive(
            ArchiveStep("note rows left", table, day, lease),
            deadline: ArchiveStep.longDeadline,
            "SELECT sluice.note_rows_left($1, $2, $3)"
        ) { try $0.int64(0) }
    }

    package func retire(
        _ table: HeavyTable,
        _ day: BusinessDate,
        leftMax: Int32,
        _ lease: ArchiveLease
    ) async throws -> Bool {
        try await archiveLocking(
            ArchiveStep("retire archive day", table, day, lease),
            "SELECT sluice.retire_archive_day($1, $2, $3, $4)",
            [.int32(leftMax)]
        ) { try $0.bool(0) }
    }
}
