package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: HealthStore {
    package func serverHealth() async throws -> ServerHealth {
        try await pool.transaction("server health", readOnly: true) { transaction in
            // The first column is the clock, read before anything takes time.
            let rows = try transaction.query(
                """
                SELECT clock_timestamp(), current_setting('server_version_num')::int,
                    current_setting('server_version'), pg_is_in_recovery(), current_user,
                    (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user),
                    coalesce((SELECT pg_has_role(current_user, o.oid, 'MEMBER') FROM pg_catalog.pg_roles o
                        WHERE o.rolname = 'sluice_owner'), false),
                    (SELECT age(datfrozenxid)::bigint FROM pg_catalog.pg_database WHERE datname = current_database())
                """
            )
            guard let row = rows.first else { throw StoreDefect("a value has no row") }
            let horizon = try Self.horizon(transaction)
            return ServerHealth(
                versionNumber: try row.int32(1),
                version: try row.text(2),
                isStandby: try row.bool(3),
                now: try row.timestamp(0),
                role: ServerHealth.Role(
                    name: try row.text(4),
                    isSuperuser: try row.bool(5),
                    isOwner: try row.bool(6)
                ),
                roles: try Self.roles(transaction),
                settings: try Self.settings(transaction),
                frozenAge: try row.int64(7),
                snapshotAge: try horizon.int64(0),
                longestTransaction: TimeSpan(microseconds: try horizon.int64(1)),
                preparedTransactions: try horizon.int64(2),
                oldestPrepared: TimeSpan(microseconds: try horizon.int64(3))
            )
        }
    }

    package func deploymentHealth(
        budget: ConnectionBudget,
        silence: TimeSpan,
        pollingStage: String
    ) async throws -> DeploymentHealth {
        try await pool.transaction("deployment health", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT
                    (SELECT coalesce(max(next_chunk_no), 0) FROM sluice.batch_file
                        WHERE state IN ('pending', 'splitting', 'split', 'working')),
                    ARRAY(SELECT data_key_id FROM sluice.batch_file WHERE data_key_id IS NOT NULL
                        UNION SELECT data_key_id FROM sluice.result_file ORDER BY 1),
                    (SELECT count(*) FROM sluice.worker WHERE stopped_at IS NULL AND $2 = ANY (stages)
                        AND heartbeat_at > now() - $1 * interval '1 microsecond'),
                    (SELECT greatest(0, extract(epoch FROM now() - max(heartbeat_at)) * 1000000)::bigint
                        FROM sluice.worker WHERE $2 = ANY (stages) HAVING max(heartbeat_at) IS NOT NULL),
                    (SELECT count(*) FROM sluice.work_chunk)
                        + (SELECT count(*) FROM sluice.batch_file
                            WHERE state IN ('pending', 'splitting', 'split', 'working')),
                    (SELECT count(*) FROM sluice.alarm WHERE acknowledged_at IS NULL),
                    (SELECT count(*) FROM sluice.alarm WHERE delivered_at IS NULL AND acknowledged_at IS NULL),
                    (SELECT coalesce(greatest(0, extract(epoch FROM now() - min(first_at)) * 1000000), 0)::bigint
                        FROM sluice.alarm WHERE delivered_at IS NULL AND acknowledged_at IS NULL)
                """,
                [.microseconds(silence), .text(pollingStage)]
            )
            guard let row = rows.first else { throw StoreDefect("a count has no row") }
            return DeploymentHealth(
                sequences: try Self.sequences(transaction),
                chunksMax: try row.int32(0),
                dataKeys: try row.intArray(1),
                connections: try Self.connectionUse(budget, silence: silence, transaction),
                polling: DeploymentHealth.Polling(
                    processes: try row.int64(2),
                    lastSeenAgo: try row.optionalInt64(3).map { TimeSpan(microseconds: $0) },
                    openWork: try row.int64(4)
                ),
                alarms: DeploymentHealth.Alarms(
                    open: try row.int64(5),
                    undelivered: try row.int64(6),
                    oldestUndelivered: TimeSpan(microseconds: try row.int64(7))
                )
            )
        }
    }

    /// What keeps vacuum from its work: snapshots, prepared transactions, and slots that nobody reads.
    private static func horizon(_ transaction: PostgresTransaction) throws -> PostgresRow {
        let rows = try transaction.query(
            """
            SELECT greatest(
                    (SELECT coalesce(max(age(backend_xmin)), 0) FROM pg_catalog.pg_stat_activity),
                    (SELECT coalesce(max(greatest(age(xmin), age(catalog_xmin))), 0)
                        FROM pg_catalog.pg_replication_slots),
                    (SELECT coalesce(max(age(transaction)), 0) FROM pg_catalog.pg_prepared_xacts))::bigint,
                (SELECT coalesce(extract(epoch FROM max(now() - xact_start)) * 1000000, 0)::bigint
                    FROM pg_catalog.pg_stat_activity WHERE datname = current_database()),
                (SELECT count(*) FROM pg_catalog.pg_prepared_xacts),
                (SELECT coalesce(extract(epoch FROM max(now() - prepared)) * 1000000, 0)::bigint
                    FROM pg_catalog.pg_prepared_xacts)
            """
        )
        guard let row = rows.first else { throw StoreDefect("an aggregate has no row") }
        return row
    }

    private static func roles(_ transaction: PostgresTransaction) throws -> [ServerHealth.KnownRole] {
        try transaction.query(
            """
            SELECT rolname, coalesce(rolconfig, '{}') FROM pg_catalog.pg_roles WHERE rolname = ANY (
                ARRAY['sluice_owner', 'sluice_worker', 'sluice_console', 'sluice_archiver', 'sluice_reader',
                    'sluice_merchant'])
            ORDER BY rolname
            """
        ).map { row in
            var settings: [String: String] = [:]
            for pair in try row.textArray(1) {
                let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if sides.count == 2 { settings[String(sides[0])] = String(sides[1]) }
            }
            return ServerHealth.KnownRole(name: try row.text(0), settings: settings)
        }
    }

    private static func settings(_ transaction: PostgresTransaction) throws -> [String: String] {
        var settings: [String: String] = [:]
        for row in try transaction.query(
            """
            SELECT name, current_setting(name) FROM pg_catalog.pg_settings WHERE name = ANY (
                ARRAY['fsync', 'full_page_writes', 'synchronous_commit', 'synchronous_standby_names', 'autovacuum',
                    'track_counts', 'max_connections'])
            """
        ) {
            settings[try row.text(0)] = try row.text(1)
        }
        return settings
    }

    private static func sequences(_ transaction: PostgresTransaction) throws -> [DeploymentHealth.SequenceUse] {
        try transaction.query(
            """
            SELECT sequencename, coalesce(last_value, 0), max_value FROM pg_catalog.pg_sequences
            WHERE schemaname = 'sluice' ORDER BY sequencename
            """
        ).map { row in
            DeploymentHealth.SequenceUse(name: try row.text(0), last: try row.int64(1), end: try row.int64(2))
        }
    }
}
