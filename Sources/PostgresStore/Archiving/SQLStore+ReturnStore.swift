import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ReturnStore {
    package func recordReturn(_ payment: ReturnedPayment) async throws -> ReturnOutcome {
        try await pool.transaction("record return") { transaction in
            let rows = try transaction.query(
                "SELECT sluice.record_return($1, $2, $3, $4, $5, $6, $7, $8)",
                [
                    .text(payment.channel.value), .text(payment.reference), .int64(payment.batch.value),
                    .int32(payment.line.value), .int64(payment.amount.minor), .text(payment.amount.currency.code),
                    .optionalText(payment.code), .optional(payment.returnedAt),
                ]
            )
            guard let row = rows.first else { throw StoreDefect("a return has no outcome") }
            return try row.word(0)
        }
    }
}
