package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: AlarmDeliveryStore {
    package func claimAlarms(limit: Int, lease: TimeSpan) async throws -> [AlarmToDeliver] {
        precondition((1...100).contains(limit) && lease > .zero, "a claim is bounded")
        return try await pool.transaction("claim alarms") { transaction in
            try transaction.query(
                """
                WITH due AS MATERIALIZED (
                    SELECT alarm_id FROM sluice.alarm
                    WHERE delivered_at IS NULL AND acknowledged_at IS NULL AND next_delivery_at <= now()
                    ORDER BY next_delivery_at, alarm_id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
                )
                UPDATE sluice.alarm a SET delivery_attempts = a.delivery_attempts + 1,
                    next_delivery_at = now() + $2 * interval '1 microsecond'
                FROM due WHERE a.alarm_id = due.alarm_id
                RETURNING a.alarm_id, a.kind, a.code, a.channel, a.batch_id, a.message, a.occurrences, a.first_at,
                    a.last_at, a.delivery_attempts
                """,
                [.int64(Int64(limit)), .microseconds(lease)]
            ).map { row in
                var alarm = AlarmToDeliver(
                    identifier: AlarmIdentifier(try row.int64(0)),
                    kind: try row.text(1),
                    code: try row.text(2),
                    message: try row.text(5),
                    occurrences: try row.int64(6),
                    firstAt: try row.timestamp(7),
                    lastAt: try row.timestamp(8),
                    attempt: try row.int32(9)
                )
                alarm.channel = try row.optionalText(3).map(ChannelName.init)
                alarm.batch = try row.optionalInt64(4).map(BatchIdentifier.init)
                return alarm
            }.sorted { $0.identifier < $1.identifier }
        }
    }

    package func recordDelivery(_ delivery: AlarmDelivery, of alarm: AlarmToDeliver) async throws -> Bool {
        let (sink, reason, retryAfter): (String?, String?, TimeSpan) =
            switch delivery {
            case .delivered(let sink): (sink, nil, .zero)
            case .failed(let reason, let retryAfter): (nil, reason, retryAfter)
            }
        return try await pool.transaction("record delivery") { transaction in
            try transaction.execute(
                """
                UPDATE sluice.alarm SET delivered_to = $3, delivery_failure = $4,
                    delivered_at = CASE WHEN $3::text IS NOT NULL THEN now() END,
                    next_delivery_at = now() + $5 * interval '1 microsecond'
                WHERE alarm_id = $1 AND delivery_attempts = $2 AND delivered_at IS NULL
                """,
                [
                    .int64(alarm.identifier.value), .int32(alarm.attempt), .optionalText(sink),
                    .optionalText(reason), .microseconds(retryAfter),
                ]
            ) == 1
        }
    }
}
