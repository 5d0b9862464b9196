import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// The places of those orders that pay an amount to an account for which money may be at risk (R8).
    ///
    /// An answer contradicted a final state of such a payment, and nobody has looked into it yet.
    ///
    /// `hashes`: of the orders' accounts, in their order, one behind the other.
    func ordersAtRisk(
        _ orders: [NewOrder],
        _ hashes: [UInt8],
        _ transaction: PostgresTransaction
    ) throws -> Set<Int> {
        let hashes = orders.indices.map { place in
            Array(hashes[place * Self.accountHashBytes..<(place + 1) * Self.accountHashBytes])
        }
        let rows = try transaction.query(
            """
            SELECT o.place FROM unnest($1::bytea[], $2::bigint[], $3::text[]) WITH ORDINALITY
                AS o (account_hash, amount_minor, currency, place)
            WHERE EXISTS (SELECT FROM sluice.account_at_risk a WHERE a.account_hash = o.account_hash
                AND a.amount_minor = o.amount_minor AND a.currency = o.currency)
            """,
            [.byteaArray(hashes), .bigintArray(orders.map(\.amountMinor)), .textArray(orders.map(\.currency))]
        )
        return try Set(rows.map { Int(try $0.int64(0)) - 1 })
    }

    /// Each is one review item; those of a file are one incident.
    func openReviews(
        ofAtRisk lines: [LineNumber],
        _ file: ClaimedBatchFile,
        _ transaction: PostgresTransaction
    ) throws {
        _ = try transaction.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date, line_no)
            SELECT $4::text || '/' || $1::bigint, $4, 'contradiction', $1, $2, n FROM unnest($3::int[]) AS n
            ON CONFLICT DO NOTHING
            """,
            [
                .int64(file.id.value), .date(file.businessDate), .intArray(lines.map(\.value)),
                .text(ReviewCause.accountAtRisk.rawValue),
            ]
        )
    }
}
