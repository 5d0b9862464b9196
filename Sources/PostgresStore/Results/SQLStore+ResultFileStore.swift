import Compression
import Cryptography
package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ResultFileStore {
    private static let partBytes = 1_048_576

    package func writeResultFile(
        of file: ClaimedBatchFile,
        fileName: String,
        produce: @Sendable (_ material: any ResultMaterial, _ emit: ([UInt8]) throws -> Void) throws -> ProducedResult
    ) async throws -> WrittenResult? {
        do {
            return try await writeVersion(of: file, fileName: fileName, produce: produce)
        } catch let unchanged as UnchangedResult {
            try await pool.transaction("note a look at results") { transaction in
                _ = try transaction.execute(
                    "UPDATE sluice.batch_file SET result_seen_at = $3 WHERE batch_id = $1 AND lease_epoch = $2",
                    [
                        .int64(file.id.value), .int64(file.epoch.value),
                        .timestamptz(unixMicroseconds: unchanged.begunAt.unixMicroseconds),
                    ]
                )
            }
            return nil
        } catch let error as PostgresError where error.isSerializationFailure {
            // The file's row was changed after the snapshot, as by the sweeper: another look comes soon.
            return nil
        }
    }

    private func writeVersion(
        of file: ClaimedBatchFile,
        fileName: String,
        produce: @Sendable (_ material: any ResultMaterial, _ emit: ([UInt8]) throws -> Void) throws -> ProducedResult
    ) async throws -> WrittenResult? {
        // Bounded by the file, which has at most some millions of lines: minutes, not seconds.
        try await pool.transaction("write result file", deadline: .seconds(900)) { transaction in
            // Formats with totals before the lines are written in two passes, which must see the same.
            _ = try transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            // Looked at without a lock: a merchant who cancels must not wait for a long file. `finish` locks.
            let versions = try transaction.query(
                "SELECT r.version, r.created_at, now() FROM (SELECT) one LEFT JOIN (SELECT version, created_at "
                    + "FROM sluice.result_file WHERE batch_id = $1 ORDER BY version DESC LIMIT 1) r ON true",
                [.int64(file.id.value)]
            )
            guard let newest = versions.first else { throw StoreDefect("a row of its own is not there") }
            let previous = try newest.optionalInt32(0).map { version in
                ResultEdition(batch: file.id, version: version, madeAt: try newest.timestamp(1))
            }
            let edition = ResultEdition(
                batch: file.id,
                version: (previous?.version ?? 0) + 1,
                madeAt: try newest.timestamp(2)
            )
            var cipher = try cipher(of: file.id, transaction)
            var part: [UInt8] = []
            var partNumber: Int32 = 0
            func flush() throws {
                guard !part.isEmpty else { return }
                partNumber += 1
                let sealed = cipher.sealWithRandomNonce(Deflate.compress(part), .result, edition.version, partNumber)
                _ = try transaction.execute(
                    "INSERT INTO sluice.result_file_part (batch_id, version, part_no, content) VALUES ($1, $2, $3, $4)",
                    [.int64(file.id.value), .int32(edition.version), .int32(partNumber), .bytea(sealed)]
                )
                part.removeAll(keepingCapacity: true)
            }
            let material = StoredResultMaterial(
                file: file,
                edition: edition,
                previousEdition: previous,
                cipher: try self.cipher(of: file.id, transaction),
                transaction: transaction
            )
            let produced = try produce(material) { bytes in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let taken = rest.prefix(Self.partBytes - part.count)
                    part.append(contentsOf: taken)
                    rest.removeFirst(taken.count)
                    if part.count == Self.partBytes { try flush() }
                }
            }
            try flush()
            return try finish(
                produced,
                file: file,
                fileName: fileName,
                edition: edition,
                parts: partNumber,
                transaction
            )
        }
    }

    private func finish(
        _ produced: ProducedResult,
        file: ClaimedBatchFile,
        fileName: String,
        edition: ResultEdition,
        parts: Int32,
        _ transaction: PostgresTransaction
    ) throws -> WrittenResult? {
        guard try lock(file, transaction, state: .working) else { throw UnchangedResult(begunAt: edition.madeAt) }
        let version = edition.version
        let totals = produced.totals.json
        let last = try transaction.query(
            "SELECT totals = $2::jsonb, coalesce(content_sha256 = $3, false) FROM sluice.result_file "
                + "WHERE batch_id = $1 AND version = "
                + "$4",
            [
                .int64(file.id.value), .jsonb(totals),
                produced.previousSHA256.map(PostgresValue.bytea) ?? .null, .int32(version - 1),
            ]
        )
        // A file of returns says nothing of what succeeded: it may be the same while the totals are not.
        if let row = last.first, try row.bool(0), try row.bool(1) {
            // Nothing changed: the parts just written go with this transaction.
            throw UnchangedResult(begunAt: edition.madeAt)
        }
        let isFinal = !produced.isOpen
        _ = try transaction.execute(
            """
            INSERT INTO sluice.result_file (batch_id, version, is_final, file_name, line_count, totals, content_sha256,
                content_bytes, part_count, data_key_id, created_at)
            SELECT $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, data_key_id, $10 FROM sluice.batch_file
            WHERE batch_id = $1
            """,
            [
                .int64(file.id.value), .int32(version), .bool(isFinal), .text(fileName), .int64(produced.lineCount),
                .jsonb(totals), .bytea(produced.contentSHA256), .int64(produced.contentBytes), .int32(parts),
                .timestamptz(unixMicroseconds: edition.madeAt.unixMicroseconds),
            ]
        )
        _ = try transaction.execute(
            """
            INSERT INTO sluice.outbox (topic, batch_id, payload)
            VALUES ('result_file', $1, jsonb_build_object('version', $2::int, 'is_final', $3::boolean))
            """,
            [.int64(file.id.value), .int32(version), .bool(isFinal)]
        )
        _ = try transaction.execute(
            "UPDATE sluice.batch_file SET result_seen_at = $2 WHERE batch_id = $1",
            [.int64(file.id.value), .timestamptz(unixMicroseconds: edition.madeAt.unixMicroseconds)]
        )
        if isFinal {
            _ = try transaction.execute(
                "UPDATE sluice.batch_file SET state = 'finished', finished_at = now(), lease_worker = NULL, "
                    + "lease_until = NULL WHERE batch_id = $1",
                [.int64(file.id.value)]
            )
        }
        return WrittenResult(
            batch: file.id,
            version: version,
            isFinal: isFinal,
            fileName: fileName,
            lineCount: produced.lineCount
        )
    }

    package func readResultFile(
        of batch: BatchIdentifier,
        version: Int32?,
        _ receive: @Sendable ([UInt8]) throws -> Void
    ) async throws -> WrittenResult? {
        let found: (WrittenResult, Int32)? = try await pool.transaction("result file", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT version, is_final, file_name, line_count, part_count FROM sluice.result_file
                WHERE batch_id = $1 AND ($2::int IS NULL OR version = $2) ORDER BY version DESC LIMIT 1
                """,
                [.int64(batch.value), .optionalInt32(version)]
            ).first.map { row in
                (
                    WrittenResult(
                        batch: batch,
                        version: try row.int32(0),
                        isFinal: try row.bool(1),
                        fileName: try row.text(2),
                        lineCount: try row.int64(3)
                    ),
                    try row.int32(4)
                )
            }
        }
        guard let (result, parts) = found else { return nil }
        for number in 1...max(1, parts) where number <= parts {
            let bytes = try await pool.transaction("result file part", readOnly: true) { transaction in
                let rows = try transaction.query(
                    "SELECT content FROM sluice.result_file_part WHERE batch_id = $1 AND version = $2 AND part_no = $3",
                    [.int64(batch.value), .int32(result.version), .int32(number)]
                )
                guard let row = rows.first else {
                    throw StoreDefect("part \(number) of a result file of batch \(batch) is missing")
                }
                var cipher = try cipher(of: batch, transaction)
                return try Deflate.decompress(
                    try cipher.openWithNonce(try row.bytes(0), .result, result.version, number),
                    bytesMax: Self.partBytes
                )
            }
            try receive(bytes)
        }
        return result
    }
}

/// Thrown to roll back the parts of a version that says nothing new.
struct UnchangedResult: Error {
    /// When the look began: what is told after that may be news.
    let begunAt: Timestamp
}

extension [ResultStatus: [String: Tally]] {
    /// `{"SUCCEEDED": {"CNY": {"count": 2, "amount_minor": "300"}}}`, keys in order; wide sums as text.
    var json: String {
        JSONText.object(
            sorted { $0.key.rawValue < $1.key.rawValue }.map { status, tallies in
                (
                    status.rawValue,
                    .object(
                        tallies.sorted { $0.key < $1.key }.map { currency, tally in
                            (
                                currency,
                                .object([
                                    ("count", .integer(tally.count)),
                                    ("amount_minor", .string(String(tally.amountMinor))),
                                ])
                            )
                        }
                    )
                )
            }
        )
    }
}
