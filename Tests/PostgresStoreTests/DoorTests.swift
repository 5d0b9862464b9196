import PaymentCore
import PostgresClient
import Store
import StoreTesting
import Testing

/// Every function that people call, with every role: exactly what the table of roles and actions says.
@Suite struct `A door for people` {
    /// A function, the action that it takes, and a call of it with the session's secret as `$1`.
    struct Entrance: Sendable, CustomTestStringConvertible {
        let function: String
        let action: PeopleAction
        let call: String

        var testDescription: String { function }
    }

    private static let entrances = [
        Entrance(
            function: "amend_records",
            action: .amend,
            call: "amend_records($1, '{1}', '{1}', '{0}', '{purpose}', '{\"\\\\x00\"}', 1, '{N}', '{1}', '{CNY}', "
                + "'{NULL}', '{[]}', 'c')"
        ),
        Entrance(
            function: "propose_release",
            action: .propose,
            call: "propose_release($1, '{1}', '{1}', '{0}', '{}', 'c', false)"
        ),
        Entrance(
            function: "propose_rejection",
            action: .propose,
            call: "propose_rejection($1, '{1}', '{1}', '{0}', 'c', false)"
        ),
        Entrance(
            function: "propose_decision",
            action: .propose,
            call: "propose_decision($1, 'nothing', 'approve', 'c', NULL, NULL, NULL, 1, '{CNY}', '{1}', NULL, '{}', "
                + "'{}', '{}', '{}', false)"
        ),
        Entrance(
            function: "propose_choice",
            action: .propose,
            call: "propose_choice($1, 1, 1, 1, 1, 2, 1, 'c', false)"
        ),
        Entrance(
            function: "propose_correction",
            action: .propose,
            call: "propose_correction($1, 1, 1, 1, 'failed', 'succeeded', 'a letter', NULL, 'c', false)"
        ),
        Entrance(
            function: "keep_evidence",
            action: .propose,
            call: "keep_evidence($1, 'list.csv', sha256('a'), 1, '\\x00', 1, '\\x00')"
        ),
        Entrance(
            function: "propose_activation",
            action: .operate,
            call: "propose_activation($1, 'ch', 'test', '\\x00', 0, 0, 0, 0, 5, 1000, 2000, 'c')"
        ),
        Entrance(function: "unmask_record", action: .unmask, call: "unmask_record($1, 1, 1, 'asked')"),
        Entrance(function: "open_evidence", action: .unmask, call: "open_evidence($1, 0, 'asked')"),
        Entrance(
            function: "approve_proposal",
            action: .approve,
            call: "approve_proposal($1, 1, NULL, '{}', '{}', 'c')"
        ),
        Entrance(function: "decline_proposal", action: .approve, call: "decline_proposal($1, 1, '')"),
        Entrance(function: "require_action", action: .amend, call: "require_action($1, 'amend')"),
        Entrance(function: "pause_channel", action: .operate, call: "pause_channel($1, 'harbor', NULL, 'why')"),
        Entrance(function: "resume_channel", action: .operate, call: "resume_channel($1, 'harbor', NULL)"),
        Entrance(
            function: "acknowledge_alarms",
            action: .operate,
            call: "acknowledge_alarms($1, '{1}', 'called the bank')"
        ),
        Entrance(function: "cancel_orders", action: .cancel, call: "cancel_orders($1, 1, 1)"),
        Entrance(function: "withdraw_proposal", action: .look, call: "withdraw_proposal($1, 1)"),
        Entrance(
            function: "change_user",
            action: .administer,
            call: "change_user($1, '{\"op\": \"enable\", \"login\": \"nobody\"}')"
        ),
    ]
    /// Doors that take no session, because they open, end or name one.
    private static let withoutSession: Set<String> = [
        "login_salt", "open_session", "change_password", "end_session", "who_am_i",
    ]

