import Compression
import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func takePart(_ number: Int, of file: ClaimedBatchFile) async throws -> [UInt8] {
        // Without a lock: slices of the file are being loaded meanwhile.
        let encrypted = try await pool.transaction("read batch file part") { transaction in
            try encryptedPart(number, of: file, transaction)
        }
        if let encrypted { return encrypted }
        return try await pool.transaction("take batch file part") { transaction in
            guard try lock(file, transaction) else { throw StaleLease(batch: file.id) }
            // Another worker may have been here just now.
            if let encrypted = try encryptedPart(number, of: file, transaction) { return encrypted }
            let rows = try transaction.query(
                "SELECT content FROM sluice.batch_file_part WHERE batch_id = $1 AND part_no = $2",
                [.int64(file.id.value), .int32(Int32(number))]
            )
            guard let row = rows.first else { throw StoreDefect("part \(number) of batch \(file.id) is missing") }
            let content = try row.bytes(0)
            // The file keeps the key that it was first encrypted under.
            _ = try transaction.execute(
                "UPDATE sluice.batch_file SET data_key_id = $2 WHERE batch_id = $1 AND data_key_id IS NULL",
                [.int64(file.id.value), .int32(keys.currentIdentifier)]
            )
            var cipher = try cipher(of: file.id, transaction)
            let sealed = cipher.sealWithRandomNonce(Deflate.compress(content), .part, Int32(number), 0)
            _ = try transaction.execute(
                "UPDATE sluice.batch_file_part SET content = $3, is_encrypted = true WHERE batch_id = $1 AND part_no "
                    + "= $2",
                [.int64(file.id.value), .int32(Int32(number)), .bytea(sealed)]
            )
            return content
        }
    }

    /// The part in the clear; nil if it is not encrypted yet.
    private func encryptedPart(
        _ number: Int,
        of file: ClaimedBatchFile,
        _ transaction: PostgresTransaction
    ) throws -> [UInt8]? {
        let rows = try transaction.query(
            """
            SELECT p.content, p.clear_bytes FROM sluice.batch_file f
            LEFT JOIN sluice.batch_file_part p ON p.batch_id = f.batch_id AND p.part_no = $2 AND p.is_encrypted
            WHERE f.batch_id = $1 AND f.lease_epoch = $3
            """,
            [.int64(file.id.value), .int32(Int32(number)), .int64(file.epoch.value)]
        )
        guard let row = rows.first else { throw StaleLease(batch: file.id) }
        if row.isNull(0) { return nil }
        var cipher = try cipher(of: file.id, transaction)
        let compressed = try cipher.openWithNonce(try row.bytes(0), .part, Int32(number), 0)
        return try Deflate.decompress(compressed, byteCount: Int(try row.int32(1)))
    }
}
