package import PaymentCore
import PostgresClient
package import Store

extension SQLStore {
    package func recordHistory(of key: RecordKey) async throws -> RecordHistory? {
        try await pool.transaction("record history", readOnly: true) { transaction in
            guard let stored = try storedRecord(key, transaction) else { return nil }
            var history = RecordHistory(current: stored.record, fileName: stored.fileName)
            var opener = TextOpener(keys: keys)
            // A record that cannot be opened is shown without what it says.
            if let raw = try? stored.raw(&opener) { history.maskedRecord = MaskedRecord.text(raw) }
            history.amendments = try amendments(of: key, salt: stored.salt, transaction)
            history.proposals = try proposals(about: key, transaction)
            history.successorState = try successorState(of: stored.record.record, transaction)
            return history
        }
    }

    package func unmask(
        _ key: RecordKey,
        reason: String,
        session: SessionSecret
    ) async throws -> UnmaskedRecord? {
        try await pool.transaction("unmask record") { transaction in
            guard let stored = try storedRecord(key, transaction) else { return nil }
            // Written down first: what cannot be written down is not answered.
            _ = try transaction.query(
                "SELECT sluice.unmask_record($1, $2, $3, $4)",
                [.bytea(session.bytes), .int64(key.batch.value), .int32(key.line.value), .text(reason)]
            )
            var opener = TextOpener(keys: keys)
            return UnmaskedRecord(
                raw: try stored.raw(&opener),
                charset: stored.record.record.source.charset,
                current: stored.record
            )
        }
    }

    /// A record with its sealed bytes.
    private struct StoredRecord {
        let record: RecordToReview
        let fileName: String
        let salt: [UInt8]
        let key: Int32
        let sealed: [UInt8]

        /// Its bytes as they stood in the file; nil for one made of a failed order.
        func raw(_ opener: inout TextOpener) throws -> [UInt8]? {
            guard record.record.origin == "intake" else { return nil }
            let place = TextOpener.Place(batch: record.key.batch, key: key, salt: salt)
            return try opener.openRaw(sealed, at: place, line: record.key.line)
        }
    }

    private func storedRecord(_ key: RecordKey, _ transaction: PostgresTransaction) throws -> StoredRecord? {
        guard let date = try businessDate(of: key.batch, transaction) else { return nil }
        let found = ["sluice", "history"].map { schema in
            """
            SELECT q.* FROM \(schema).quarantine_record q
            WHERE q.batch_id = $1 AND q.business_date = $2 AND q.line_no = $3
            """
        }.joined(separator: "\nUNION ALL\n")
        let parameters: [PostgresValue] = [.int64(key.batch.value), .date(date), .int32(key.line.value)]
        guard let record = try recordsToReview(found, parameters, transaction).first else { return nil }
        let rows = try transaction.query(
            """
            SELECT f.file_name, f.data_salt, q.data_key_id, q.raw FROM (\(found)) q
            JOIN sluice.batch_file f ON f.batch_id = q.batch_id
            """,
            parameters
        )
        guard let row = rows.first else { return nil }
        return StoredRecord(
            record: record,
            fileName: try row.text(0),
            salt: try row.bytes(1),
            key: try row.int32(2),
            sealed: try row.bytes(3)
        )
    }

    private func amendments(
        of key: RecordKey,
        salt: [UInt8],
        _ transaction: PostgresTransaction
    ) throws -> [KeptAmendment] {
        let rows = try transaction.query(
            """
            SELECT a.revision, a.login, a.amended_at, a.fields, a.comment, a.data_key_id, a.sealed,
                \(Self.reasonColumns("a.reasons"))
            FROM sluice.quarantine_amendment a WHERE a.batch_id = $1 AND a.line_no = $2 ORDER BY a.revision
            """,
            [.int64(key.batch.value), .int32(key.line.value)]
        )
        var opener = TextOpener(keys: keys)
        return try rows.map { row in
            let revision = try row.int32(0)
            let place = TextOpener.Place(batch: key.batch, key: try row.int32(5), salt: salt)
            let sealed = try row.bytes(6)
            return KeptAmendment(
                revision: revision,
                login: try row.text(1),
                amendedAt: try row.timestamp(2),
                fields: try row.textArray(3),
                comment: try row.text(4),
                remainingReasons: try Self.reasons(row, at: 7),
                texts: (try? opener.open(sealed, at: place, .amended, key.line.value, revision)) ?? []
            )
        }
    }

