package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: FleetStore {
    package func environment() async throws -> EnvironmentStamp? {
        try await pool.transaction("environment", readOnly: true) { transaction in
            try transaction.query("SELECT name, class FROM sluice.environment").first.map { row in
                EnvironmentStamp(name: try row.text(0), environmentClass: try row.word(1))
            }
        }
    }

    package func heartbeat(_ worker: WorkerIdentifier) async throws -> Timestamp {
        try await pool.transaction("heartbeat", deadline: .seconds(5)) { transaction in
            let rows = try transaction.query(
                "UPDATE sluice.worker SET heartbeat_at = now() WHERE worker_id = $1 RETURNING now()",
                [.text(worker.value)]
            )
            guard let row = rows.first else { throw StoreDefect("worker \(worker) is not registered") }
            return try row.timestamp(0)
        }
    }

    package func stopWorker(_ worker: WorkerIdentifier) async throws {
        try await pool.transaction("stop worker") { transaction in
            _ = try transaction.execute(
                "UPDATE sluice.worker SET stopped_at = now() WHERE worker_id = $1",
                [.text(worker.value)]
            )
        }
    }

    package func rescue(silentFor silence: TimeSpan) async throws -> Int {
        try await pool.transaction("rescue") { transaction in
            // A call that may still be under way is waited for by the protocol itself (`in_flight`), so a chunk may
            // come up at once. Rows that somebody holds are left for the next time: one hung transaction must not keep
            // everyone else's work from its rescue.
            let rows = try transaction.query(
                """
                WITH dead AS MATERIALIZED (
                    SELECT worker_id FROM sluice.worker
                    WHERE (stopped_at IS NOT NULL OR heartbeat_at < now() - $1 * interval '1 microsecond')
                        AND heartbeat_at > now() - interval '7 days'
                ), lost_chunk AS MATERIALIZED (
                    SELECT chunk_id FROM sluice.work_chunk
                    WHERE lease_worker IN (SELECT worker_id FROM dead) FOR NO KEY UPDATE SKIP LOCKED
                ), lost_file AS MATERIALIZED (
                    SELECT c.batch_id FROM sluice.batch_file c WHERE c.lease_worker IN (SELECT worker_id FROM dead)
                        AND (c.state IN ('pending', 'splitting', 'split', 'working') OR (\(Self.isUnanswered)))
                    FOR NO KEY UPDATE SKIP LOCKED
                ), chunk AS (
                    UPDATE sluice.work_chunk c SET lease_worker = NULL, lease_until = NULL, due_at = now(),
                        epoch = c.epoch + 1
                    FROM lost_chunk l WHERE c.chunk_id = l.chunk_id RETURNING 1
                ), file AS (
                    UPDATE sluice.batch_file f SET lease_worker = NULL, lease_until = NULL, due_at = now(),
                        lease_epoch = f.lease_epoch + 1
                    FROM lost_file l WHERE f.batch_id = l.batch_id RETURNING 1
                )
                SELECT (SELECT count(*) FROM chunk) + (SELECT count(*) FROM file)
                """,
                [.microseconds(silence)]
            )
            return Int(try rows.first?.int64(0) ?? 0)
        }
    }

    package func keepPartitionsAhead(days: Int32) async throws -> Int {
        try await pool.transaction("keep partitions ahead") { transaction in
            Int(
                try transaction.query("SELECT sluice.keep_partitions_ahead(current_date + $1)", [.int32(days)])
                    .first?.int32(0) ?? 0
            )
        }
    }

    package func activateChannel(_ activation: ChannelActivation) async throws {
        try await pool.transaction("activate channel") { transaction in
            _ = try transaction.query(
                "SELECT sluice.activate_channel($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                Self.parameters(of: activation)
            )
        }
    }

    /// An activation as the functions take it.
    static func parameters(of activation: ChannelActivation) -> [PostgresValue] {
        [
            .text(activation.channel.value), .text(activation.environmentClass.rawValue),
            .bytea(activation.specificationSHA256), .int32(Int32(activation.submitSlots)),
            .int32(Int32(activation.querySlots)), .microseconds(activation.submitInterval),
            .microseconds(activation.queryInterval), .int32(activation.breaker.failures),
            .microseconds(activation.breaker.open), .microseconds(activation.breaker.openMax),
        ]
    }

    package func channels() async throws -> [ChannelRow] {
        try await pool.transaction("channels", readOnly: true) { transaction in
            try transaction.query(
                "SELECT channel, specification_sha256 FROM sluice.channel ORDER BY channel"
            ).map { row in
                ChannelRow(
                    channel: ChannelName(try row.text(0)),
                    specificationSHA256: try row.bytes(1)
                )
            }
        }
    }

    package func workLeft(channels: [ChannelName]) async throws -> WorkLeft {
        try await pool.transaction("work left", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                WITH lane AS MATERIALIZED (
                    SELECT l.channel, l.lane, l.paused_at IS NOT NULL AS is_paused,
                        greatest(l.slow_until, l.open_until) AS ready_at,
                        (SELECT count(*) FROM sluice.channel_slot s WHERE s.channel = l.channel AND s.lane = l.lane)
                            <= (SELECT count(*) FROM (SELECT FROM sluice.work_chunk c
                                WHERE c.channel = l.channel AND c.kind = 'send' LIMIT 1000) AS unsent) AS is_full
                    FROM sluice.channel_lane l WHERE l.channel = ANY ($1)
                ), waiting AS (
                    SELECT w.lane, l.is_paused, w.lease_worker IS NOT NULL AS is_held, w.due_at,
                        l.is_full AND w.kind = 'submit' AS is_stuck, greatest(w.due_at, l.ready_at) AS ready_at
                    FROM sluice.work_chunk w JOIN lane l USING (channel, lane)
                ), judged AS (
                    SELECT lane, is_held OR (NOT is_paused AND NOT is_stuck AND ready_at <= now()) AS is_due,
                        CASE WHEN NOT is_paused THEN CASE WHEN is_held THEN due_at WHEN NOT is_stuck THEN ready_at END
                            END AS next_at
                    FROM waiting
                )
                SELECT
                    (SELECT count(*) FROM sluice.batch_file c WHERE c.state IN ('pending', 'splitting')
                        AND (c.due_at <= now() OR c.lease_worker IS NOT NULL)),
                    (SELECT count(*) FROM sluice.batch_file c WHERE c.state = 'split'
                        AND (c.due_at <= now() OR c.lease_worker IS NOT NULL))
                        + (SELECT count(DISTINCT batch_id) FROM sluice.order_to_plan WHERE not_before <= now()),
                    (SELECT count(*) FROM sluice.batch_file c WHERE c.due_at <= now() AND \(Self.isDueForSettlement))
                        + (SELECT count(*) FROM sluice.batch_file c WHERE c.due_at <= now() AND \(Self.isUnanswered)),
                    count(*) FILTER (WHERE lane = 'submit'), count(*) FILTER (WHERE lane = 'query'),
                    count(*) FILTER (WHERE lane = 'submit' AND is_due),
                    count(*) FILTER (WHERE lane = 'query' AND is_due),
                    (extract(epoch FROM min(next_at) - now()) * 1000000)::bigint
                FROM judged
                """,
                [.textArray(channels.map(\.value))]
            )
            guard let row = rows.first else { throw StoreDefect("an aggregate has no row") }
            return WorkLeft(
                filesForIntake: try row.int64(0),
                filesForPlanning: try row.int64(1),
                filesForSettlement: try row.int64(2),
                submitChunks: try row.int64(3),
                queryChunks: try row.int64(4),
                submitChunksDue: try row.int64(5),
                queryChunksDue: try row.int64(6),
                nextDueIn: try row.optionalInt64(7).map { TimeSpan(microseconds: max(0, $0)) }
            )
        }
    }
}
