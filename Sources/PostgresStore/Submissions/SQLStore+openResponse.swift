package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    /// The clear bytes of an answer kept as evidence.
    package func openResponse(
        _ sealed: [UInt8],
        of batch: BatchIdentifier,
        submission: SubmissionNumber,
        call: RecordedCall
    ) async throws -> [UInt8] {
        try await pool.transaction("open response", readOnly: true) { transaction in
            var cipher = try cipher(of: batch, transaction)
            return try cipher.openWithNonce(sealed, .response, submission.value, call.ordinal)
        }
    }
}
