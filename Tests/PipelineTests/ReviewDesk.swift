import BatchFiles
import Cryptography
import PaymentCore
import Pipeline
import PostgresClient
import Store

/// Two people who amend, release, reject and correct through the functions of the database, as the worker's role.
struct ReviewDesk: Sendable {
    let scene: EngineScene
    private let maker: [UInt8]
    private let checker: [UInt8]

    static func open(_ scene: EngineScene) async throws -> ReviewDesk {
        ReviewDesk(
            scene: scene,
            maker: try await signIn("rita", staff: "S1", role: "reviewer", scene),
            checker: try await signIn("anna", staff: "S2", role: "approver", scene)
        )
    }

    private static func signIn(
        _ login: String,
        staff: String,
        role: String,
        _ scene: EngineScene
    ) async throws -> [UInt8] {
        let proof = SHA256.hash(Array(login.utf8))
        return try await scene.owner.transaction("sign in") { transaction in
            _ = try transaction.execute("INSERT INTO sluice.person (staff_no) VALUES ($1)", [.text(staff)])
            _ = try transaction.execute(
                """
                INSERT INTO sluice.login (login, person_id, role, salt, verifier, scrypt_log2_n, scrypt_r, scrypt_p,
                    must_change)
                SELECT $1, p.person_id, $2::sluice.people_role, decode(repeat('00', 16), 'hex'), sha256($3), 15, 8, 1,
                    false FROM sluice.person p WHERE p.staff_no = $4
                """,
                [.text(login), .text(role), .bytea(proof), .text(staff)]
            )
            let rows = try transaction.query(
                "SELECT secret FROM sluice.open_session($1, $2)",
                [.text(login), .bytea(proof)]
            )
            guard let row = rows.first, !row.isNull(0) else { throw SceneFailure("\(login) is not let in") }
            return try row.bytes(0)
        }
    }

    // MARK: Records

    /// A record and the revision that a person has seen of it.
    struct Record {
        var batch: BatchIdentifier
        var line: Int32
        var revision: Int32 = 0
    }

    /// What the record's columns said, as it is stored.
    func texts(_ batch: BatchIdentifier, _ line: Int32, form: RecordForm) async throws -> FieldTexts? {
        let sealed = try await scene.owner.transaction("fields") { transaction in
            try transaction.query(
                "SELECT fields FROM sluice.quarantine_record WHERE batch_id = $1 AND line_no = $2",
                [.int64(batch.value), .int32(line)]
            ).first.flatMap { $0.isNull(0) ? nil : try $0.bytes(0) }
        }
        guard let sealed else { return nil }
        var key = try await key(of: batch)
        let json = try key.open(
            ciphertext: Array(sealed.dropFirst(12)),
            nonce: Array(sealed.prefix(12)),
            associatedData: Self.place(field: 7, batch, line, 0)
        )
        return try FieldTexts(json: json, form: form)
    }

    /// Amends fields of a record that nobody has amended; answers what it is to be released as.
    func amend(_ batch: BatchIdentifier, _ line: Int32, _ fields: [RecordField: String]) async throws -> Record {
        guard let format = scene.configuration.formats[try await format(of: batch)],
            let rules = scene.configuration.merchants[EngineScene.merchant]?.rules
        else { throw SceneFailure("batch \(batch) has no layout") }
        let sent = try await texts(batch, line, form: format.form)
        var texts = sent ?? FieldTexts()
        for (field, text) in fields { texts[field] = text }
        var checker = RecordChecker(ofTextsIn: format.form, rules: rules)
        let judged = checker.judgement(
            of: AmendedRecord(line: LineNumber(line), sent: sent, amended: texts, reasons: [])
        )
        var key = try await key(of: batch)
        let nonce = SecureRandom.bytes(12)
        let associated = Self.place(field: 8, batch, line, 1)
        let sealed = nonce + key.seal(plaintext: texts.json, nonce: nonce, associatedData: associated)
        let outcome = try await scene.pool.transaction("amend") { transaction in
            try transaction.query(
                """
                SELECT outcome FROM sluice.amend_records($1, ARRAY[$2::bigint], ARRAY[$3::int], ARRAY[0],
                    ARRAY[$4::text], ARRAY[$5::bytea], 1, ARRAY[$6::text], ARRAY[$7::bigint], ARRAY[$8::text],
                    ARRAY[NULL::bytea],
                    ARRAY['[]'], 'mended')
                """,
                [
                    .bytea(maker), .int64(batch.value), .int32(line),
                    .text(fields.keys.map(\.rawValue).sorted().joined(separator: ",")), .bytea(sealed),
                    judged.merchantOrderNumber.map(PostgresValue.text) ?? .null,
                    (judged.amount?.minor).map(PostgresValue.int64) ?? .null,
                    (judged.amount?.currency.code).map(PostgresValue.text) ?? .null,
                ]
            ).first.map { try $0.text(0) }
        }
        guard outcome == "amended" else { throw SceneFailure("the record was not amended: \(outcome ?? "no answer")") }
        return Record(batch: batch, line: line, revision: 1)
    }

