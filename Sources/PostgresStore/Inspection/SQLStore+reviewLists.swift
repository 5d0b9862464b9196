package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func reviewIncidents(of channel: ChannelName?, limit: Int) async throws -> [ReviewIncident] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("review incidents", readOnly: true) { transaction in
            var incidents = try transaction.query(
                """
                SELECT incident, cause, (array_agg(DISTINCT code))[1:5], min(channel), min(owner_role), count(*),
                    (array_agg(batch_id || CASE WHEN line_no IS NOT NULL THEN '-' || line_no
                        WHEN submission_no IS NOT NULL THEN '/' || submission_no ELSE '' END ORDER BY item_id))[1:3],
                    min(opened_at), (extract(epoch FROM now() - min(opened_at)) * 1000000)::bigint,
                    (array_agg(item_id ORDER BY item_id))[1:3]
                FROM sluice.review_item WHERE closed_at IS NULL AND ($2::text IS NULL OR channel = $2)
                GROUP BY incident, cause ORDER BY min(opened_at), incident LIMIT $1
                """,
                [.int64(Int64(limit)), .optionalText(channel?.value)]
            ).map { row in
                var incident = ReviewIncident(
                    incident: try row.text(0),
                    cause: try row.text(1),
                    ownerRole: try row.text(4),
                    items: try row.int64(5),
                    oldestAt: try row.timestamp(7),
                    age: TimeSpan(microseconds: max(0, try row.int64(8)))
                )
                incident.codes = try row.textArray(2)
                incident.channel = try row.optionalText(3)
                incident.examples = try row.textArray(6)
                incident.itemNumbers = try row.bigintArray(9)
                incident.decisions = ReviewCause(rawValue: incident.cause)?.decisions ?? []
                return incident
            }
            for index in incidents.indices {
                incidents[index].orders = try Self.orders(of: incidents[index], transaction)
            }
            return incidents
        }
    }

    /// What a decision about an incident would be about, counted now.
    private static func orders(
        of incident: ReviewIncident,
        _ transaction: PostgresTransaction
    ) throws -> [String: Tally] {
        let items = "SELECT r.item_id FROM sluice.review_item r WHERE r.incident = $1 AND r.closed_at IS NULL"
        let rows = try transaction.query(
            incident.cause == ReviewCause.fileHeld.rawValue
                ? """
                SELECT s.currency, sum(s.orders)::bigint, sum(s.amount_minor) FROM sluice.batch_file_sum s
                WHERE s.batch_id IN (SELECT x.batch_id FROM sluice.review_item x WHERE x.item_id IN (\(items)))
                GROUP BY s.currency
                """
                : """
                SELECT o.currency, count(*), sum(o.amount_minor)
                FROM (SELECT DISTINCT x.batch_id, x.line_no, x.currency, x.amount_minor
                    FROM sluice.review_orders(ARRAY(\(items))) x) o GROUP BY o.currency
                """,
            [.text(incident.incident)]
        )
        var orders: [String: Tally] = [:]
        for row in rows {
            orders[try row.text(0)] = Tally(count: try row.int64(1), amountMinor: try row.int128(2))
        }
        return orders
    }

    package func openAlarms(limit: Int) async throws -> [OpenAlarm] {
        precondition((1...1_000).contains(limit), "a list is bounded")
        return try await pool.transaction("open alarms", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT kind, code, channel, message, occurrences, first_at, last_at FROM sluice.alarm
                WHERE acknowledged_at IS NULL ORDER BY last_at DESC, alarm_id LIMIT $1
                """,
                [.int64(Int64(limit))]
            ).map { row in
                var alarm = OpenAlarm(
                    kind: try row.text(0),
                    code: try row.text(1),
                    message: try row.text(3),
                    occurrences: try row.int64(4),
                    firstAt: try row.timestamp(5),
                    lastAt: try row.timestamp(6)
                )
                alarm.channel = try row.optionalText(2)
                return alarm
            }
        }
    }

    /// The day that names a batch's partitions; nil if there is no such batch.
    func businessDate(of batch: BatchIdentifier, _ transaction: PostgresTransaction) throws -> BusinessDate? {
        try transaction.query(
            "SELECT business_date FROM sluice.batch_file WHERE batch_id = $1",
            [.int64(batch.value)]
        ).first.map { try $0.date(0) }
    }
}
