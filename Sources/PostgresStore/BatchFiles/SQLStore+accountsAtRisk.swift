import Cryptography
import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// The places of those orders of a slice that pay an amount to an account for which money may be at risk (R8).
    ///
    /// An answer contradicted a final state of such a payment, and nobody has looked into it yet.
    func ordersAtRisk(in slice: LoadSlice, _ transaction: PostgresTransaction) throws -> Set<Int> {
        let hash = KeyedHash(key: keys.searchKey)
        let hashes = slice.orders.map { order in
            var code: [UInt8] = []
            let account = slice.bytes.span.extracting(order.accountNumber.range)
            hash.append(first: Self.accountHashBytes, ofCodeOf: account, to: &code)
            return code
        }
        let rows = try transaction.query(
            """
            SELECT o.place FROM unnest($1::bytea[], $2::bigint[], $3::text[]) WITH ORDINALITY
                AS o (account_hash, amount_minor, currency, place)
            WHERE EXISTS (SELECT FROM sluice.account_at_risk a WHERE a.account_hash = o.account_hash
                AND a.amount_minor = o.amount_minor AND a.currency = o.currency)
            """,
            [
                .byteaArray(hashes), .bigintArray(slice.orders.map(\.amount.minor)),
                .textArray(slice.orders.map(\.amount.currency.code)),
            ]
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
