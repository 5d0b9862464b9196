import Cryptography
package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ArchiveRetentionStore {
    // MARK: Months

    package func monthsToMerge(_ table: HeavyTable, before day: BusinessDate) async throws -> [BusinessDate] {
        try await pool.transaction("months to merge", deadline: ArchiveStep.longDeadline, readOnly: true) {
            transaction in
            try transaction.query(
                """
                SELECT x.first_day FROM (SELECT DISTINCT date_trunc('month', m.day)::date AS first_day
                    FROM sluice.archive_manifest m WHERE m.table_name = $1 AND m.state = 'closed' AND m.day < $2) x
                WHERE (x.first_day + interval '1 month')::date <= $2
                    AND NOT EXISTS (SELECT FROM sluice.archive_month a WHERE a.table_name = $1
                        AND a.first_day = x.first_day AND a.put_at IS NOT NULL)
                    AND sluice.told_of_month($1, x.first_day) IS NOT NULL
                ORDER BY x.first_day
                """,
                [.text(table.rawValue), .date(day)]
            ).map { try $0.date(0) }
        }
    }

    package func copyMonth(_ table: HeavyTable, _ first: BusinessDate, _ lease: ArchiveLease) async throws -> Int64 {
        try await archive(
            ArchiveStep("copy archive month", table, first, lease),
            deadline: ArchiveStep.longDeadline,
            isLocking: true,
            "SELECT sluice.copy_archive_month($1, $2, $3)"
        ) { try $0.int64(0) }
    }

    package func verifyMonthSlice(
        _ table: HeavyTable,
        _ first: BusinessDate,
        from block: Int64,
        pages: Int32
    ) async throws -> VerifiedSlice {
        try await slice(of: "sluice.verify_month_slice", table, first, from: block, pages: pages)
    }

    package func putMonth(
        _ table: HeavyTable,
        _ first: BusinessDate,
        found: ArchiveTotals,
        _ lease: ArchiveLease
    ) async throws -> Bool {
        try await archiveLocking(
            ArchiveStep("put archive month", table, first, lease),
            "SELECT sluice.put_archive_month($1, $2, $3, $4)",
            [.jsonb(found.json)]
        ) { try $0.bool(0) }
    }

    // MARK: Exports and drops

    package func daysToDrop(_ table: HeavyTable, olderThan day: BusinessDate) async throws -> [ExpiredDays] {
        try await pool.transaction("days to drop", deadline: ArchiveStep.longDeadline, readOnly: true) { transaction in
            var expired: [ExpiredDays] = []
            for row in try transaction.query(
                "SELECT first_day, day FROM sluice.days_to_drop($1, $2) ORDER BY first_day, day",
                [.text(table.rawValue), .date(day)]
            ) {
                let first = try row.date(0)
                let known = expired.last?.first == first ? expired.removeLast().days : []
                expired.append(ExpiredDays(first: first, days: known + [try row.date(1)]))
            }
            return expired
        }
    }

    package func isExported(_ table: HeavyTable, _ day: BusinessDate) async throws -> Bool {
        try await pool.transaction("is day exported", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT coalesce(bool_and(coalesce(m.exported_at > m.closed_at, false)), false)
                FROM sluice.archive_manifest m WHERE m.table_name = $1 AND m.day = $2 AND m.state = 'closed'
                """,
                [.text(table.rawValue), .date(day)]
            ).first?.bool(0) ?? false
        }
    }

    package func exportDay(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ body: @Sendable (_ piece: [UInt8]) throws -> Void
    ) async throws -> [String] {
        try await pool.transaction("export day", deadline: ArchiveStep.longDeadline, readOnly: true) { transaction in
            let columns = try transaction.query(
                """
                SELECT a.attname::text, quote_ident(a.attname) FROM pg_attribute a
                WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
                ORDER BY a.attname COLLATE "C"
                """,
                [.text("history.\(table)")]
            ).map { (name: try $0.text(0), quoted: try $0.text(1)) }
            let key = try transaction.query(
                """
                SELECT concat_ws(', ', 'batch_id', h.key_2, h.key_3) FROM sluice.heavy_table h
                WHERE h.table_name = $1
                """,
                [.text(table.rawValue)]
            ).first?.text(0)
            guard let key, !columns.isEmpty else { throw StoreDefect("\(table) has no columns") }
            try transaction.copyOutText(
                """
                COPY (SELECT \(columns.map(\.quoted).joined(separator: ", ")) FROM history.\(table)
                    WHERE \(table.dayColumn) = '\(day)' ORDER BY \(key)) TO STDOUT
                """,
                body
            )
            return columns.map(\.name)
        }
    }

    package func noteExport(
        _ table: HeavyTable,
        _ day: BusinessDate,
        _ export: ArchiveExport,
        _ lease: ArchiveLease
    ) async throws {
        let told = JSONText.object([
            ("file", .string(export.file)), ("bytes", .integer(export.bytes)), ("rows", .integer(export.rows)),
            ("sha256", .string(Hexadecimal.encode(export.sha256))), ("content_bytes", .integer(export.contentBytes)),
            ("content_sha256", .string(Hexadecimal.encode(export.contentSHA256))),
        ])
        try await archive(
            ArchiveStep("note archive export", table, day, lease),
            "SELECT sluice.note_archive_export($1, $2, $3, $4)",
            [.jsonb(told)]
        ) { _ in }
    }

    package func dropDays(
        _ table: HeavyTable,
        _ first: BusinessDate,
        olderThan day: BusinessDate,
        isExported: Bool,
        _ lease: ArchiveLease
    ) async throws -> Int? {
        do {
            return try await archiveLocking(
                ArchiveStep("drop archived day", table, first, lease),
                "SELECT sluice.drop_archived_day($1, $2, $3, $4, $5)",
                [.date(day), .bool(isExported)]
            ) { Int(try $0.int32(0)) }
        } catch let error as PostgresError where error.sqlState == "SL037" { return nil }
    }

    package func dropSetAside(_ table: HeavyTable, _ lease: ArchiveLease) async throws -> Bool {
        // The commit removes the files, however large they are; nobody waits for it.
        do {
            return try await pool.transaction("drop set aside", deadline: ArchiveStep.longDeadline) { transaction in
                try transaction.query(
                    "SELECT sluice.drop_set_aside($1, $2, 8)",
                    [.int64(lease.epoch.value), .text(table.rawValue)]
                ).first?.int32(0) ?? 0 > 0
            }
        } catch let error as PostgresError {
            throw await meaning(of: error, in: ArchiveStep("drop set aside", table, lease.asOf, lease), isLocking: true)
        }
    }
}
