import Compression
import Cryptography
package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ResultFileStore {
    private static let partBytes = 1_048_576
    /// How long the making of a version may take.
    private static let productionSeconds: Int64 = 900

    package func writeResultFile(
        of file: ClaimedBatchFile,
        fileName: String,
        produce: @Sendable (_ material: any ResultMaterial, _ emit: ([UInt8]) throws -> Void) throws -> ProducedResult
    ) async throws -> WrittenResult? {
        guard let look = try await beginVersion(of: file) else { return nil }
        let staged: StagedResult
        do {
            staged = try await stage(look, of: file, produce: produce)
        } catch is UnchangedResult {
            try await pool.transaction("note a look at results") { transaction in
                _ = try transaction.execute(
                    "UPDATE sluice.batch_file SET result_seen_at = $3, \(Self.newsLookedAt("$4")) "
                        + "WHERE batch_id = $1 AND lease_epoch = $2",
                    [
                        .int64(file.id.value), .int64(file.epoch.value),
                        .timestamptz(unixMicroseconds: look.edition.madeAt.unixMicroseconds), .optional(look.newsAt),
                    ]
                )
            }
            return nil
        }
        return try await pool.transaction("finish result file") { transaction in
            try finish(staged, look, file: file, fileName: fileName, transaction)
        }
    }

    /// Which version is to be made, after which one; nil if the lease is somebody else's.
    ///
    /// Under the file's lock, so that whoever comes later with another lease makes no part of this version. What a
    /// worker that was killed has staged of it goes, and the lease is made long enough for a long file. One without a
    /// byte has no key before.
    private func beginVersion(of file: ClaimedBatchFile) async throws -> ResultLook? {
        try await pool.transaction("begin result file") { transaction in
            let dropped = try transaction.query(
                "SELECT sluice.drop_staged_result($1, $2)",
                [.int64(file.id.value), .int64(file.epoch.value)]
            )
            guard let row = dropped.first, !row.isNull(0) else { return nil }
            _ = try transaction.execute(
                """
                UPDATE sluice.batch_file SET lease_until = greatest(lease_until, now() + $2 * interval '1 second'),
                    due_at = greatest(due_at, now() + $2 * interval '1 second'),
                    data_key_id = coalesce(data_key_id, $3) WHERE batch_id = $1
                """,
                [.int64(file.id.value), .int64(Self.productionSeconds + 60), .int32(keys.currentIdentifier)]
            )
            let versions = try transaction.query(
                "SELECT r.version, r.created_at, now(), f.news_at FROM sluice.batch_file f LEFT JOIN (SELECT version, "
                    + "created_at FROM sluice.result_file WHERE batch_id = $1 ORDER BY version DESC LIMIT 1) r ON true "
                    + "WHERE f.batch_id = $1",
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
            return ResultLook(edition: edition, previous: previous, newsAt: try newest.optionalTimestamp(3))
        }
    }

    /// Ends a file.
    ///
    /// A correction that was being written while the version was made is not in it, and finds the file not finished
    /// yet: so it is looked at once more.
    private static let finish = """
        state = 'finished', finished_at = coalesce(finished_at, now()), news_at = coalesce(news_at, (
            SELECT now() FROM sluice.outbox o WHERE o.topic = 'order_corrected' AND o.batch_id IN (
                    SELECT f.batch_id UNION ALL
                    SELECT s.batch_id FROM sluice.batch_file s WHERE s.parent_batch_id = f.batch_id)
                AND o.created_at > f.result_seen_at - interval '2 minutes' AND f.state = 'working' LIMIT 1))
        """

    /// What was told before the look is not news any more; what was told since is.
    private static func newsLookedAt(_ seen: String) -> String {
        "news_at = CASE WHEN news_at IS DISTINCT FROM \(seen) THEN news_at END"
    }

    /// Makes the version of one snapshot, and stores its parts; nobody sees them before `finish` has written its row.
    ///
    /// No row is locked meanwhile: neither a merchant who cancels nor the sweeper waits for a long file. Two workers
    /// cannot both store the first part of a version, so its parts are always those of one of them.
    private func stage(
        _ look: ResultLook,
        of file: ClaimedBatchFile,
        produce: @Sendable (_ material: any ResultMaterial, _ emit: ([UInt8]) throws -> Void) throws -> ProducedResult
    ) async throws -> StagedResult {
        // Bounded by the file, which has at most some millions of lines: minutes, not seconds.
        try await pool.transaction("make result file", deadline: .seconds(Self.productionSeconds)) { transaction in
            // Formats with totals before the lines are written in two passes, which must see the same.
            _ = try transaction.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            var cipher = try cipher(of: file.id, transaction)
            var part: [UInt8] = []
            var partNumber: Int32 = 0
            func flush() throws {
                guard !part.isEmpty else { return }
                partNumber += 1
                let version = look.edition.version
                let sealed = cipher.sealWithRandomNonce(Deflate.compress(part), .result, version, partNumber)
                _ = try transaction.execute(
                    "INSERT INTO sluice.result_file_part (batch_id, version, part_no, content) VALUES ($1, $2, $3, $4)",
                    [.int64(file.id.value), .int32(version), .int32(partNumber), .bytea(sealed)]
                )
                part.removeAll(keepingCapacity: true)
            }
            let material = StoredResultMaterial(
                file: file,
                edition: look.edition,
                previousEdition: look.previous,
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
            let last = try transaction.query(
                "SELECT totals = $4::jsonb AND coalesce(content_sha256 = $2, false) FROM sluice.result_file "
                    + "WHERE batch_id = $1 AND version = $3",
                [
                    .int64(file.id.value), produced.previousSHA256.map(PostgresValue.bytea) ?? .null,
                    .int32(look.edition.version - 1), .jsonb(produced.totals.json),
                ]
            )
            // Nothing changed: the parts just written go with this transaction. A file of returns says nothing of what
            // succeeded: it may be the same while the totals are not.
            if let row = last.first, try row.bool(0) { throw UnchangedResult() }
            return StagedResult(produced: produced, parts: partNumber)
        }
    }

    /// Makes the staged parts a version, if the lease is still ours and no other version came in between.
    ///
    /// Short, and of the newest state of the file's row. Where the lease is somebody else's by now, his next version
    /// begins with dropping these parts.
    private func finish(
        _ staged: StagedResult,
        _ look: ResultLook,
        file: ClaimedBatchFile,
        fileName: String,
        _ transaction: PostgresTransaction
    ) throws -> WrittenResult {
        guard try lock(file, transaction, state: file.state) else { throw StaleLease(batch: file.id) }
        let version = look.edition.version
        let produced = staged.produced
        let isFinal = !produced.isOpen
        let inserted = try transaction.execute(
            """
            INSERT INTO sluice.result_file (batch_id, version, is_final, file_name, line_count, totals, content_sha256,
                content_bytes, part_count, data_key_id, created_at)
            SELECT $1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, data_key_id, $10 FROM sluice.batch_file
            WHERE batch_id = $1 AND (SELECT count(*) FROM sluice.result_file_part p
                WHERE p.batch_id = $1 AND p.version = $2) = $9
            """,
            [
                .int64(file.id.value), .int32(version), .bool(isFinal), .text(fileName), .int64(produced.lineCount),
                .jsonb(produced.totals.json), .bytea(produced.contentSHA256), .int64(produced.contentBytes),
                .int32(staged.parts), .timestamptz(unixMicroseconds: look.edition.madeAt.unixMicroseconds),
            ]
        )
        guard inserted == 1 else {
            throw StoreDefect("batch \(file.id): the parts of version \(version) of its result are not those staged")
        }
        _ = try transaction.execute(
            """
            INSERT INTO sluice.outbox (topic, batch_id, payload)
            VALUES ('result_file', $1, jsonb_build_object('version', $2::int, 'is_final', $3::boolean))
            """,
            [.int64(file.id.value), .int32(version), .bool(isFinal)]
        )
        _ = try transaction.execute(
            "UPDATE sluice.batch_file SET result_seen_at = $2, \(Self.newsLookedAt("$3")) WHERE batch_id = $1",
            [
                .int64(file.id.value), .timestamptz(unixMicroseconds: look.edition.madeAt.unixMicroseconds),
                .optional(look.newsAt),
            ]
        )
        if isFinal {
            let end = file.state == .refused ? "refusal_answered_at = now()" : Self.finish
            _ = try transaction.execute(
                "UPDATE sluice.batch_file f SET \(end), lease_worker = NULL, lease_until = NULL WHERE batch_id = $1",
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
private struct UnchangedResult: Error {}

/// A version that is being made.
private struct ResultLook {
    /// Its time is before its snapshot: what is told after that may be news.
    let edition: ResultEdition
    let previous: ResultEdition?
    /// When something was last told of a finished file.
    let newsAt: Timestamp?
}

/// A version whose parts are stored, and which nobody sees yet.
private struct StagedResult {
    let produced: ProducedResult
    let parts: Int32
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
