import PaymentCore
import PostgresClient
import Store

extension SQLStore {
    /// What an earlier file of the same merchant has in common with this one.
    struct EarlierFiles {
        /// It has the same bytes.
        var twin: BatchIdentifier?
        /// It has the same name and other bytes.
        var namesake: BatchIdentifier?

        /// Why the file is held; nil if it is not.
        func hold(_ duplicates: DuplicateRules) -> VerdictNote? {
            if let twin {
                return VerdictNote(
                    code: "same_content",
                    line: 0,
                    what: "the same bytes as batch \(twin)",
                    mend: "decide whether this file was meant to be sent twice"
                )
            }
            guard let namesake, duplicates.sameName == .hold else { return nil }
            return VerdictNote(
                code: "same_name",
                line: 0,
                what: "the name of batch \(namesake), and other content",
                mend: "decide whether this file comes beside that one, or was meant to replace it"
            )
        }
    }

    /// What came before: of two files that are looked at once, one sees the other.
    func earlierFiles(
        beside file: ClaimedBatchFile,
        _ duplicates: DuplicateRules,
        _ transaction: PostgresTransaction
    ) throws -> EarlierFiles {
        var found = EarlierFiles()
        _ = try transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended('content/' || encode($1::bytea, 'hex'), 0))",
            [.bytea(file.contentSHA256)]
        )
        found.twin = try earlier(
            than: file,
            "t.content_sha256 = f.content_sha256 AND f.content_bytes > 0",
            transaction
        )
        guard found.twin == nil, duplicates.sameName != .off else { return found }
        _ = try transaction.query(
            "SELECT pg_advisory_xact_lock(hashtextextended('file_name/' || $1 || '/' || $2, 0))",
            [.text(file.merchant.value), .text(file.fileName)]
        )
        found.namesake = try earlier(
            than: file,
            "t.file_name = f.file_name AND t.direction = f.direction AND t.content_sha256 <> f.content_sha256",
            transaction
        )
        return found
    }

    /// A file that was queued before this one, or one queued later that was faster and is being loaded.
    private func earlier(
        than file: ClaimedBatchFile,
        _ likeness: String,
        _ transaction: PostgresTransaction
    ) throws -> BatchIdentifier? {
        let rows = try transaction.query(
            """
            SELECT max(t.batch_id) FROM sluice.batch_file f JOIN sluice.batch_file t
                ON t.merchant_id = f.merchant_id AND t.batch_id <> f.batch_id AND \(likeness)
            WHERE f.batch_id = $1 AND CASE WHEN t.batch_id < f.batch_id THEN t.state NOT IN ('receiving', 'refused')
                ELSE t.state IN ('splitting', 'split', 'working', 'finished') END
            """,
            [.int64(file.id.value)]
        )
        return try rows.first?.optionalInt64(0).map(BatchIdentifier.init)
    }

    /// A warning about the whole file; it holds nothing.
    func warn(
        _ cause: ReviewCause,
        code: String,
        of file: ClaimedBatchFile,
        _ transaction: PostgresTransaction
    ) throws {
        _ = try transaction.execute(
            """
            INSERT INTO sluice.review_item (incident, cause, code, batch_id, business_date)
            VALUES ($4::text || '/' || $1::bigint, $4, $2, $1, $3) ON CONFLICT DO NOTHING
            """,
            [.int64(file.id.value), .text(code), .date(file.businessDate), .text(cause.rawValue)]
        )
    }
}

extension VerdictNote {
    /// The same note, with one more thing that a person should know before the file is let in.
    func adding(_ other: VerdictNote?) -> VerdictNote {
        guard let other else { return self }
        return VerdictNote(
            code: code,
            line: line,
            byteOffset: byteOffset,
            what: "\(what); also \(other.what)",
            mend: "\(mend); \(other.mend)"
        )
    }
}
