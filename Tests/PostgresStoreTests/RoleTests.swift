import PostgresClient
import Testing

/// Every role against every table and verb: exactly what is listed is allowed.
@Suite struct `What a role may do` {
    private static let tables = [
        "environment", "order_transition", "merchant", "batch_file", "batch_file_part", "order_number_registry",
        "channel_number_registry", "result_file", "result_file_part", "payment_order", "quarantine_record",
        "submission",
        "exchange", "payment_attempt", "payment_return", "payment_correction", "live_days", "archive_manifest",
        "worker",
        "channel", "channel_activation", "channel_lane", "channel_slot", "work_chunk", "review_item", "alarm", "outbox",
        "job",
        "job_run", "order_to_plan", "account_at_risk", "batch_file_sum", "review_option", "review_decision",
        "same_payment", "heavy_table", "archive_lease", "archive_stop", "archive_month", "archive_stay",
        "archive_touch", "legal_hold", "role_action", "person", "login", "login_session", "login_credential",
        "login_decoy", "people_bootstrap", "review_policy", "audit_entry", "audit_head", "proposal", "proposal_vote",
        "proposal_record", "evidence_file", "quarantine_amendment", "supplement_record", "unmasked",
    ]

    /// r read, s read of some columns, a insert, i insert of some columns, w update of the whole row, c update of some
    /// columns, d delete, t truncate.
    private static let workerRights: [String: String] = [
        "batch_file": "rc", "batch_file_part": "rc", "order_number_registry": "rac", "channel_number_registry": "ra",
        "result_file": "ra", "result_file_part": "ra", "payment_order": "rac", "quarantine_record": "ra",
        "submission": "rac", "exchange": "rac", "payment_attempt": "ra", "worker": "rac", "channel_lane": "rc",
        "channel_slot": "rc", "work_chunk": "rawd", "review_item": "ri", "alarm": "rac",
        "outbox": "ra", "job": "rac", "job_run": "raw", "order_to_plan": "rad", "account_at_risk": "ra",
        "batch_file_sum": "rac", "same_payment": "ra",
    ]
    private static let hidden: Set<String> = [
        "batch_file_part", "result_file_part", "account_at_risk", "unmasked",
    ]
    /// Of which no role of the schema reads anything.
    private static let secret: Set<String> = ["login_credential", "login_decoy"]
    /// Of which salts, verifiers, hashes of secrets and sealed evidence are read by none.
    private static let partlySecret: Set<String> = ["login", "login_session", "evidence_file"]

    private static func expected(_ role: String, _ table: String) -> String {
        if secret.contains(table) || role == "sluice_merchant" { return "" }
        if partlySecret.contains(table) { return "s" }
        // What is sealed is of use to the engine only.
        if table == "quarantine_amendment" { return role == "sluice_reader" || role == "sluice_console" ? "s" : "r" }
        return switch role {
        case "sluice_worker": workerRights[table] ?? "r"
        case "sluice_archiver": table == "alarm" ? "rac" : "r"
        case "sluice_reader", "sluice_console": hidden.contains(table) ? "" : "r"
        default: ""
        }
    }

