package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func serverLoad(for question: LoadQuestion?) async throws -> ServerLoad {
        var load = ServerLoad()
        // Each by itself: what one role may not read, or one server does not have, leaves the others known.
        let replication = try await look(
            """
            SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)), 0)::bigint,
                coalesce(extract(epoch FROM max(replay_lag)) * 1000000, 0)::bigint,
                bool_or(replay_lsn IS NULL) FROM pg_stat_replication
            """
        ) { (try $0.int64(0), try $0.int64(1), try $0.optionalBool(2)) }
        // A standby whose place may not be seen is not one without lag.
        if let replication, replication.2 != true {
            load.lagBytes = replication.0
            load.lag = TimeSpan(microseconds: replication.1)
        }
        load.slotBytes = try await look(
            """
            SELECT coalesce(max(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)), 0)::bigint
            FROM pg_replication_slots
            """
        ) { try $0.int64(0) }
        load.walPosition = try await look("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint") {
            try $0.int64(0)
        }
        let isArchiving = try await look("SELECT current_setting('archive_mode') <> 'off'") { try $0.bool(0) }
        if isArchiving == false { (load.archiveQueue, load.isArchiveFailing) = (0, false) }
        if isArchiving == true {
            load.archiveQueue = try await look(
                "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'"
            ) { try $0.int64(0) }
            load.isArchiveFailing = try await look(
                """
                SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false)
                FROM pg_stat_archiver
                """
            ) { try $0.bool(0) }
        }
        load.othersAtWork = try await look(
            """
            SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND backend_type = 'client backend'
                AND pid <> pg_backend_pid()
            """
        ) { try $0.int64(0) }
        guard let question else { return load }
        load.busyTables = try await look(
            """
            SELECT coalesce(array_agg(DISTINCT c.relname::text), '{}') FROM pg_locks l
            JOIN pg_class c ON c.oid = l.relation
            WHERE l.mode = 'ShareUpdateExclusiveLock' AND l.granted AND l.pid <> pg_backend_pid()
                AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                AND l.relation IN (to_regclass($1), to_regclass($2))
            """,
            [
                .text("sluice.\(question.table)_\(question.day.compact)"), .text("sluice.\(question.table)_carry_over"),
            ]
        ) { try $0.textArray(0) }
        load.oldestHolder = try await look(
            """
            SELECT coalesce(max(CASE WHEN l.pid IS NULL THEN 3600000000
                ELSE extract(epoch FROM clock_timestamp() - a.xact_start) * 1000000 END), 0)::bigint
            FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid)
            WHERE l.relation = to_regclass($1) AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
                AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                AND (l.pid IS NULL OR a.xact_start < clock_timestamp() - interval '1 second')
            """,
            [.text("sluice.\(question.table)")]
        ) { TimeSpan(microseconds: try $0.int64(0)) }
        return load
    }

    /// One look at the server; nil where it may not be taken.
    private func look<Value: Sendable>(
        _ sql: String,
        _ parameters: [PostgresValue] = [],
        _ read: @Sendable (PostgresRow) throws -> Value
    ) async throws -> Value? {
        do {
            return try await pool.transaction("server load", deadline: .seconds(1), readOnly: true) { transaction in
                guard let row = try transaction.query(sql, parameters).first else {
                    throw StoreDefect("a look at the server has no answer")
                }
                return try read(row)
            }
        } catch let error as PostgresError where error.code == .refused { return nil }
    }
}
