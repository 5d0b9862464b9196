package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: LaneStore {
    package func lanes(of channel: ChannelName?) async throws -> [LaneStatus] {
        try await pool.transaction("lanes", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT \(Self.healthColumns), now(), l.channel, l.lane, l.next_call_at, l.paused_at, l.paused_by,
                    l.pause_reason, c.specification_sha256, a.activated_at, a.activated_by,
                    (SELECT count(*) FROM sluice.channel_slot s WHERE s.channel = l.channel AND s.lane = l.lane),
                    (SELECT count(*) FROM sluice.channel_slot s WHERE s.channel = l.channel AND s.lane = l.lane
                        AND s.held_until > now()),
                    q.chunks, q.due, q.unsent
                FROM sluice.channel_lane l JOIN sluice.channel c USING (channel)
                CROSS JOIN LATERAL (
                    SELECT v.activated_at, v.activated_by FROM sluice.channel_activation v
                    WHERE v.channel = l.channel ORDER BY v.activation_id DESC LIMIT 1) AS a
                CROSS JOIN LATERAL (
                    SELECT count(*) AS chunks, count(*) FILTER (WHERE w.due_at <= now()) AS due,
                        count(*) FILTER (WHERE w.kind = 'send') AS unsent
                    FROM sluice.work_chunk w WHERE w.channel = l.channel AND w.lane = l.lane) AS q
                WHERE $1::text IS NULL OR l.channel = $1 ORDER BY l.channel, l.lane
                """,
                [.optionalText(channel?.value)]
            ).map { row in
                let (rules, health) = try Self.health(row)
                return LaneStatus(
                    channel: ChannelName(try row.text(12)),
                    lane: try row.word(13),
                    slots: try row.int64(21),
                    slotsInUse: try row.int64(22),
                    queue: LaneStatus.Queue(
                        chunks: try row.int64(23),
                        due: try row.int64(24),
                        unsent: try row.int64(25)
                    ),
                    rules: rules,
                    health: health,
                    nextCallAt: try row.optionalTimestamp(14),
                    pause: row.isNull(15)
                        ? nil
                        : LaneStatus.Pause(
                            at: try row.timestamp(15),
                            by: try row.text(16),
                            reason: try row.text(17)
                        ),
                    activation: LaneStatus.Activation(
                        specificationSHA256: try row.bytes(18),
                        at: try row.timestamp(19),
                        by: try row.text(20)
                    ),
                    now: try row.timestamp(11)
                )
            }
        }
    }

    package func pause(
        _ channel: ChannelName,
        lane: Lane?,
        reason: String,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> Int {
        try await carryOut("pause channel", isDry: isDry) { transaction in
            Int(
                try transaction.query(
                    "SELECT sluice.pause_channel($1, $2, $3, $4)",
                    [
                        .bytea(person.bytes), .text(channel.value), .optionalText(lane?.rawValue), .text(reason),
                    ]
                ).first?.int32(0) ?? 0
            )
        }
    }

    package func resume(
        _ channel: ChannelName,
        lane: Lane?,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> Int {
        try await carryOut("resume channel", isDry: isDry) { transaction in
            Int(
                try transaction.query(
                    "SELECT sluice.resume_channel($1, $2, $3)",
                    [.bytea(person.bytes), .text(channel.value), .optionalText(lane?.rawValue)]
                ).first?.int32(0) ?? 0
            )
        }
    }
}
