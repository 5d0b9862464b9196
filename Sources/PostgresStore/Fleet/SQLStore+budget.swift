package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func registerWorker(_ registration: WorkerRegistration, silence: TimeSpan) async throws {
        try await pool.transaction("register worker") { transaction in
            // Of two starts at once the second sees the first. A lock of the transaction, so that it works behind a
            // pooler.
            _ = try transaction.query("SELECT pg_advisory_xact_lock(hashtext('sluice.connection_budget'))")
            let use = try Self.connectionUse(registration.budget, silence: silence, transaction)
            if let budget = use.budget, use.taken + registration.connections > budget {
                throw ConnectionBudgetExceeded(
                    wanted: registration.connections,
                    taken: use.taken,
                    processes: use.processes,
                    budget: budget
                )
            }
            _ = try transaction.execute(
                """
                INSERT INTO sluice.worker (worker_id, host, process_id, stages, connections)
                VALUES ($1, $2, $3, $4, $5)
                """,
                [
                    .text(registration.worker.value), .text(registration.host),
                    .int32(registration.processIdentifier), .textArray(registration.stages),
                    .int32(registration.connections),
                ]
            )
        }
    }

    /// What processes at work have of the budget.
    static func connectionUse(
        _ budget: ConnectionBudget,
        silence: TimeSpan,
        _ transaction: PostgresTransaction
    ) throws -> ConnectionUse {
        let rows = try transaction.query(
            """
            SELECT coalesce(sum(connections), 0)::int, count(*)::int FROM sluice.worker
            WHERE stopped_at IS NULL AND heartbeat_at > now() - $1 * interval '1 microsecond'
            """,
            [.microseconds(silence)]
        )
        guard let row = rows.first else { throw StoreDefect("an aggregate has no row") }
        let most: Int32? =
            switch budget {
            case .configured(let count): count
            case .unbounded: nil
            case .server: try serverBudget(transaction)
            }
        return ConnectionUse(budget: most, taken: try row.int32(0), processes: try row.int32(1))
    }

    /// What this role may open on this server and database: a tenth, at least five, stays for people and monitoring.
    private static func serverBudget(_ transaction: PostgresTransaction) throws -> Int32 {
        let rows = try transaction.query(
            """
            SELECT least(
                m.most - current_setting('superuser_reserved_connections')::int
                    - coalesce(current_setting('reserved_connections', true), '0')::int - greatest(5, m.most / 10),
                (SELECT nullif(rolconnlimit, -1) FROM pg_catalog.pg_roles WHERE rolname = current_user),
                (SELECT nullif(datconnlimit, -1) FROM pg_catalog.pg_database WHERE datname = current_database()))
            FROM (SELECT current_setting('max_connections')::int AS most) m
            """
        )
        guard let row = rows.first else { throw StoreDefect("a value has no row") }
        return max(0, try row.int32(0))
    }
}
