import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// The orders of a submission, as they stand, wherever they are.
    ///
    /// An order that has gone on to its next attempt failed on this submission, and must stay so. The final ones of a
    /// submission that still has open ones may have left for the history: without them it would look as if all were
    /// open and could be sent once more, and an answer that names them would match no item. Most submissions are live
    /// whole; then nothing of the history is read. What was looked at here neither leaves nor comes back before the
    /// transaction ends.
    func submittedOrders(
        of submission: SubmissionNumber,
        _ chunk: ClaimedChunk,
        _ cipher: inout BatchCipher,
        _ transaction: PostgresTransaction
    ) throws -> [SubmittedOrder] {
        let key: [PostgresValue] = [
            .int64(chunk.batch.value), .int32(submission.value), .date(chunk.businessDate),
        ]
        var sent = try transaction.query(Self.liveLines, key)
        if sent.isEmpty { sent = try transaction.query(Self.allLines, key) }
        let lines = try sent.first?.intArray(0) ?? []
        // Items are numbered here: a join with the list would compare each order with each of its places, on a day of
        // which the server knows nothing.
        let items = Dictionary(uniqueKeysWithValues: lines.enumerated().map { ($1, Int32($0 + 1)) })
        var rows = try transaction.query(Self.liveOrders, key + [.intArray(lines)])
        if rows.count < lines.count { rows = try transaction.query(Self.allOrders, key + [.intArray(lines)]) }
        return try rows.map { row in
            let line = try row.int32(0)
            guard let item = items[line] else { throw StoreDefect("an order is no item of its submission") }
            // Without its account no success can be compared with it: a person looks, and the others go on.
            let personal = cipher.personal(try row.bytes(4), line: LineNumber(line))
            return SubmittedOrder(
                line: LineNumber(line),
                item: item,
                state: try row.word(1),
                amountMinor: try row.int64(2),
                currency: try row.text(3),
                accountNumber: personal?.accountNumber ?? ""
            )
        }.sorted { $0.item < $1.item }
    }

    private static let liveLines = lines("sluice.submission")
    private static let allLines = "\(lines("sluice.submission")) UNION ALL \(lines("history.submission"))"

    private static func lines(_ table: String) -> String {
        "SELECT line_nos FROM \(table) WHERE batch_id = $1 AND submission_no = $2 AND business_date = $3"
    }

    private static let liveOrders = submitted("sluice.payment_order", state: "o.state")
    private static let allOrders = """
        \(submitted("sluice.payment_order", state: "o.state")) UNION ALL
        \(submitted("history.payment_order", state: standing("o")))
        """

    private static func submitted(_ table: String, state: String) -> String {
        """
        SELECT o.line_no, CASE WHEN o.submission_no = $2 THEN \(state) ELSE 'failed' END, o.amount_minor, o.currency,
            o.personal
        FROM \(table) o
        WHERE o.batch_id = $1 AND o.business_date = $3 AND o.line_no = ANY ($4)
            AND \(LineBounds.condition("o.line_no", in: "$4"))
        """
    }

    /// How an order stands whose row is not changed any more: one that came back whole since has returned.
    ///
    /// `order`: the alias of a row of orders.
    static func standing(_ order: String) -> String {
        """
        CASE WHEN \(order).state = 'succeeded' AND (SELECT sum(p.amount_minor) FROM sluice.payment_return p
                WHERE p.batch_id = \(order).batch_id AND p.line_no = \(order).line_no) >= \(order).amount_minor
            THEN 'returned' ELSE \(order).state END
        """
    }
}