    private func proposals(
        about key: RecordKey,
        _ transaction: PostgresTransaction
    ) throws -> [ProposalOfRecord] {
        try transaction.query(
            """
            SELECT p.proposal_id, p.kind::text,
                CASE WHEN p.state = 'waiting' AND p.expires_at <= now() THEN 'expired' ELSE p.state::text END,
                p.maker_login, p.made_at, p.expires_at, r.outcome
            FROM sluice.proposal_record r JOIN sluice.proposal p ON p.proposal_id = r.proposal_id
            WHERE r.batch_id = $1 AND r.line_no = $2
            UNION ALL
            SELECT p.proposal_id, p.kind::text, CASE WHEN p.expires_at <= now() THEN 'expired' ELSE 'waiting' END,
                p.maker_login, p.made_at, p.expires_at, NULL
            FROM sluice.proposal p WHERE p.kind = 'choose' AND p.state = 'waiting'
                AND EXISTS (SELECT FROM unnest(ARRAY['living', 'closed']) AS x (part)
                    WHERE (p.payload -> x.part ->> 0)::bigint = $1 AND (p.payload -> x.part ->> 1)::int = $2)
            ORDER BY 1 DESC LIMIT 100
            """,
            [.int64(key.batch.value), .int32(key.line.value)]
        ).map { row in
            var proposal = ProposalOfRecord(
                proposal: try row.int64(0),
                kind: try row.text(1),
                state: try row.text(2),
                maker: try row.text(3),
                madeAt: try row.timestamp(4),
                expiresAt: try row.timestamp(5)
            )
            proposal.outcome = try row.optionalText(6)
            return proposal
        }
    }

    /// Where the line of the supplement stands that a released record became.
    private func successorState(
        of record: QuarantinedRecord,
        _ transaction: PostgresTransaction
    ) throws -> String? {
        guard record.state == .released, let batch = record.closure?.successorBatch,
            let line = record.closure?.successorLine, let date = try businessDate(of: batch, transaction)
        else { return nil }
        return try transaction.query(
            """
            SELECT o.standing::text FROM sluice.all_payment_order o
            WHERE o.batch_id = $1 AND o.business_date = $2 AND o.line_no = $3
            UNION ALL
            SELECT 'quarantined' FROM sluice.quarantine_record q
            WHERE q.batch_id = $1 AND q.business_date = $2 AND q.line_no = $3
            UNION ALL
            SELECT 'file ' || f.state FROM sluice.batch_file f WHERE f.batch_id = $1
            LIMIT 1
            """,
            [.int64(batch.value), .date(date), .int32(line.value)]
        ).first?.text(0)
    }

    package func recordChanges(_ keys: [RecordKey]) async throws -> [RecordChange] {
        try await pool.transaction("record changes", readOnly: true) { transaction in
            var changes: [RecordChange] = []
            for (date, keys) in try days(of: keys, transaction) {
                let rows = try transaction.query(
                    """
                    SELECT q.batch_id, q.line_no, q.state::text, q.revision,
                        CASE WHEN q.state IN ('open', 'amended') THEN a.login ELSE p.maker_login END,
                        CASE WHEN q.state IN ('open', 'amended') THEN a.amended_at
                            ELSE coalesce(q.closed_at, p.ended_at) END
                    FROM (\(Self.recordsOfDay)) q
                    LEFT JOIN sluice.quarantine_amendment a ON a.batch_id = q.batch_id AND a.line_no = q.line_no
                        AND a.revision = q.revision
                    LEFT JOIN sluice.proposal p ON p.proposal_id = q.proposal_id
                    """,
                    [
                        .date(date), .bigintArray(keys.map(\.batch.value)), .intArray(keys.map(\.line.value)),
                        .bigintArray(Set(keys.map(\.batch.value)).sorted()),
                    ]
                )
                changes += try rows.map { row in
                    var change = RecordChange(
                        key: RecordKey(
                            batch: BatchIdentifier(try row.int64(0)),
                            line: LineNumber(try row.int32(1))
                        ),
                        state: try row.word(2),
                        revision: try row.int32(3)
                    )
                    change.login = try row.optionalText(4)
                    change.changedAt = try row.optionalTimestamp(5)
                    return change
                }
            }
            return changes.sorted { $0.key < $1.key }
        }
    }
}
