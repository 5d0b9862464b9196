package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: AlarmDeskStore {
    package func alarms(_ filter: AlarmFilter) async throws -> [AlarmRow] {
        try await pool.transaction("alarms", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT alarm_id, kind, code, channel, batch_id, message, occurrences, first_at, last_at,
                    delivery_attempts, delivered_to, delivered_at, delivery_failure, acknowledged_at, acknowledged_by,
                    acknowledged_note
                FROM sluice.alarm WHERE $1 OR acknowledged_at IS NULL ORDER BY last_at DESC, alarm_id DESC LIMIT $2
                """,
                [.bool(filter.includesAcknowledged), .int64(Int64(filter.limit))]
            ).map(Self.alarmRow)
        }
    }

    package func acknowledgeAlarms(
        _ alarms: [AlarmIdentifier],
        note: String,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> [AlarmIdentifier] {
        precondition(
            (1...1_000).contains(alarms.count),
            "an acknowledgement names some alarms, not all there ever were"
        )
        return try await carryOut("acknowledge alarms", isDry: isDry) { transaction in
            try transaction.query(
                "SELECT * FROM sluice.acknowledge_alarms($1, $2, $3) AS a ORDER BY a",
                [.bytea(person.bytes), .bigintArray(alarms.map(\.value)), .text(note)]
            ).map { AlarmIdentifier(try $0.int64(0)) }
        }
    }

    private static func alarmRow(_ row: PostgresRow) throws -> AlarmRow {
        var alarm = AlarmRow(
            identifier: AlarmIdentifier(try row.int64(0)),
            kind: try row.text(1),
            code: try row.text(2),
            message: try row.text(5),
            occurrences: try row.int64(6),
            firstAt: try row.timestamp(7),
            lastAt: try row.timestamp(8)
        )
        alarm.channel = try row.optionalText(3).map(ChannelName.init)
        alarm.batch = try row.optionalInt64(4).map(BatchIdentifier.init)
        alarm.deliveryAttempts = try row.int32(9)
        alarm.deliveredTo = try row.optionalText(10)
        alarm.deliveredAt = try row.optionalTimestamp(11)
        alarm.deliveryFailure = try row.optionalText(12)
        alarm.acknowledgement = try row.optionalTimestamp(13).map { at in
            AlarmRow.Acknowledgement(
                at: at,
                by: try row.optionalText(14) ?? "",
                note: try row.optionalText(15) ?? ""
            )
        }
        return alarm
    }
}
