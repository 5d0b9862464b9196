import PaymentCore
package import Store

/// Judges the server itself: its version, and what keeps vacuum at work.
package enum ServerCheck {
    private static let versionMin: Int32 = 150_000
    private static let snapshotAgeMax: Int64 = 5_000_000
    private static let transactionMax = TimeSpan.hours(1)
    private static let preparedMax = TimeSpan.minutes(10)
    /// At 2,000,000,000 the server refuses to write.
    private static let (frozenAgeWarned, frozenAgeMax): (Int64, Int64) = (1_000_000_000, 1_500_000_000)

    /// Everything that can be said without a schema.
    package static func judge(_ health: ServerHealth) -> [Finding] {
        [version(health), autovacuum(health), snapshots(health), prepared(health)]
    }

    private static func version(_ health: ServerHealth) -> Finding {
        let found = "PostgreSQL \(health.version)"
        guard health.versionNumber >= versionMin else {
            return .fail(.server, found, mend: "use PostgreSQL 15 or newer")
        }
        guard !health.isStandby else {
            return .fail(.server, "\(found), a standby", mend: "connect to the primary, which takes writes")
        }
        return .ok(.server, found)
    }

    private static func autovacuum(_ health: ServerHealth) -> Finding {
        guard health.settings["autovacuum"] == "on", health.settings["track_counts"] == "on" else {
            return .fail(
                .autovacuum,
                "autovacuum or track_counts is off: work tables bloat until claims are slow",
                mend: "ALTER SYSTEM SET autovacuum = on; ALTER SYSTEM SET track_counts = on; SELECT pg_reload_conf()"
            )
        }
        let found = "on; the oldest row not frozen is \(health.frozenAge) transactions old"
        let mend = "look for what holds vacuum back, then: VACUUM (FREEZE, VERBOSE) in the oldest database"
        if health.frozenAge > frozenAgeMax { return .fail(.autovacuum, found, mend: mend) }
        if health.frozenAge > frozenAgeWarned { return .warn(.autovacuum, found, mend: mend) }
        return .ok(.autovacuum, found)
    }

    private static func snapshots(_ health: ServerHealth) -> Finding {
        let found = "the oldest snapshot is \(health.snapshotAge) transactions old"
        if health.snapshotAge > snapshotAgeMax {
            return .warn(
                .snapshots,
                "\(found), and vacuum waits for it",
                mend: "look at backend_xmin in pg_stat_activity and at pg_replication_slots; end who forgot to"
            )
        }
        if health.longestTransaction > transactionMax {
            return .warn(
                .snapshots,
                "a transaction has been open for \(health.longestTransaction.words)",
                mend: "look at xact_start in pg_stat_activity, and end the session"
            )
        }
        return .ok(.snapshots, found)
    }

    private static func prepared(_ health: ServerHealth) -> Finding {
        guard health.preparedTransactions > 0 else { return .ok(.prepared, "no prepared transaction") }
        let found = "\(health.preparedTransactions) prepared, the oldest for \(health.oldestPrepared.words)"
        guard health.oldestPrepared > preparedMax else { return .ok(.prepared, found) }
        return .warn(
            .prepared,
            "\(found): its locks and its snapshot outlive every session",
            mend: "look at pg_prepared_xacts, and COMMIT PREPARED or ROLLBACK PREPARED by its gid"
        )
    }
}
