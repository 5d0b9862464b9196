package import PaymentCore
import PostgresClient
package import Store

/// What history holds against what its receipts tell.
extension SQLStore {
    package func verifySlice(
        _ table: HeavyTable,
        _ day: BusinessDate,
        from block: Int64,
        pages: Int32
    ) async throws -> VerifiedSlice {
        try await slice(of: "sluice.verify_archive_slice", table, day, from: block, pages: pages)
    }

    /// What a slice holds, by a function of that name.
    func slice(
        of function: String,
        _ table: HeavyTable,
        _ day: BusinessDate,
        from block: Int64,
        pages: Int32
    ) async throws -> VerifiedSlice {
        let columns = ArchiveTotals.columns("v.totals")
        return try await pool.transaction(
            "verify archive slice",
            deadline: ArchiveStep.sliceDeadline,
            readOnly: true
        ) { transaction in
            let rows = try transaction.query(
                """
                SELECT v.next_block, \(columns.select)
                FROM \(function)($1, $2, $3, $4) AS v \(columns.join)
                """,
                [.text(table.rawValue), .date(day), .int64(block), .int32(pages)]
            )
            guard let first = rows.first else { throw StoreDefect("a slice of history has no answer") }
            return VerifiedSlice(
                totals: try ArchiveTotals(rows: Array(rows), from: 1),
                nextBlock: try first.optionalInt64(0)
            )
        }
    }

    package func told(_ table: HeavyTable, _ day: BusinessDate) async throws -> ArchiveTotals {
        let columns = ArchiveTotals.columns("t.totals")
        return try await pool.transaction("told of day", readOnly: true) { transaction in
            let rows = try transaction.query(
                "SELECT \(columns.select) FROM sluice.told_of_day($1, $2) AS t (totals) \(columns.join)",
                [.text(table.rawValue), .date(day)]
            )
            return try ArchiveTotals(rows: Array(rows), from: 0)
        }
    }

    package func close(_ key: EntryKey, found: ArchiveTotals, _ lease: ArchiveLease) async throws -> Bool {
        // Its commit is what the swap before it becomes durable with.
        try await archive(
            ArchiveStep("close archive", key, lease),
            deadline: ArchiveStep.sliceDeadline,
            isLocking: true,
            "SELECT sluice.close_archive($1, $2, $3, $4, $5)",
            [.int32(key.pass), .jsonb(found.json)]
        ) { try $0.bool(0) }
    }

    package func noteVerified(
        _ table: HeavyTable,
        _ day: BusinessDate,
        found: ArchiveTotals,
        _ lease: ArchiveLease
    ) async throws -> Bool {
        try await archive(
            ArchiveStep("note archive verified", table, day, lease),
            "SELECT sluice.note_archive_verified($1, $2, $3, $4)",
            [.jsonb(found.json)]
        ) { try $0.bool(0) }
    }
}