    private static func code(
        of entrance: Entrance,
        _ secret: [UInt8],
        as pool: PostgresPool
    ) async -> String? {
        do {
            _ = try await pool.transaction("door") { transaction in
                try transaction.query("SELECT 1 FROM sluice.\(entrance.call)", [.bytea(secret)]).count
            }
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }

    /// Something of another person that waits for approval.
    private static func askedForByAnother(_ database: TestDatabase) async throws {
        _ = try await database.signIn("other", staff: "S99", role: .reviewer)
        try await database.execute(
            """
            INSERT INTO sluice.proposal (kind, subject, payload, orders, comment, maker_person, maker_login,
                maker_session, expires_at, approvers_needed)
            SELECT 'reject', 's', '{}', 1, 'c', l.person_id, l.login, 1, now() + interval '1 day', 1
            FROM sluice.login l WHERE l.login = 'other'
            """
        )
    }

    @Test(arguments: PeopleRole.allCases)
    func `lets in whom the table of roles lets in, and nobody else`(_ role: PeopleRole) async throws {
        let database = try await TestDatabase.make()
        try await Self.askedForByAnother(database)
        let secret = try await database.signIn("somebody", staff: "S1", role: role)
        let console = database.pool(role: "sluice_console")
        for (entrance, pool) in Self.entrances.flatMap({ [($0, database.worker), ($0, console)] }) {
            let code = await Self.code(of: entrance, secret.bytes, as: pool)
            if role.actions.contains(entrance.action) {
                #expect(code != "SL017" && code != "SL018", "\(role) at \(entrance.function): \(code ?? "let in")")
            } else {
                #expect(code == "SL018", "\(role) at \(entrance.function): \(code ?? "let in")")
            }
        }
        await console.close()
        await database.close()
    }

    @Test func `lets in nobody without a session of their own`() async throws {
        let database = try await TestDatabase.make()
        try await Self.askedForByAnother(database)
        let ended = try await database.signIn("ended", staff: "S1", role: .approver)
        let idle = try await database.signIn("idle", staff: "S2", role: .approver)
        let old = try await database.signIn("old", staff: "S3", role: .approver)
        let disabled = try await database.signIn("disabled", staff: "S4", role: .approver)
        // As if time had gone by.
        try await database.execute(
            """
            UPDATE sluice.login_session s SET used_at = now() - interval '40 days' FROM sluice.login l
            WHERE l.login_id = s.login_id AND l.login = 'idle'
            """
        )
        try await database.execute(
            """
            UPDATE sluice.login_session s SET expires_at = now() - interval '1 second' FROM sluice.login l
            WHERE l.login_id = s.login_id AND l.login = 'old'
            """
        )
        try await database.execute("UPDATE sluice.login SET disabled_at = now() WHERE login = 'disabled'")
        _ = try await database.worker.transaction("logout") {
            try $0.query("SELECT sluice.end_session($1)", [.bytea(ended.bytes)]).count
        }
        // Another's row, as whoever reads tables would send it.
        let hash = try await database.owner.transaction("hash") {
            try $0.query("SELECT secret_sha256 FROM sluice.login_session ORDER BY session_id LIMIT 1").first?.bytes(0)
        }
        let strangers = [
            ended.bytes, idle.bytes, old.bytes, disabled.bytes, try #require(hash), [UInt8](repeating: 0, count: 32),
            [],
        ]
        for entrance in Self.entrances {
            for stranger in strangers {
                let code = await Self.code(of: entrance, stranger, as: database.worker)
                #expect(code == "SL017", "\(entrance.function): \(code ?? "let in")")
            }
        }
        await database.close()
    }

    /// What may be executed besides, by whom.
    @Test(arguments: ["sluice_worker", "sluice_console"])
    func `is every function that writes for people, and behind it none may be called`(_ role: String) async throws {
        let database = try await TestDatabase.make()
        let callable: Set<String> = try await database.owner.transaction("functions") { transaction in
            Set(
                try transaction.query(
                    """
                    SELECT DISTINCT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                    WHERE n.nspname = 'sluice' AND p.prosecdef AND has_function_privilege($1, p.oid, 'EXECUTE')
                    """,
                    [.text(role)]
                ).map { try $0.text(0) }
            )
        }
        let doors = Set(Self.entrances.map(\.function)).union(Self.withoutSession)
        #expect(doors.isSubset(of: callable), "\(doors.subtracting(callable))")
        // Whatever takes a secret is tried above.
        let secret = try await database.text(
            """
            SELECT string_agg(p.proname, ' ' ORDER BY p.proname) FROM pg_proc p
            JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE n.nspname = 'sluice' AND 'secret' = ANY (p.proargnames[:p.pronargs])
                AND has_function_privilege($1, p.oid, 'EXECUTE')
            """,
            [.text(role)]
        )
        let tried = Set(Self.entrances.map(\.function)).union(["end_session", "who_am_i"])
        #expect(Set(secret.split(separator: " ").map(String.init)) == tried)
        for inner in [
            "authorise", "audit", "apply_user_change", "take_decision", "decide_as_asked", "foresee_decision",
            "take_choice", "put_correction", "put_activation", "put_proposal", "votable_proposal", "carry_out",
            "release_records", "reject_records", "locked_records", "propose_records", "settle_by_decision",
            "release_orders", "void_orders", "cancel_order", "set_review_policy", "bootstrap_administrator",
            "named_final_order",
        ] {
            #expect(!callable.contains(inner), "\(inner)")
        }
        await database.close()
    }

    @Test(arguments: ["sluice_worker", "sluice_console", "sluice_reader", "sluice_archiver"])
    func `is the only way to write what people decide`(_ role: String) async throws {
        let database = try await TestDatabase.make()
        let writable = try await database.text(
            """
            SELECT coalesce(string_agg(c.relname, ' ' ORDER BY c.relname), '')
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'sluice' AND c.relname IN ('review_decision', 'payment_correction', 'audit_entry',
                'audit_head', 'proposal', 'proposal_vote', 'proposal_record', 'evidence_file', 'quarantine_amendment',
                'supplement_record', 'unmasked', 'person', 'login', 'login_session', 'review_policy', 'role_action')
                AND (has_table_privilege($1, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
                    OR has_any_column_privilege($1, c.oid, 'INSERT, UPDATE'))
            """,
            [.text(role)]
        )
        #expect(writable.isEmpty, "\(writable)")
        // Nor what it would move: a record's state, an order's decision, a file's proposal.
        let columns = try await database.text(
            """
            SELECT coalesce(string_agg(c.table_name || '.' || c.column_name, ' '), '') FROM (VALUES
                ('quarantine_record', 'state'), ('quarantine_record', 'revision'), ('quarantine_record', 'proposal_id'),
                ('payment_order', 'decision_id'), ('batch_file', 'proposal_id'), ('batch_file', 'parent_batch_id'),
                ('payment_attempt', 'decision_id')) AS c (table_name, column_name)
            WHERE has_column_privilege($1, 'sluice.' || c.table_name, c.column_name, 'UPDATE')
            """,
            [.text(role)]
        )
        #expect(columns.isEmpty, "\(columns)")
        await database.close()
    }

    @Test func `is the only way for held orders and files to go on, and for orders to be cancelled`() async throws {
        let scene = try await DecisionScene.make()
        let held = try await scene.heldFile()
        let ready = try await scene.load(try await scene.verified(), unroutable: [1, 2])
        let file = try await scene.verified(isHeld: true)
        for statement in [
            "UPDATE sluice.payment_order SET state = 'ready' WHERE batch_id = \(held.batch) AND state = 'held'",
            "UPDATE sluice.payment_order SET state = 'cancelled' WHERE batch_id = \(ready.batch) AND state = 'ready'",
            "UPDATE sluice.batch_file SET state = 'splitting' WHERE batch_id = \(file.id) AND state = 'held'",
        ] {
            let error = await #expect(throws: PostgresError.self, "\(statement)") {
                try await scene.database.worker.transaction("forged") { try $0.execute(statement) }
            }
            #expect(error?.sqlState == "SL010", "\(statement)")
        }
        await scene.close()
    }
}
