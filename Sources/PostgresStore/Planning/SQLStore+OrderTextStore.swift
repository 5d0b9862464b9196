package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: OrderTextStore {
    package func texts(
        of lines: [LineNumber],
        batch: BatchIdentifier,
        businessDate: BusinessDate
    ) async throws -> [OrderTexts] {
        guard !lines.isEmpty else { return [] }
        return try await pool.transaction("texts of orders", readOnly: true) { transaction in
            var cipher = try cipher(of: batch, transaction)
            return try transaction.query(
                """
                SELECT line_no, bank_code, personal FROM sluice.payment_order
                WHERE batch_id = $1 AND business_date = $2 AND line_no = ANY ($3)
                    AND \(LineBounds.condition("line_no", in: "$3"))
                ORDER BY line_no
                """,
                [.int64(batch.value), .date(businessDate), .intArray(lines.map(\.value))]
            ).compactMap { row in
                let line = LineNumber(try row.int32(0))
                guard let personal = cipher.personal(try row.bytes(2), line: line) else { return nil }
                return OrderTexts(
                    line: line,
                    accountNumber: personal.accountNumber,
                    accountName: personal.accountName,
                    bankCode: try row.optionalText(1),
                    purpose: personal.purpose
                )
            }
        }
    }
}
