import Cryptography
package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: QuarantineStore {
    /// How long a proposal about many records may take.
    private static let proposalDeadline = Duration.seconds(60)

    package func amend(
        _ amendments: [RecordAmendment],
        comment: String,
        session: SessionSecret
    ) async throws -> [AmendedRecordOutcome] {
        try await pool.transaction("amend records", deadline: Self.proposalDeadline) { transaction in
            var outcomes: [AmendedRecordOutcome] = []
            // Mostly one: files that came before a new key was made are sealed under the one they came with.
            for (keyIdentifier, sealed) in try seal(amendments, transaction).sorted(by: { $0.key < $1.key }) {
                let rows = try transaction.query(
                    """
                    SELECT batch_id, line_no, outcome FROM sluice.amend_records($1, $2, $3, $4, $5, $6, $7, $8, $9, $10,
                        $11, $12, $13)
                    """,
                    [
                        .bytea(session.bytes), .bigintArray(sealed.map(\.amendment.key.batch.value)),
                        .intArray(sealed.map(\.amendment.key.line.value)), .intArray(sealed.map(\.amendment.revision)),
                        .textArray(sealed.map { $0.amendment.fields.joined(separator: ",") }),
                        .byteaArray(sealed.map(\.texts)), .int32(keyIdentifier),
                        .nullableTextArray(sealed.map(\.amendment.merchantOrderNumber)),
                        .nullableBigintArray(sealed.map(\.amendment.amount?.minor)),
                        .nullableTextArray(sealed.map(\.amendment.amount?.currency.code)),
                        .nullableByteaArray(sealed.map(\.accountHash)),
                        .textArray(sealed.map(\.amendment.remainingReasons.json)), .text(comment),
                    ]
                )
                outcomes += try rows.map { row in
                    AmendedRecordOutcome(
                        key: RecordKey(
                            batch: BatchIdentifier(try row.int64(0)),
                            line: LineNumber(try row.int32(1))
                        ),
                        outcome: try row.word(2)
                    )
                }
            }
            return outcomes
        }
    }

    /// An amendment with its texts sealed for the revision that it makes.
    private struct SealedAmendment {
        let amendment: RecordAmendment
        let texts: [UInt8]
        let accountHash: [UInt8]?
    }

    /// By the key that the file's data is sealed under.
    private func seal(
        _ amendments: [RecordAmendment],
        _ transaction: PostgresTransaction
    ) throws -> [Int32: [SealedAmendment]] {
        let hash = KeyedHash(key: keys.searchKey)
        var sealed: [Int32: [SealedAmendment]] = [:]
        for (batch, ofBatch) in Dictionary(grouping: amendments, by: \.key.batch) {
            var cipher = try cipher(of: batch, transaction)
            for amendment in ofBatch {
                var code: [UInt8]?
                if let account = amendment.accountNumber {
                    var bytes: [UInt8] = []
                    hash.append(first: Self.accountHashBytes, ofCodeOf: account.utf8.span, to: &bytes)
                    code = bytes
                }
                let texts = cipher.sealWithRandomNonce(
                    amendment.texts,
                    .amended,
                    amendment.key.line.value,
                    amendment.revision + 1
                )
                sealed[cipher.keyIdentifier, default: []].append(
                    SealedAmendment(amendment: amendment, texts: texts, accountHash: code)
                )
            }
        }
        return sealed
    }

    package func proposeRelease(
        _ release: RequestedRelease,
        session: SessionSecret
    ) async throws -> AskedRecords {
        try await pool.transaction("propose release", deadline: Self.proposalDeadline) { transaction in
            try Self.proposed(
                transaction.query(
                    """
                    SELECT proposal_id, batch_id, line_no, outcome, resembles, amount_minor, currency
                    FROM sluice.propose_release($1, $2, $3, $4, $5, $6, $7)
                    """,
                    [.bytea(session.bytes)] + Self.parameters(release.records) + [
                        .textArray(release.accepted), .text(release.comment), .bool(release.isDry),
                    ]
                )
            )
        }
    }

    package func proposeRejection(
        _ rejection: RequestedRejection,
        session: SessionSecret
    ) async throws -> AskedRecords {
        try await pool.transaction("propose rejection", deadline: Self.proposalDeadline) { transaction in
            try Self.proposed(
                transaction.query(
                    """
                    SELECT proposal_id, batch_id, line_no, outcome, resembles, amount_minor, currency
                    FROM sluice.propose_rejection($1, $2, $3, $4, $5, $6)
                    """,
                    [.bytea(session.bytes)] + Self.parameters(rejection.records) + [
                        .text(rejection.comment), .bool(rejection.isDry),
                    ]
                )
            )
        }
    }

    private static func parameters(_ records: [SeenRecord]) -> [PostgresValue] {
        [
            .bigintArray(records.map(\.key.batch.value)), .intArray(records.map(\.key.line.value)),
            .intArray(records.map(\.revision)),
        ]
    }

    private static func proposed(_ rows: PostgresRows) throws -> AskedRecords {
        AskedRecords(
            proposal: try rows.first?.optionalInt64(0),
            records: try rows.map { row in
                var record = AskedRecord(
                    key: RecordKey(batch: BatchIdentifier(try row.int64(1)), line: LineNumber(try row.int32(2))),
                    outcome: try row.word(3)
                )
                record.resembles = try row.optionalText(4)
                record.amountMinor = try row.optionalInt64(5)
                record.currency = try row.optionalText(6)
                return record
            }
        )
    }
}