    @Test(arguments: ["sluice_worker", "sluice_archiver", "sluice_reader", "sluice_console", "sluice_merchant"])
    func `is exactly what is listed, table by table`(_ role: String) async throws {
        let database = try await TestDatabase.make()
        let found: [String: String] = try await database.owner.transaction("rights") { transaction in
            var found: [String: String] = [:]
            for row in try transaction.query(
                """
                SELECT c.relname,
                    CASE WHEN has_table_privilege($1, c.oid, 'SELECT') THEN 'r'
                            WHEN has_any_column_privilege($1, c.oid, 'SELECT') THEN 's' ELSE '' END
                    || CASE WHEN has_table_privilege($1, c.oid, 'INSERT') THEN 'a'
                            WHEN has_any_column_privilege($1, c.oid, 'INSERT') THEN 'i' ELSE '' END
                    || CASE WHEN has_table_privilege($1, c.oid, 'UPDATE') THEN 'w'
                            WHEN has_any_column_privilege($1, c.oid, 'UPDATE') THEN 'c' ELSE '' END
                    || CASE WHEN has_table_privilege($1, c.oid, 'DELETE') THEN 'd' ELSE '' END
                    || CASE WHEN has_table_privilege($1, c.oid, 'TRUNCATE') THEN 't' ELSE '' END
                FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'sluice' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                """,
                [.text(role)]
            ) {
                found[try row.text(0)] = try row.text(1)
            }
            return found
        }
        #expect(Set(found.keys) == Set(Self.tables), "a table was added without saying who may do what")
        for table in Self.tables { #expect(found[table] == Self.expected(role, table), "\(role) on \(table)") }
        await database.close()
    }

    @Test(arguments: ["sluice_worker", "sluice_archiver", "sluice_reader", "sluice_console", "sluice_merchant"])
    func `includes no writing to partitions directly, but for loading under the trigger`(_ role: String) async throws {
        let database = try await TestDatabase.make()
        let writable = try await database.number(
            """
            SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname IN ('sluice', 'history') AND c.relispartition
                AND (has_table_privilege($1, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') OR has_any_column_privilege($1,
                    c.oid, 'UPDATE'))
                AND NOT ($1 = 'sluice_worker' AND c.relname ~ '^(payment_order|quarantine_record)_[0-9]{8}$'
                    AND NOT has_table_privilege($1, c.oid, 'UPDATE, DELETE, TRUNCATE')
                    AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'late_line'
                        AND t.tgenabled = 'O'))
            """,
            [.text(role)]
        )
        #expect(writable == 0)
        let loadable = try await database.number(
            """
            SELECT count(*) FROM sluice.live_days d, generate_series(0, d.newest - d.oldest) AS n,
                unnest(ARRAY['payment_order', 'quarantine_record']) AS heavy
            WHERE has_table_privilege($1, 'sluice.' || heavy || to_char(d.oldest + n::int, '_YYYYMMDD'), 'INSERT')
            """,
            [.text(role)]
        )
        let days = try await database.number("SELECT 2 * (newest - oldest + 1)::bigint FROM sluice.live_days")
        #expect(loadable == (role == "sluice_worker" ? days : 0))
        await database.close()
    }

    /// Functions of people and the chain, each with the roles that may call it.
    private static let functions: [String: Set<String>] = {
        let people: Set = ["sluice_worker", "sluice_console"]
        var functions: [String: Set<String>] = [
            "audit_words": people.union(["sluice_reader", "sluice_archiver"])
        ]
        for name in ["login_salt", "open_session", "change_password", "end_session", "who_am_i", "change_user"] {
            functions[name] = people
        }
        for name in [
            "authorise", "audit", "apply_user_change", "judge_user_change", "refuse_login", "raise_people_alarm",
            "bootstrap_administrator", "set_review_policy", "is_amounts", "refuse_rewriting",
        ] {
            functions[name] = []
        }
        return functions
    }()

    @Test(arguments: ["sluice_worker", "sluice_archiver", "sluice_reader", "sluice_console", "sluice_merchant"])
    func `is to call those functions of people that resolve who acts, and no inner one`(_ role: String) async throws {
        let database = try await TestDatabase.make()
        let found: [String: Bool] = try await database.owner.transaction("rights") { transaction in
            var found: [String: Bool] = [:]
            for row in try transaction.query(
                """
                SELECT p.proname, has_function_privilege($1, p.oid, 'EXECUTE') FROM pg_proc p
                WHERE p.pronamespace = 'sluice'::regnamespace AND p.proname = ANY ($2)
                """,
                [.text(role), .textArray(Self.functions.keys.sorted())]
            ) {
                found[try row.text(0)] = try row.bool(1)
            }
            return found
        }
        for (name, roles) in Self.functions { #expect(found[name] == roles.contains(role), "\(role) on \(name)") }
        await database.close()
    }

    @Test(arguments: ["sluice_worker", "sluice_archiver", "sluice_reader", "sluice_console"])
    func `includes no sight of what opens a login or a session`(_ role: String) async throws {
        let database = try await TestDatabase.make()
        let pool = database.pool(role: role)
        for column in [
            "salt FROM sluice.login", "verifier FROM sluice.login", "secret_sha256 FROM sluice.login_session",
            "l FROM sluice.login l", "* FROM sluice.login_credential", "* FROM sluice.login_decoy",
        ] {
            let error = await #expect(throws: PostgresError.self, "\(column)") {
                try await pool.transaction("forbidden", readOnly: true) { _ = try $0.query("SELECT \(column)") }
            }
            #expect(error?.sqlState == "42501", "\(column)")
        }
        await pool.close()
        await database.close()
    }

    @Test(arguments: [
        "amount_minor = 1", "currency = 'USD'", "merchant_order_no = 'x'", "personal = ''", "account_hash = ''",
        "bank_code = 'x'",
    ])
    func `does not include changing what a merchant ordered`(_ change: String) async throws {
        let database = try await TestDatabase.make()
        await #expect(throws: PostgresError.self) {
            try await database.worker.transaction("forbidden") {
                try $0.execute("UPDATE sluice.payment_order SET \(change)")
            }
        }
        await database.close()
    }

