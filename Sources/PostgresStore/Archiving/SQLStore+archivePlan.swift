package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func archivePlan(
        ages: [HeavyTable: Int32],
        asOf: BusinessDate?,
        daysMax: Int
    ) async throws -> [ArchivePlanDay] {
        precondition((1...1_000).contains(daysMax), "a plan has some days, not all there ever were")
        let tables = ages.keys.sorted()
        let due: [(HeavyTable, BusinessDate)] = try await pool.transaction("archive plan", readOnly: true) {
            transaction in
            // A day may leave for a table from its carry-over's end on, as long as there is a later live day.
            try transaction.query(
                """
                SELECT a.table_name, e.first + n FROM unnest($1::text[], $2::int[]) AS a (table_name, months)
                CROSS JOIN LATERAL (SELECT sluice.carry_over_end(a.table_name) AS first) e
                CROSS JOIN sluice.live_days d
                CROSS JOIN LATERAL generate_series(0, least(
                    sluice.archive_cutoff(coalesce($3::date, current_date), a.months), d.newest) - e.first - 1) AS n
                """,
                [
                    .textArray(tables.map(\.rawValue)), .intArray(tables.map { ages[$0] ?? 0 }),
                    asOf.map(PostgresValue.date) ?? .null,
                ]
            ).map { (try $0.word(0), try $0.date(1)) }
        }
        var plan: [ArchivePlanDay] = []
        for day in Set(due.map(\.1)).sorted().prefix(daysMax) {
            var found: [ArchivePlanDay.Table] = []
            for table in due.filter({ $0.1 == day }).map(\.0).sorted() {
                found.append(try await planned(table, day))
            }
            plan.append(ArchivePlanDay(day: day, tables: found))
        }
        return plan
    }

    package func daysBegun(since instant: Timestamp) async throws -> Int {
        try await pool.transaction("archive days begun", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT count(DISTINCT m.day) FROM sluice.archive_manifest m WHERE m.started_at >= $1
                    AND (m.path = 'swap' OR m.counted_at IS NOT NULL OR m.state IN ('prepared', 'counting'))
                """,
                [.timestamptz(unixMicroseconds: instant.unixMicroseconds)]
            )
            return Int(try rows.first?.int64(0) ?? 0)
        }
    }

    package func longestOpenOrder() async throws -> OrderKey? {
        // Its partition by name: of days that have left, whichever those are.
        try await pool.transaction("longest open order", deadline: ArchiveStep.longDeadline, readOnly: true) {
            transaction in
            try transaction.query(
                """
                SELECT o.batch_id, o.business_date, o.line_no FROM sluice.payment_order_carry_over o
                WHERE o.state NOT IN ('succeeded', 'failed', 'returned', 'cancelled')
                ORDER BY o.business_date, o.batch_id, o.line_no LIMIT 1
                """
            ).first.map { row in
                OrderKey(
                    batch: BatchIdentifier(try row.int64(0)),
                    line: LineNumber(try row.int32(2)),
                    businessDate: try row.date(1)
                )
            }
        }
    }

    private func planned(_ table: HeavyTable, _ day: BusinessDate) async throws -> ArchivePlanDay.Table {
        try await pool.transaction(
            "plan archive day",
            deadline: ArchiveStep.longDeadline,
            readOnly: true
        ) { transaction in
            var (rows, bytes): (Int64, Int64) = (0, 0)
            var stays: [ArchivePlanDay.Stay] = []
            for row in try transaction.query(
                "SELECT why, is_open, row_count, bytes FROM sluice.plan_archive_day($1, $2)",
                [.text(table.rawValue), .date(day)]
            ) {
                // The day itself has no reason to stay.
                guard let why = try row.optionalText(0) else {
                    (rows, bytes) = (try row.int64(2), try row.int64(3))
                    continue
                }
                stays.append(ArchivePlanDay.Stay(why: why, isOpen: try row.bool(1), rows: try row.int64(2)))
            }
            return ArchivePlanDay.Table(table: table, rows: rows, bytes: bytes, stays: stays)
        }
    }
}
