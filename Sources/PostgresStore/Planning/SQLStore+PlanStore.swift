package import PaymentCore
import PostgresClient
package import Store

/// Thrown inside a transaction to roll it back: another worker plans these orders.
private struct PlannedElsewhere: Error {}

extension SQLStore: PlanStore {
    package func ordersWaitingForPlan(of merchants: [MerchantNumber], limit: Int) async throws -> WaitingOrders? {
        try await pool.transaction("orders waiting for plan", readOnly: true) { transaction in
            let files = try transaction.query(
                """
                SELECT w.batch_id, w.business_date, m.merchant_no, f.direction, now()
                FROM sluice.order_to_plan w JOIN sluice.batch_file f USING (batch_id)
                    JOIN sluice.merchant m USING (merchant_id)
                WHERE w.not_before <= now() AND m.merchant_no = ANY ($1) ORDER BY w.not_before LIMIT 1
                """,
                [.textArray(merchants.map(\.value))]
            )
            guard let file = files.first else { return nil }
            let batch = try file.int64(0)
            let date = try file.date(1)
            let rows = try transaction.query(
                """
                WITH w AS MATERIALIZED (
                    SELECT line_no FROM sluice.order_to_plan WHERE batch_id = $1 AND not_before <= now()
                    ORDER BY line_no LIMIT $3
                )
                SELECT w.line_no, o.state = 'ready', o.amount_minor, o.currency, a.failed_on, a.unsent_on
                FROM w
                LEFT JOIN sluice.payment_order o ON o.batch_id = $1 AND o.business_date = $2 AND o.line_no = w.line_no
                    AND \(LineBounds.condition("o.line_no", in: "(SELECT array_agg(line_no) FROM w)"))
                CROSS JOIN LATERAL (
                    SELECT coalesce(array_agg(x.channel) FILTER (WHERE x.code NOT IN (\(Self.unsentCodes))), '{}')
                            AS failed_on,
                        coalesce(array_agg(x.channel) FILTER (WHERE x.code IN (\(Self.unsentCodes))), '{}') AS unsent_on
                    FROM sluice.payment_attempt x
                    WHERE x.batch_id = $1 AND x.business_date = $2 AND x.line_no = w.line_no) AS a
                ORDER BY w.line_no
                """,
                [.int64(batch), .date(date), .int64(Int64(limit))]
            )
            var orders: [WaitingOrders.Order] = []
            var gone: [LineNumber] = []
            for row in rows {
                let line = LineNumber(try row.int32(0))
                guard try row.optionalBool(1) == true else {
                    gone.append(line)
                    continue
                }
                orders.append(
                    WaitingOrders.Order(
                        order: OrderToPlan(
                            line: line,
                            amountMinor: try row.int64(2),
                            currency: try row.text(3)
                        ),
                        failedOn: Set(try row.textArray(4).map(ChannelName.init)),
                        unsentOn: Set(try row.textArray(5).map(ChannelName.init))
                    )
                )
            }
            return WaitingOrders(
                batch: BatchIdentifier(batch),
                businessDate: date,
                merchant: MerchantNumber(try file.text(2)),
                direction: try file.word(3),
                orders: orders,
                gone: gone,
                readAt: try file.timestamp(4)
            )
        }
    }

    package func planWaiting(
        _ waiting: WaitingOrders,
        chunks: [PlannedChunk],
        unroutable: [LineNumber]
    ) async throws -> Bool {
        do {
            return try await pool.transaction("plan waiting orders") { transaction in
                let files = try transaction.query(
                    """
                    UPDATE sluice.batch_file SET next_chunk_no = next_chunk_no + $2 WHERE batch_id = $1
                        AND state = 'working' RETURNING next_chunk_no - $2
                    """,
                    [.int64(waiting.batch.value), .int32(Int32(chunks.count))]
                )
                guard let first = try files.first?.int32(0) else { return false }
                let lines = waiting.orders.map(\.order.line) + waiting.gone
                let taken = try transaction.execute(
                    // Not one that was planned, has ended and waits for its next attempt meanwhile.
                    """
                    DELETE FROM sluice.order_to_plan WHERE batch_id = $1 AND line_no = ANY ($2) AND not_before <= $3
                    """,
                    [
                        .int64(waiting.batch.value), .intArray(lines.map(\.value)),
                        .timestamptz(unixMicroseconds: waiting.readAt.unixMicroseconds),
                    ]
                )
                guard taken == lines.count else { throw PlannedElsewhere() }
                try copy(
                    chunks,
                    numbered: first,
                    batch: waiting.batch,
                    businessDate: waiting.businessDate,
                    direction: waiting.direction,
                    transaction
                )
                try reviewUnroutable(
                    unroutable,
                    batch: waiting.batch,
                    businessDate: waiting.businessDate,
                    transaction
                )
                return true
            }
        } catch is PlannedElsewhere {
            return false
        }
    }

    /// Puts chunks into their table, due at once, numbered on from the first.
    func copy(
        _ chunks: [PlannedChunk],
        numbered first: Int32,
        batch: BatchIdentifier,
        businessDate: BusinessDate,
        direction: Direction,
        _ transaction: PostgresTransaction
    ) throws {
        guard !chunks.isEmpty else { return }
        let now = try transaction.query("SELECT now()").first?.unixMicroseconds(0) ?? 0
        var rows = BinaryCopyBuffer(reserving: chunks.count * 2_100)
        for (number, chunk) in zip(first..., chunks) {
            rows.beginRow(columnCount: 9)
            rows.append(int64: batch.value)
            rows.append(daysSince1970: businessDate.daysSince1970)
            rows.append(int32: number)
            rows.append(text: direction.rawValue)
            rows.append(text: chunk.channel.value)
            rows.append(text: Lane.submit.rawValue)
            rows.append(text: ChunkKind.submit.rawValue)
            rows.append(intArray: chunk.lines.map(\.value))
            rows.append(unixMicroseconds: now)
        }
        _ = try transaction.copyIn(
            """
            COPY sluice.work_chunk (batch_id, business_date, chunk_no, direction, channel, lane, kind, line_nos,
                due_at)
            FROM STDIN (FORMAT binary)
            """,
            rows.finish()
        )
    }

    /// Orders that no channel can carry wait for a person.
    func reviewUnroutable(
        _ lines: [LineNumber],
        batch: BatchIdentifier,
        businessDate: BusinessDate,
        _ transaction: PostgresTransaction
    ) throws {
        guard !lines.isEmpty else { return }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no)
            SELECT 'unroutable/' || $1::bigint, 'unfit_for_channel', 'no_route', $1, $2, n
            FROM unnest($3::int[]) AS n ON CONFLICT DO NOTHING
            """,
            [.int64(batch.value), .date(businessDate), .intArray(lines.map(\.value))]
        )
    }
}
