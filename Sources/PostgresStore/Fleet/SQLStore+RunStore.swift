package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: RunStore {
    package func knownSince(job: String, schedule: String) async throws -> Timestamp {
        let parameters: [PostgresValue] = [.text(job), .text(schedule)]
        return try await pool.transaction("known since") { transaction in
            let known = "SELECT known_since FROM sluice.job WHERE job = $1 AND schedule = $2"
            if let row = try transaction.query(known, parameters).first { return try row.timestamp(0) }
            let written = try transaction.query(
                """
                INSERT INTO sluice.job (job, schedule) VALUES ($1, $2)
                ON CONFLICT (job) DO UPDATE SET schedule = excluded.schedule, known_since = excluded.known_since
                WHERE job.schedule <> excluded.schedule RETURNING known_since
                """,
                parameters
            )
            if let row = written.first { return try row.timestamp(0) }
            // Another start was faster.
            guard let row = try transaction.query(known, parameters).first else {
                throw StoreDefect("the windows of job \(job) are told differently by several starts at once")
            }
            return try row.timestamp(0)
        }
    }

    package func windowsWithoutRun(job: String, starts: [Timestamp]) async throws -> [Timestamp] {
        guard !starts.isEmpty else { return [] }
        return try await pool.transaction("windows without run", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT w.start FROM unnest($2::timestamptz[]) WITH ORDINALITY AS w (start, place)
                WHERE NOT EXISTS (SELECT FROM sluice.job_run r WHERE r.job = $1 AND r.window_start = w.start)
                ORDER BY w.place
                """,
                [.text(job), .timestamptzArray(starts.map(\.unixMicroseconds))]
            ).map { try $0.timestamp(0) }
        }
    }

    package func skipWindows(job: String, starts: [Timestamp], alarm: RaisedAlarm) async throws -> [Timestamp] {
        guard !starts.isEmpty else { return [] }
        return try await pool.transaction("skip windows") { transaction in
            let booked = try transaction.query(
                """
                INSERT INTO sluice.job_run (job, window_start, state, ended_at)
                SELECT $1, w.start, 'skipped', clock_timestamp() FROM unnest($2::timestamptz[]) AS w (start)
                ORDER BY w.start ON CONFLICT (job, window_start) DO NOTHING RETURNING window_start
                """,
                [.text(job), .timestamptzArray(starts.map(\.unixMicroseconds))]
            ).map { try $0.timestamp(0) }.sorted()
            try insert(booked.map { _ in alarm }, transaction)
            return booked
        }
    }

    package func closeDeadRuns(
        job: String,
        before windowStart: Timestamp,
        silentFor silence: TimeSpan
    ) async throws -> [Timestamp] {
        try await pool.transaction("close dead runs") { transaction in
            try transaction.query(
                """
                UPDATE sluice.job_run r SET state = 'failed', ended_at = now(), lease_until = NULL, epoch = epoch + 1
                WHERE r.job = $1 AND r.window_start < $2 AND r.state = 'running' AND \(Self.isDead("$3"))
                RETURNING r.window_start
                """,
                [.text(job), .optional(windowStart), .microseconds(silence)]
            ).map { try $0.timestamp(0) }.sorted()
        }
    }

    package func beginRun(_ start: RunStart) async throws -> RunClaim {
        try await pool.transaction("begin run") { transaction in
            // Looked at first without a lock: a start that is refused leaves no trace, not even that of a lock.
            if let refusal = try refusal(of: start, lock: "", transaction) { return refusal }
            let inserted = try transaction.query(
                """
                INSERT INTO sluice.job_run (job, window_start, state, worker_id, lease_until)
                VALUES ($1, $2, 'running', $3, now() + $4 * interval '1 microsecond')
                ON CONFLICT (job, window_start) DO NOTHING RETURNING epoch, pass
                """,
                Self.parameters(start)
            )
            if let row = inserted.first {
                return .begun(epoch: LeaseEpoch(try row.int64(0)), pass: try row.int32(1))
            }
            // Another start may have been faster, here too.
            if let refusal = try refusal(of: start, lock: "FOR NO KEY UPDATE OF r", transaction) { return refusal }
            let taken = try transaction.query(
                """
                UPDATE sluice.job_run SET state = 'running', worker_id = $3, epoch = epoch + 1, ended_at = NULL,
                    lease_until = now() + $4 * interval '1 microsecond'
                WHERE job = $1 AND window_start = $2 RETURNING epoch, pass
                """,
                Self.parameters(start)
            )
            guard let row = taken.first else {
                throw StoreDefect("the run of job \(start.job) vanished between two statements")
            }
            return .takenOver(epoch: LeaseEpoch(try row.int64(0)), pass: try row.int32(1))
        }
    }

    package func reopenRun(_ start: RunStart, pass: Int32) async throws -> RunClaim {
        try await pool.transaction("reopen run") { transaction in
            // Of several starts that see new files at once, one opens the new pass.
            let rows = try transaction.query(
                """
                UPDATE sluice.job_run SET state = 'running', pass = pass + 1, worker_id = $3, epoch = epoch + 1,
                    ended_at = NULL, lease_until = now() + $4 * interval '1 microsecond'
                WHERE job = $1 AND window_start = $2 AND state = 'done' AND pass = $5 RETURNING epoch, pass
                """,
                Self.parameters(start) + [.int32(pass)]
            )
            guard let row = rows.first else { return .alive }
            return .begun(epoch: LeaseEpoch(try row.int64(0)), pass: try row.int32(1))
        }
    }

    package func renewRun(job: String, windowStart: Timestamp, epoch: LeaseEpoch, lease: TimeSpan) async throws -> Bool
    {
        try await pool.transaction("renew run") { transaction in
            try transaction.execute(
                """
                UPDATE sluice.job_run SET lease_until = now() + $4 * interval '1 microsecond'
                WHERE job = $1 AND window_start = $2 AND epoch = $3 AND state = 'running'
                """,
                [.text(job), .optional(windowStart), .int64(epoch.value), .microseconds(lease)]
            ) == 1
        }
    }

    package func endRun(
        job: String,
        windowStart: Timestamp,
        epoch: LeaseEpoch,
        succeeded: Bool,
        summary: [String: Int64]
    ) async throws -> Bool {
        let summary = JSONText.object(summary.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })
        return try await pool.transaction("end run") { transaction in
            try transaction.execute(
                """
                UPDATE sluice.job_run r SET state = $4::sluice.run_state, ended_at = clock_timestamp(),
                    lease_until = NULL, summary = (SELECT coalesce(jsonb_object_agg(c.key, c.total), '{}') FROM (
                        SELECT key, sum(value::bigint)::bigint AS total FROM (
                            SELECT * FROM jsonb_each_text(coalesce(r.summary, '{}'))
                            UNION ALL SELECT * FROM jsonb_each_text($5::jsonb)) AS counts GROUP BY key) AS c)
                WHERE r.job = $1 AND r.window_start = $2 AND r.epoch = $3 AND r.state = 'running'
                """,
                [
                    .text(job), .optional(windowStart), .int64(epoch.value), .text(succeeded ? "done" : "failed"),
                    .jsonb(summary),
                ]
            ) == 1
        }
    }

    /// Why the start must not begin: the run lives, or it is over; nil if there is none, or a dead or failed one.
    private func refusal(
        of start: RunStart,
        lock: String,
        _ transaction: PostgresTransaction
    ) throws -> RunClaim? {
        let rows = try transaction.query(
            """
            SELECT r.state::text, r.pass, \(Self.isDead("$3")) FROM sluice.job_run r
            WHERE r.job = $1 AND r.window_start = $2 \(lock)
            """,
            [.text(start.job), .optional(start.windowStart), .microseconds(start.silence)]
        )
        guard let row = rows.first else { return nil }
        switch try row.text(0) {
        case "done", "skipped": return .done(pass: try row.int32(1))
        case "running": return try row.bool(2) ? nil : .alive
        default: return nil
        }
    }

    private static func parameters(_ start: RunStart) -> [PostgresValue] {
        [.text(start.job), .optional(start.windowStart), .text(start.worker.value), .microseconds(start.lease)]
    }

    /// Whether nobody works on the run `r` any more: its lease ended, or its worker is silent.
    ///
    /// A worker that has stopped may be just about to end its run, so that alone proves nothing.
    private static func isDead(_ silence: String) -> String {
        """
        (r.lease_until IS NULL OR r.lease_until <= now() OR EXISTS (SELECT FROM sluice.worker w
            WHERE w.worker_id = r.worker_id AND w.heartbeat_at < now() - \(silence) * interval '1 microsecond'))
        """
    }
}
