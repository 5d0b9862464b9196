import PaymentCore
import PostgresClient
import Store

/// The calls of an order's submissions, and what came back of it.
extension SQLStore {
    /// Exchanges that a story shows; more are cut, the first ones first.
    private static let exchangesMax: Int64 = 1_000

    /// Adds the calls of some submissions of a file.
    ///
    /// No call begins after its submission is settled, so that the history is looked into for some days only. The
    /// answer to a call of a day that had left is filed under the day on which it came: that is looked for where a call
    /// has no outcome.
    ///
    /// `days`: from the file's to today.
    func addExchanges(
        to submissions: inout [OrderStory.Submission],
        of batch: BatchIdentifier,
        _ days: ClosedRange<BusinessDate>,
        _ transaction: PostgresTransaction
    ) throws {
        guard !submissions.isEmpty else { return }
        let ends = submissions.map { $0.settledAt.map { BusinessDate(at: $0) } ?? days.upperBound }
        let last = ends.reduce(days.lowerBound, max).advanced(byDays: 1)
        let key: [PostgresValue] = [.int64(batch.value), .intArray(submissions.map(\.number.value))]
        var calls = try transaction.query(
            Self.exchanges("exchange_day BETWEEN $3 AND $4"),
            key + [.date(days.lowerBound), .date(last)]
        ).map { (submission: SubmissionNumber(try $0.int32(0)), exchange: try Self.exchange($0)) }
        if calls.contains(where: { $0.exchange.outcome == nil }) {
            calls += try transaction.query(Self.exchanges("is_late AND exchange_day > $3"), key + [.date(last)])
                .map { (submission: SubmissionNumber(try $0.int32(0)), exchange: try Self.exchange($0)) }
        }
        for index in submissions.indices {
            submissions[index].exchanges = calls.filter { $0.submission == submissions[index].number }.map(\.exchange)
        }
    }

    private static func exchanges(_ days: String) -> String {
        let columns = """
            submission_no, ordinal, exchange_day, kind, recorded_at, outcome, reason, header_code, http_status, is_late,
            latency_us
            """
        return """
            SELECT \(columns) FROM sluice.exchange WHERE batch_id = $1 AND submission_no = ANY ($2) AND \(days)
            UNION ALL
            SELECT \(columns) FROM history.exchange WHERE batch_id = $1 AND submission_no = ANY ($2) AND \(days)
            ORDER BY submission_no, ordinal, exchange_day LIMIT \(exchangesMax)
            """
    }

    private static func exchange(_ row: PostgresRow) throws -> OrderStory.Exchange {
        var exchange = OrderStory.Exchange(
            call: RecordedCall(ordinal: try row.int32(1), day: try row.date(2)),
            kind: try row.word(3),
            recordedAt: try row.timestamp(4),
            isLate: try row.bool(9)
        )
        exchange.outcome = try row.optionalText(5)
        exchange.reason = try row.optionalText(6)
        exchange.headerCode = try row.optionalText(7)
        exchange.status = try row.optionalInt32(8)
        exchange.latencyMicroseconds = try row.optionalInt64(10)
        return exchange
    }

    /// What came back of an order, live or archived, the first first.
    func returns(of key: OrderKey, _ transaction: PostgresTransaction) throws -> [OrderStory.Return] {
        try transaction.query(
            """
            SELECT channel, return_reference, amount_minor, code, returned_at FROM sluice.payment_return
            WHERE batch_id = $1 AND line_no = $2 ORDER BY returned_at, channel, return_reference LIMIT 100
            """,
            [.int64(key.batch.value), .int32(key.line.value)]
        ).map { row in
            OrderStory.Return(
                channel: ChannelName(try row.text(0)),
                reference: try row.text(1),
                amountMinor: try row.int64(2),
                code: try row.optionalText(3),
                returnedAt: try row.timestamp(4)
            )
        }
    }
}