    private func format(of batch: BatchIdentifier) async throws -> String {
        try await scene.text("SELECT format FROM sluice.batch_file WHERE batch_id = $1", [.int64(batch.value)])
    }

    private func key(of batch: BatchIdentifier) async throws -> AESGCMKey {
        let salt = try await scene.owner.transaction("salt") { transaction in
            try transaction.query(
                "SELECT data_salt FROM sluice.batch_file WHERE batch_id = $1",
                [.int64(batch.value)]
            ).first.map { try $0.bytes(0) }
        }
        return AESGCMKey(
            HKDFSHA256.derive(
                key: scene.dataKey,
                salt: salt ?? [],
                info: Array("sluice/batch/\(batch)".utf8),
                length: AESGCMKey.byteCount
            )
        )
    }

    /// What of a batch a value is sealed for.
    private static func place(field: UInt8, _ batch: BatchIdentifier, _ first: Int32, _ second: Int32) -> [UInt8] {
        var place = [field]
        for number in [batch.value >> 32, batch.value, Int64(first), Int64(second)] {
            for shift in [24, 16, 8, 0] { place.append(UInt8(truncatingIfNeeded: number >> Int64(shift))) }
        }
        return place
    }

    // MARK: Two people

    /// Releases records with the voices of both; answers the supplements.
    @discardableResult
    func release(_ records: [Record], accepting accepted: [String] = []) async throws -> [BatchIdentifier] {
        try await decide("propose_release($1, $2, $3, $4, $5, 'release them', false)", records, accepted)
        return try await scene.owner.transaction("supplements") { transaction in
            try transaction.query(
                """
                SELECT DISTINCT s.batch_id FROM sluice.supplement_record s
                JOIN unnest($1::bigint[], $2::int[]) AS n (b, l) ON n.b = s.from_batch_id AND n.l = s.from_line_no
                ORDER BY 1
                """,
                [.bigintArray(records.map(\.batch.value)), .intArray(records.map(\.line))]
            ).map { BatchIdentifier(try $0.int64(0)) }
        }
    }

    func reject(_ records: [Record]) async throws {
        try await decide("propose_rejection($1, $2, $3, $4, 'reject them', false)", records, nil)
    }

    private func decide(_ call: String, _ records: [Record], _ accepted: [String]?) async throws {
        var parameters: [PostgresValue] = [
            .bytea(maker), .bigintArray(records.map(\.batch.value)), .intArray(records.map(\.line)),
            .intArray(records.map(\.revision)),
        ]
        if let accepted { parameters.append(.textArray(accepted)) }
        let proposal = try await scene.pool.transaction("propose") { [parameters] transaction in
            let rows = try transaction.query("SELECT proposal_id, outcome FROM sluice.\(call)", parameters)
            let outcomes = try rows.map { try $0.text(1) }
            guard outcomes.allSatisfy({ $0 == "proposed" }), let row = rows.first else {
                throw SceneFailure("not proposed: \(outcomes)")
            }
            return try row.int64(0)
        }
        try await approve(proposal)
    }

    /// Says of a final order that it was paid after all.
    func correct(_ batch: BatchIdentifier, _ line: Int32, amount: Int64, from: String, to: String) async throws {
        let proposal = try await scene.pool.transaction("propose") { [maker] transaction in
            try transaction.query(
                """
                SELECT proposal_id FROM sluice.propose_correction($1, $2, $3, $4, $5, $6, 'a letter of the channel',
                    NULL, 'proven', false)
                """,
                [.bytea(maker), .int64(batch.value), .int32(line), .int64(amount), .text(from), .text(to)]
            ).first.map { try $0.int64(0) }
        }
        guard let proposal else { throw SceneFailure("nothing is proposed") }
        try await approve(proposal)
    }

    private func approve(_ proposal: Int64) async throws {
        let state = try await scene.pool.transaction("approve") { [checker] transaction in
            try transaction.query(
                """
                SELECT a.state FROM sluice.proposal p CROSS JOIN LATERAL sluice.approve_proposal($1, p.proposal_id,
                    p.orders, ARRAY(SELECT key FROM jsonb_each_text(p.amounts) ORDER BY key),
                    ARRAY(SELECT value::numeric FROM jsonb_each_text(p.amounts) ORDER BY key), 'seen') a
                WHERE p.proposal_id = $2
                """,
                [.bytea(checker), .int64(proposal)]
            ).first.map { try $0.text(0) }
        }
        guard state == "approved" else { throw SceneFailure("not approved: \(state ?? "no answer")") }
    }
}