    @Test func `does not include changing a frozen envelope, or evidence once written`() async throws {
        let database = try await TestDatabase.make()
        for sql in [
            "UPDATE sluice.submission SET envelope = ''", "UPDATE sluice.submission SET number = 'x'",
            "UPDATE sluice.submission SET trade_date = current_date", "DELETE FROM sluice.exchange",
            "UPDATE sluice.review_item SET decision = 'paid'", "INSERT INTO sluice.payment_correction DEFAULT VALUES",
            "UPDATE sluice.environment SET class = 'production'", "DELETE FROM sluice.payment_order",
            "UPDATE sluice.channel_activation SET activated_by = 'x'",
            "UPDATE sluice.quarantine_record SET state = 'rejected'", "DELETE FROM sluice.same_payment",
            "DELETE FROM sluice.archive_stop", "UPDATE sluice.archive_manifest SET row_count = 0",
            "SELECT sluice.stop_archiving('x')", "SELECT sluice.lift_hold(1, 'x')",
            "SELECT sluice.take_archive_lease('x', 1, NULL)", "INSERT INTO history.payment_order DEFAULT VALUES",
            "INSERT INTO sluice.audit_entry DEFAULT VALUES", "UPDATE sluice.login SET role = 'approver'",
            "INSERT INTO sluice.login_session DEFAULT VALUES", "UPDATE sluice.login_session SET used_at = now()",
            "UPDATE sluice.review_policy SET unmask_max = 1", "DELETE FROM sluice.role_action",
            "SELECT sluice.audit(NULL, 'x', 'x', '{}')", "SELECT sluice.authorise('x', 'look')",
            "SELECT sluice.apply_user_change('{}', NULL)", "SELECT sluice.set_review_policy('{}')",
        ] {
            await #expect(throws: PostgresError.self, "\(sql)") {
                try await database.worker.transaction("forbidden") { try $0.execute(sql) }
            }
        }
        await database.close()
    }

    @Test func `keeps a merchant to its own files`() async throws {
        let database = try await TestDatabase.make()
        try await database.owner.transaction("merchants") { transaction in
            try transaction.executeScript(
                """
                DO $$ BEGIN CREATE ROLE merchant_a LOGIN IN ROLE sluice_merchant; EXCEPTION WHEN duplicate_object THEN
                    NULL; END $$;
                DO $$ BEGIN CREATE ROLE merchant_b LOGIN IN ROLE sluice_merchant; EXCEPTION WHEN duplicate_object THEN
                    NULL; END $$;
                INSERT INTO sluice.merchant (merchant_no, title, db_role) VALUES ('A', 'A', 'merchant_a'), ('B', 'B',
                    'merchant_b');
                """
            )
        }
        let submit =
            "SELECT sluice.submit_batch_file($1, 'payout', 'x', 'f', 'content'::bytea, '{\"environment\":\"test\"}')"
        let merchantA = database.pool(role: "merchant_a")
        let batch = try await merchantA.transaction("own file") { transaction in
            try transaction.query(submit, [.text("A")]).first?.int64(0) ?? 0
        }
        #expect(batch > 0)
        await #expect(throws: PostgresError.self) {
            try await merchantA.transaction("another's file") { _ = try $0.query(submit, [.text("B")]) }
        }
        let merchantB = database.pool(role: "merchant_b")
        await #expect(throws: PostgresError.self) {
            try await merchantB.transaction("another's orders") {
                _ = try $0.query("SELECT sluice.cancel_order($1)", [.int64(batch)])
            }
        }
        let seenByB = try await merchantB.transaction("files") {
            try $0.query("SELECT * FROM sluice.my_batch_file").count
        }
        let seenByA = try await merchantA.transaction("files") {
            try $0.query("SELECT * FROM sluice.my_batch_file").count
        }
        #expect(seenByB == 0)
        #expect(seenByA == 1)
        await merchantA.close()
        await merchantB.close()
        await database.close()
    }
}
