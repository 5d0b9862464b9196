import PaymentCore
import PostgresClient
package import Store

extension SQLStore: AlarmStore {
    package func raise(_ alarms: [RaisedAlarm]) async throws {
        guard !alarms.isEmpty else { return }
        try await pool.transaction("raise alarms") { transaction in
            try insert(alarms, transaction)
        }
    }

    /// Raises alarms as part of a transaction.
    func insert(_ alarms: [RaisedAlarm], _ transaction: PostgresTransaction) throws {
        guard !alarms.isEmpty else { return }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.alarm (cause_key, kind, channel, batch_id, code, message, occurrences)
            SELECT cause_key, min(kind), min(channel), min(batch_id), min(code), min(message), count(*)
            FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
                AS a (cause_key, kind, channel, batch_id, code, message)
            GROUP BY cause_key ORDER BY cause_key
            ON CONFLICT (cause_key) WHERE acknowledged_at IS NULL
            DO UPDATE SET occurrences = alarm.occurrences + excluded.occurrences, last_at = now(),
                message = excluded.message
            """,
            [
                .textArray(alarms.map(\.causeKey)), .textArray(alarms.map(\.kind.rawValue)),
                .nullableTextArray(alarms.map { $0.channel?.value }),
                .nullableBigintArray(alarms.map { $0.batch?.value }), .textArray(alarms.map(\.code)),
                .textArray(alarms.map(\.message)),
            ]
        )
    }
}
