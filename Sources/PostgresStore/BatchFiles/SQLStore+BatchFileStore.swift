import Cryptography
package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: BatchFileStore {
    package func submitBatchFile(
        _ file: BatchFileToSubmit,
        part: @Sendable (Int) async throws -> [UInt8]
    ) async throws -> BatchIdentifier {
        let options = Self.options(of: file)
        let (batch, isNew) = try await pool.transaction("begin batch file") { transaction in
            let begun = try transaction.query(
                "SELECT sluice.begin_batch_file($1, $2, $3, $4, $5::jsonb)",
                [
                    .text(file.merchant.value), .text(file.direction.rawValue), .text(file.format),
                    .text(file.fileName),
                    .jsonb(options),
                ]
            )
            guard let batch = try begun.first?.int64(0) else { throw StoreDefect("a file that was begun has no id") }
            let state = try transaction.query(
                "SELECT state = 'receiving' FROM sluice.batch_file WHERE batch_id = $1",
                [.int64(batch)]
            )
            return (BatchIdentifier(batch), try state.first?.bool(0) ?? false)
        }
        guard isNew else { return batch }
        for number in 1...max(1, file.partCount) where number <= file.partCount {
            let content = try await part(number)
            try await pool.transaction("append batch file part") { transaction in
                _ = try transaction.query(
                    "SELECT sluice.append_batch_file_part($1, $2, $3)",
                    [.int64(batch.value), .int32(Int32(number)), .bytea(content)]
                )
            }
        }
        try await pool.transaction("seal batch file") { transaction in
            _ = try transaction.query(
                "SELECT sluice.seal_batch_file($1, $2, $3)",
                [.int64(batch.value), .bytea(file.contentSHA256), .int64(file.contentBytes)]
            )
        }
        return batch
    }

    package func claimBatchFile(
        for stage: FileStage,
        worker: WorkerIdentifier,
        lease: TimeSpan
    ) async throws -> ClaimedBatchFile? {
        let conditions =
            switch stage {
            case .intake: ["c.state IN ('pending', 'splitting')"]
            case .planning: ["c.state = 'split'"]
            // Nothing is left to do by itself, or the merchant's deadline has come without a result file; and refused
            // files, which are few, by an index of their own.
            // And finished ones of which something is told after all, which are fewer still.
            case .settlement: [Self.isDueForSettlement, Self.isUnanswered, Self.hasNews]
            }
        let names = conditions.indices.map { "look\($0)" }
        let looks = zip(names, conditions).map { name, condition in
            """
            \(name) AS MATERIALIZED (
                SELECT c.batch_id, c.due_at FROM sluice.batch_file c WHERE \(condition) AND c.due_at <= now()
                ORDER BY c.due_at, c.batch_id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED)
            """
        }
        return try await pool.transaction("claim batch file") { transaction in
            try transaction.query(
                """
                WITH \(looks.joined(separator: ", ")), due AS MATERIALIZED (
                    SELECT l.batch_id FROM (\(names.map { "SELECT * FROM \($0)" }.joined(separator: " UNION ALL "))) l
                    ORDER BY l.due_at, l.batch_id LIMIT 1)
                UPDATE sluice.batch_file f SET lease_worker = $1, lease_epoch = f.lease_epoch + 1,
                    lease_until = now() + $2 * interval '1 microsecond', due_at = now() + $2 * interval '1 microsecond'
                FROM due, sluice.merchant m WHERE f.batch_id = due.batch_id AND m.merchant_id = f.merchant_id
                RETURNING f.batch_id, m.merchant_no, f.direction, f.format, f.file_name, f.business_date, f.state,
                    f.content_sha256, f.content_bytes, f.part_count, f.declared_count, f.record_count, f.lease_epoch,
                    (f.load_position ->> 'byte_offset')::bigint, (f.load_position ->> 'record_ordinal')::bigint,
                    (f.load_position ->> 'physical_line')::bigint,
                    ARRAY(SELECT key FROM jsonb_each_text(f.declared_sums) ORDER BY key),
                    ARRAY(SELECT value::bigint FROM jsonb_each_text(f.declared_sums) ORDER BY key), f.judged_by,
                    f.parent_batch_id, (SELECT o.business_date FROM sluice.batch_file o
                        WHERE o.batch_id = f.parent_batch_id),
                    ARRAY(SELECT jsonb_array_elements_text(p.payload -> 'accepted') FROM sluice.proposal p
                        WHERE p.proposal_id = f.proposal_id AND jsonb_typeof(p.payload -> 'accepted') = 'array')
                """,
                [.text(worker.value), .microseconds(lease)]
            ).first.map(Self.claimedFile)
        }
    }

    package func renewBatchFile(_ file: ClaimedBatchFile, lease: TimeSpan) async throws -> Bool {
        try await pool.transaction("renew batch file") { transaction in
            try transaction.execute(
                """
                UPDATE sluice.batch_file SET lease_until = now() + $3 * interval '1 microsecond',
                    due_at = now() + $3 * interval '1 microsecond' WHERE batch_id = $1 AND lease_epoch = $2
                """,
                [.int64(file.id.value), .int64(file.epoch.value), .microseconds(lease)]
            ) == 1
        }
    }

    package func freeBatchFiles(of worker: WorkerIdentifier, for stage: FileStage) async throws -> Int {
        let condition =
            switch stage {
            case .intake: "c.state IN ('pending', 'splitting')"
            case .planning: "c.state = 'split'"
            case .settlement: "(c.state = 'working' OR (\(Self.isUnanswered)) OR (\(Self.hasNews)))"
            }
        return try await pool.transaction("free batch files") { transaction in
            Int(
                try transaction.execute(
                    """
                    UPDATE sluice.batch_file c SET lease_worker = NULL, lease_until = NULL, due_at = now(),
                        lease_epoch = lease_epoch + 1 WHERE lease_worker = $1 AND \(condition)
                    """,
                    [.text(worker.value)]
                )
            )
        }
    }

    package func releaseBatchFile(_ file: ClaimedBatchFile, after delay: TimeSpan) async throws {
        try await pool.transaction("release batch file") { transaction in
            _ = try transaction.execute(
                """
                UPDATE sluice.batch_file SET lease_worker = NULL, lease_until = NULL,
                    due_at = now() + $3 * interval '1 microsecond' WHERE batch_id = $1 AND lease_epoch = $2
                """,
                [.int64(file.id.value), .int64(file.epoch.value), .microseconds(delay)]
            )
        }
    }

    package func recordVerdict(
        _ said: RecordedVerdict,
        judgedBy: [UInt8]?,
        of file: ClaimedBatchFile,
        ceilings: AmountCeilings,
        duplicates: DuplicateRules
    ) async throws -> Bool {
        try await pool.transaction("record verdict") { transaction in
            guard try lock(file, transaction) else { return false }
            var verdict = said
            var earlier = EarlierFiles()
            switch verdict {
            // What a supplement holds has come before, under this very name, and is loaded by decision.
            case .load where file.supplement != nil: break
            case .load(let records, let unreadable, let accepted):
                earlier = try earlierFiles(beside: file, duplicates, transaction)
                if let note = try earlier.hold(duplicates) ?? holdOfJudgedAnew(file, transaction) {
                    // Nothing is loaded, a person decides.
                    verdict = .hold(note, recordCount: records, amountUnreadable: unreadable, accepted: accepted)
                }
            case .hold(let note, let records, let unreadable, let accepted):
                earlier = try earlierFiles(beside: file, duplicates, transaction)
                verdict = .hold(
                    note.adding(earlier.hold(duplicates)),
                    recordCount: records,
                    amountUnreadable: unreadable,
                    accepted: accepted
                )
            case .refuse: break
            }
            let state = verdict.state
            let (note, records, unreadable): (VerdictNote?, Int64?, Int64) =
                switch verdict {
                case .load(let records, let unreadable, _): (nil, records, unreadable)
                case .hold(let note, let records, let unreadable, _): (note, records, unreadable)
                case .refuse(let note): (note, nil, 0)
                }
            // Pass 2 follows under the same lease, so nobody else is called to a file that goes on.
            let updated = try transaction.execute(
                """
                UPDATE sluice.batch_file SET state = $2::sluice.batch_file_state, verdict = $3::jsonb,
                    record_count = $4, amount_unreadable = $5, judged_by = $6,
                    data_key_id = coalesce(data_key_id, $7),
                    due_at = CASE WHEN $2 = 'splitting' THEN due_at ELSE now() END,
                    lease_worker = CASE WHEN $2 = 'splitting' THEN lease_worker END,
                    lease_until = CASE WHEN $2 = 'splitting' THEN lease_until END
                WHERE batch_id = $1 AND state = 'pending'
                """,
                [
                    .int64(file.id.value), .text(state.rawValue), note.map { .jsonb($0.json) } ?? .null,
                    .optionalInt64(records), .int64(unreadable), judgedBy.map(PostgresValue.bytea) ?? .null,
                    // A supplement has no part with which it would have come.
                    file.supplement == nil ? .null : .int32(keys.currentIdentifier),
                ]
            )
            guard updated == 1 else { return false }
            switch verdict {
            case .load(_, _, let accepted):
                try insert(accepted, of: file, transaction)
                try judge(accepted.mapValues(\.amountMinor), of: file, ceilings: ceilings, transaction)
            case .hold(_, _, _, let accepted): try insert(accepted, of: file, transaction)
            case .refuse: break
            }
            if state == .held, let note {
                _ = try transaction.execute(
                    """
                    INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date)
                    VALUES ('file_held/' || $1::bigint, 'file_held', $2, $1, $3) ON CONFLICT DO NOTHING
                    """,
                    [.int64(file.id.value), .text(note.code), .date(file.businessDate)]
                )
            }
            // Also of a file that is held: whoever loads it should know.
            if state != .refused, earlier.namesake != nil, duplicates.sameName == .warn {
                try warn(.sameFileName, code: "same_name", of: file, transaction)
            }
            _ = try transaction.execute(
                "INSERT INTO sluice.outbox (topic, batch_id, payload) VALUES ('file_verdict', $1, "
                    + "jsonb_build_object('state', $2::text))",
                [.int64(file.id.value), .text(state.rawValue)]
            )
            return verdict.state == said.state
        }
    }

    package func ordersToPlan(
        of file: ClaimedBatchFile,
        after line: LineNumber,
        limit: Int
    ) async throws -> [OrderToPlan] {
        try await pool.transaction("orders to plan", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT line_no, amount_minor, currency FROM sluice.payment_order
                WHERE batch_id = $1 AND business_date = $2 AND line_no > $3 AND state = 'ready' ORDER BY line_no LIMIT
                    $4
                """,
                [.int64(file.id.value), .date(file.businessDate), .int32(line.value), .int64(Int64(limit))]
            ).map { row in
                OrderToPlan(
                    line: LineNumber(try row.int32(0)),
                    amountMinor: try row.int64(1),
                    currency: try row.text(2)
                )
            }
        }
    }

    package func recordPlan(
        _ chunks: [PlannedChunk],
        unroutable: [LineNumber],
        of file: ClaimedBatchFile
    ) async throws -> Bool {
        try await pool.transaction("record plan", deadline: .seconds(120)) { transaction in
            guard try lock(file, transaction, state: .split) else { return false }
            let first = try transaction.query(
                "SELECT next_chunk_no FROM sluice.batch_file WHERE batch_id = $1",
                [.int64(file.id.value)]
            )
            guard let number = try first.first?.int32(0) else { return false }
            try copy(
                chunks,
                numbered: number,
                batch: file.id,
                businessDate: file.businessDate,
                direction: file.direction,
                transaction
            )
            try reviewUnroutable(unroutable, batch: file.id, businessDate: file.businessDate, transaction)
            return try transaction.execute(
                """
                UPDATE sluice.batch_file SET state = 'working', next_chunk_no = $3, lease_worker = NULL,
                    lease_until = NULL, due_at = now() WHERE batch_id = $1 AND lease_epoch = $2
                """,
                [
                    .int64(file.id.value), .int64(file.epoch.value), .int32(number + Int32(chunks.count)),
                ]
            ) == 1
        }
    }

    /// A working file for which nothing is left to do by itself, or whose first result file is due.
    ///
    /// A version that says nothing new is not made: something must have been told since the last look began, with two
    /// minutes for transactions that were still open then; of the file, or of a later supplement of its records that
    /// is at rest. Orders that a ceiling holds are no news before the deadline. A supplement gets no result file: it is
    /// looked at, and told of by its original's.
    static let isDueForSettlement = """
        c.state = 'working' AND (
            (NOT EXISTS (SELECT FROM sluice.work_chunk w WHERE w.batch_id = c.batch_id)
                AND NOT EXISTS (SELECT FROM sluice.order_to_plan p WHERE p.batch_id = c.batch_id) AND (
                CASE WHEN c.parent_batch_id IS NOT NULL THEN c.result_seen_at IS NULL
                ELSE NOT EXISTS (SELECT FROM sluice.result_file r WHERE r.batch_id = c.batch_id
                    UNION ALL SELECT FROM sluice.review_item i WHERE i.batch_id = c.batch_id AND i.cause = 'ceiling'
                        AND i.closed_at IS NULL) END
                OR EXISTS (SELECT FROM sluice.outbox o WHERE o.batch_id = c.batch_id AND o.topic <> 'result_file'
                    AND o.created_at > c.result_seen_at - interval '2 minutes')
                OR EXISTS (SELECT FROM sluice.batch_file s JOIN sluice.outbox o ON o.batch_id = s.batch_id
                    WHERE s.parent_batch_id = coalesce(c.parent_batch_id, c.batch_id) AND s.batch_id > c.batch_id
                        AND o.created_at > c.result_seen_at - interval '2 minutes'
                        AND NOT EXISTS (SELECT FROM sluice.work_chunk w WHERE w.batch_id = s.batch_id)
                        AND NOT EXISTS (SELECT FROM sluice.order_to_plan p WHERE p.batch_id = s.batch_id))))
            OR (c.result_due_at <= now() AND c.parent_batch_id IS NULL
                AND NOT EXISTS (SELECT FROM sluice.result_file r WHERE r.batch_id = c.batch_id)))
        """

    /// A finished file of which something new is to be told.
    static let hasNews = "c.state = 'finished' AND c.news_at IS NOT NULL"

    /// A refused file of which nobody has settled yet how it is answered; one that never came whole needs no answer.
    static let isUnanswered =
        "c.state = 'refused' AND c.refusal_answered_at IS NULL AND c.part_count IS NOT NULL"

    /// Locks the file's row; false if the lease is somebody else's or the state has moved on.
    func lock(_ file: ClaimedBatchFile, _ transaction: PostgresTransaction, state: BatchFileState? = nil) throws -> Bool
    {
        let rows = try transaction.query(
            "SELECT state FROM sluice.batch_file WHERE batch_id = $1 AND lease_epoch = $2 FOR NO KEY UPDATE",
            [.int64(file.id.value), .int64(file.epoch.value)]
        )
        guard let row = rows.first else { return false }
        let found: BatchFileState = try row.word(0)
        return state == nil || state == found
    }

    private static func options(of file: BatchFileToSubmit) -> String {
        var options: [(String, JSONValue)] = [
            ("environment", .string(file.environment)),
            ("content_sha256", .string(Hexadecimal.encode(file.contentSHA256))),
        ]
        if let date = file.businessDate { options.append(("business_date", .string(date.description))) }
        if let key = file.clientKey { options.append(("client_key", .string(key))) }
        if let count = file.declaredCount { options.append(("declared_count", .integer(count))) }
        if !file.declaredSums.isEmpty {
            let sums = file.declaredSums.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.integer($0.value)) }
            options.append(("declared_sums", .object(sums)))
        }
        return JSONText.object(options)
    }

    private static func claimedFile(_ row: PostgresRow) throws -> ClaimedBatchFile {
        let position: LoadPosition? =
            row.isNull(13)
            ? nil
            : LoadPosition(
                byteOffset: try row.int64(13),
                recordOrdinal: try row.int64(14),
                physicalLine: try row.int64(15)
            )
        return ClaimedBatchFile(
            id: BatchIdentifier(try row.int64(0)),
            merchant: MerchantNumber(try row.text(1)),
            direction: try row.word(2),
            format: try row.text(3),
            fileName: try row.text(4),
            businessDate: try row.date(5),
            state: try row.word(6),
            contentSHA256: try row.bytes(7),
            contentBytes: try row.int64(8),
            partCount: Int(try row.int32(9)),
            declaredCount: try row.optionalInt64(10),
            declaredSums: Dictionary(uniqueKeysWithValues: zip(try row.textArray(16), try row.bigintArray(17))),
            recordCount: try row.optionalInt64(11),
            judgedBy: row.isNull(18) ? nil : try row.bytes(18),
            loadPosition: position,
            epoch: LeaseEpoch(try row.int64(12)),
            supplement: row.isNull(19)
                ? nil
                : SupplementOrigin(
                    original: BatchIdentifier(try row.int64(19)),
                    businessDate: try row.date(20),
                    accepted: try row.textArray(21)
                )
        )
    }
}

/// The lease of a file is somebody else's now: this worker stops working on it.
package struct StaleLease: Error, CustomStringConvertible, Sendable {
    package let batch: BatchIdentifier

    package var description: String { "batch \(batch): another worker holds the lease; nothing was written" }
}

extension VerdictNote {
    var json: String {
        var members: [(String, JSONValue)] = [("code", .string(code)), ("line", .integer(line))]
        if let byteOffset { members.append(("byte", .integer(byteOffset))) }
        return JSONText.object(members + [("what", .string(what)), ("mend", .string(mend))])
    }
}

extension RecordedVerdict {
    /// What the file becomes.
    fileprivate var state: BatchFileState {
        switch self {
        case .load: .splitting
        case .hold: .held
        case .refuse: .refused
        }
    }
}
