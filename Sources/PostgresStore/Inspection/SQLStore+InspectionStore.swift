package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: InspectionStore {
    private static let summaryColumns = """
        f.batch_id, m.merchant_no, f.direction, f.format, f.file_name, f.business_date, f.state, f.verdict ->> 'code',
        coalesce((f.verdict ->> 'line')::bigint, 0), f.verdict ->> 'what', f.verdict ->> 'mend', f.record_count,
        f.loaded_count, f.received_at, f.finished_at, (f.verdict ->> 'byte')::bigint
        """

    package func batches(_ filter: BatchFilter) async throws -> [BatchSummary] {
        try await pool.transaction("batches", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT \(Self.summaryColumns) FROM sluice.batch_file f JOIN sluice.merchant m USING (merchant_id)
                WHERE ($1::text IS NULL OR f.state = $1::text::sluice.batch_file_state)
                    AND ($2::text IS NULL OR m.merchant_no = $2)
                ORDER BY f.batch_id DESC LIMIT $3
                """,
                [
                    .optionalText(filter.state?.rawValue), .optionalText(filter.merchant?.value),
                    .int64(Int64(filter.limit)),
                ]
            ).map(Self.summary)
        }
    }

    package func batch(_ batch: BatchIdentifier) async throws -> BatchDetail? {
        // Totals are counted, which takes a second or so a million lines.
        try await pool.transaction("batch", deadline: .seconds(60), readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT \(Self.summaryColumns), f.content_bytes, f.amount_unreadable, f.result_due_at,
                    f.refusal_answered_at
                FROM sluice.batch_file f JOIN sluice.merchant m USING (merchant_id) WHERE f.batch_id = $1
                """,
                [.int64(batch.value)]
            )
            guard let row = rows.first else { return nil }
            var detail = BatchDetail(
                summary: try Self.summary(row),
                amountUnreadable: try row.int64(17),
                resultDueAt: try row.timestamp(18)
            )
            detail.contentBytes = try row.optionalInt64(16)
            detail.refusalAnsweredAt = try row.optionalTimestamp(19)
            detail.totals = try Self.totals(of: batch, detail.summary.businessDate, transaction)
            detail.results = try Self.results(of: batch, transaction)
            return detail
        }
    }

    package func waitingForPeople() async throws -> WaitingForPeople {
        try await pool.transaction("waiting for people", readOnly: true) { transaction in
            let rows = try transaction.query(
                """
                SELECT (SELECT count(*) FROM sluice.review_item WHERE closed_at IS NULL),
                    (SELECT count(*) FROM sluice.batch_file WHERE state = 'held')
                """
            )
            guard let row = rows.first else { throw StoreDefect("a count has no row") }
            return WaitingForPeople(reviewItems: try row.int64(0), heldFiles: try row.int64(1))
        }
    }

    package func liveDays() async throws -> ClosedRange<BusinessDate>? {
        try await pool.transaction("live days", readOnly: true) { transaction in
            try transaction.query("SELECT oldest, newest FROM sluice.live_days").first.map {
                try $0.date(0)...$0.date(1)
            }
        }
    }

    /// The day names the partitions: without it each day of the history would be looked into.
    private static func totals(
        of batch: BatchIdentifier,
        _ day: BusinessDate,
        _ transaction: PostgresTransaction
    ) throws -> [BatchTotals] {
        let parts = BatchTotals.Part.allCases
        let columns = parts.map { "\($0.rawValue), \($0.rawValue)_minor" }.joined(separator: ", ")
        return try transaction.query(
            """
            SELECT currency, \(columns) FROM sluice.batch_totals WHERE batch_id = $1 AND business_date = $2
            ORDER BY currency NULLS LAST
            """,
            [.int64(batch.value), .date(day)]
        ).map { row in
            var tallies: [BatchTotals.Part: Tally] = [:]
            for (index, part) in parts.enumerated() {
                tallies[part] = Tally(
                    count: try row.int64(1 + index * 2),
                    amountMinor: try row.int128(2 + index * 2)
                )
            }
            return BatchTotals(currency: try row.optionalText(0), tallies: tallies)
        }
    }

    private static func results(
        of batch: BatchIdentifier,
        _ transaction: PostgresTransaction
    ) throws -> [WrittenResult] {
        try transaction.query(
            """
            SELECT version, is_final, file_name, line_count FROM sluice.result_file WHERE batch_id = $1
            ORDER BY version LIMIT 1000
            """,
            [.int64(batch.value)]
        ).map { row in
            WrittenResult(
                batch: batch,
                version: try row.int32(0),
                isFinal: try row.bool(1),
                fileName: try row.text(2),
                lineCount: try row.int64(3)
            )
        }
    }

    private static func summary(_ row: PostgresRow) throws -> BatchSummary {
        var summary = BatchSummary(
            batch: BatchIdentifier(try row.int64(0)),
            merchant: MerchantNumber(try row.text(1)),
            direction: try row.word(2),
            format: try row.text(3),
            fileName: try row.text(4),
            businessDate: try row.date(5),
            state: try row.word(6),
            loadedCount: try row.int64(12),
            receivedAt: try row.timestamp(13)
        )
        summary.verdict = try row.optionalText(7).map { code in
            VerdictNote(
                code: code,
                line: try row.int64(8),
                byteOffset: try row.optionalInt64(15),
                what: try row.optionalText(9) ?? "",
                mend: try row.optionalText(10) ?? ""
            )
        }
        summary.recordCount = try row.optionalInt64(11)
        summary.finishedAt = try row.optionalTimestamp(14)
        return summary
    }
}
