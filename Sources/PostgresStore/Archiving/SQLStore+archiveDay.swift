package import PaymentCore
import PostgresClient
package import Store

/// The steps by which a day changes its table.
extension SQLStore {
    package func beginDay(
        _ day: BusinessDate,
        cutoff: BusinessDate,
        _ lease: ArchiveLease
    ) async throws -> DayRefusal? {
        // Of all tables at once: what a failure means is the same for each.
        let step = ArchiveStep("begin archive day", .paymentOrder, day, lease)
        do {
            return try await pool.transaction(step.label, deadline: ArchiveStep.shortDeadline) { transaction in
                let rows = try transaction.query(
                    "SELECT sluice.begin_archive_day($1, $2, $3)",
                    [.int64(lease.epoch.value), .date(day), .date(cutoff)]
                )
                guard let row = rows.first else { throw StoreDefect("a day has no answer") }
                return row.isNull(0) ? nil : try row.word(0)
            }
        } catch let error as PostgresError {
            throw await meaning(of: error, in: step, isLocking: false)
        }
    }

    package func forgetCount(
        _ table: HeavyTable,
        _ day: BusinessDate,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> Bool {
        try await archive(
            ArchiveStep("forget archive count", table, day, lease),
            "SELECT sluice.forget_archive_count($1, $2, $3, $4)",
            [.int32(most)]
        ) { try $0.int64(0) < Int64(most) }
    }

    package func abandonCount(_ key: EntryKey, _ lease: ArchiveLease) async throws {
        try await archiveLocking(
            ArchiveStep("abandon archive count", key, lease),
            "SELECT sluice.abandon_archive_count($1, $2, $3, $4)",
            [.int32(key.pass)]
        ) { _ in }
    }

    package func prepare(_ key: EntryKey, path: ArchivePath, _ lease: ArchiveLease) async throws -> Int64 {
        try await archiveLocking(
            ArchiveStep("prepare archive", key, lease),
            "SELECT sluice.prepare_archive($1, $2, $3, $4, $5::sluice.archive_path)",
            [.int32(key.pass), .unknown(path.rawValue)]
        ) { try $0.int64(0) }
    }

    package func validate(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws {
        // Reads the day; nobody waits for it.
        try await archive(
            ArchiveStep("validate archive day", table, day, lease),
            deadline: ArchiveStep.longDeadline,
            isLocking: true,
            "SELECT sluice.validate_archive_day($1, $2, $3)"
        ) { _ in }
    }

    package func boundCarryOver(_ table: HeavyTable, _ day: BusinessDate, _ lease: ArchiveLease) async throws {
        let sql = "SELECT sluice.bound_carry_over($1, $2, $3, $4)"
        try await archiveLocking(
            ArchiveStep("bound carry-over", table, day, lease),
            sql,
            [.text("state")]
        ) { _ in }
        try await archive(
            ArchiveStep("validate carry-over", table, day, lease),
            deadline: ArchiveStep.longDeadline,
            isLocking: true,
            sql,
            [.text("validate")]
        ) { _ in }
    }

    package func countSlice(_ key: EntryKey, pages: Int32, _ lease: ArchiveLease) async throws -> Bool {
        try await archive(
            ArchiveStep("count archive slice", key, lease),
            deadline: ArchiveStep.sliceDeadline,
            "SELECT sluice.count_archive_slice($1, $2, $3, $4, $5)",
            [.int32(key.pass), .int32(pages)]
        ) { try $0.bool(0) }
    }

    package func swap(_ key: EntryKey, openMax: Int32, _ lease: ArchiveLease) async throws -> SwapOutcome {
        try await archiveLocking(
            ArchiveStep("swap archive day", key, lease),
            "SELECT sluice.swap_archive_day($1, $2, $3, $4, $5)",
            [.int32(key.pass), .int32(openMax)]
        ) { row in
            beforeSwapCommit?()
            return try row.word(0)
        }
    }

    package func noteLockFailure(_ key: EntryKey, _ lease: ArchiveLease) async throws {
        try await archive(
            ArchiveStep("note lock failure", key, lease),
            "SELECT sluice.note_lock_failure($1, $2, $3, $4)",
            [.int32(key.pass)]
        ) { _ in }
    }

    package func carryHeld(
        _ table: HeavyTable,
        _ day: BusinessDate,
        most: Int32,
        _ lease: ArchiveLease
    ) async throws -> Int64 {
        try await archive(
            ArchiveStep("carry held rows", table, day, lease),
            deadline: ArchiveStep.sliceDeadline,
            "SELECT sluice.carry_held_rows($1, $2, $3, $4)",
            [.int32(most)]
        ) { try $0.int64(0) }
    }

    package func reverse(
        _ table: HeavyTable,
        _ day: BusinessDate,
        isMismatch: Bool,
        why: String,
        _ lease: ArchiveLease
    ) async throws -> Int64 {
        try await archiveLocking(
            ArchiveStep("reverse archive day", table, day, lease),
            "SELECT sluice.reverse_archive_day($1, $2, $3, $4::sluice.archive_state, $5)",
            [.unknown((isMismatch ? ArchiveState.mismatch : .reopened).rawValue), .text(why)]
        ) { try $0.int64(0) }
    }

    package func analyze(_ table: HeavyTable, withHistory: Bool) async throws {
        try await pool.transaction("analyze \(table)", deadline: ArchiveStep.longDeadline) { transaction in
            _ = try transaction.query(
                "SELECT sluice.analyze_archived($1, $2)",
                [.text(table.rawValue), .bool(withHistory)]
            )
        }
    }
}
