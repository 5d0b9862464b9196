import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// Who may change people, and when it takes two.
@Suite struct PeopleChangeTests {
    /// Two people and what one asks of the other.
    private struct Scene {
        let database: TestDatabase
        /// The administrator.
        let ada: SessionSecret

        static func make() async throws -> Scene {
            let database = try await TestDatabase.make()
            try await database.owner.transaction("stand-in") { transaction in
                // What proposals are is another migration's; here is what a change of people needs of them.
                try transaction.executeScript(
                    """
                    CREATE TABLE IF NOT EXISTS sluice.proposal (proposal_id bigint GENERATED ALWAYS AS IDENTITY,
                        kind text, state text, subject text, payload jsonb, orders bigint, amounts jsonb, comment text,
                        maker_person bigint, maker_login text, maker_session bigint, made_at timestamptz,
                        expires_at timestamptz, approvers_needed smallint);
                    GRANT SELECT, INSERT ON sluice.proposal TO sluice_owner;
                    """
                )
            }
            return Scene(
                database: database,
                ada: try await database.signIn("ada", staff: "S1", role: .administrator)
            )
        }

        func close() async { await database.close() }

        func change(
            _ change: PeopleChange,
            by secret: SessionSecret,
            isDry: Bool = false
        ) async throws -> PeopleChangeOutcome {
            try await database.store.change(change, by: secret, comment: nil, isDry: isDry)
        }

        func refusal(of change: PeopleChange, by secret: SessionSecret) async -> String? {
            do {
                _ = try await self.change(change, by: secret)
                return nil
            } catch {
                return (error as? PostgresError)?.sqlState ?? "\(error)"
            }
        }

        /// What the approval of a proposal does, for who approves; the SQLSTATE where it is refused.
        func apply(_ proposal: Int64, by secret: SessionSecret) async throws -> String? {
            do {
                try await database.owner.transaction("apply") { transaction in
                    _ = try transaction.query(
                        """
                        SELECT sluice.apply_user_change(p.payload, sluice.authorise($1, 'administer'))
                        FROM sluice.proposal p WHERE p.proposal_id = $2
                        """,
                        [.bytea(secret.bytes), .int64(proposal)]
                    )
                }
                return nil
            } catch let error as PostgresError {
                return error.sqlState
            }
        }

        func isAlive(_ secret: SessionSecret) async throws -> Bool {
            try await database.store.sessionHolder(secret) != nil
        }
    }

    private static func login(_ name: String) throws -> LoginName { try #require(LoginName(name)) }
    private static func staff(_ number: String) throws -> StaffNumber { try #require(StaffNumber(number)) }
    private static let oneTime = Password.oneTime(random: [UInt8](repeating: 9, count: 15)).password

    @Test func `are made at once, with an alarm, while one person alone administers`() async throws {
        let scene = try await Scene.make()
        let (rita, staff) = (try Self.login("rita"), try Self.staff("S2"))
        #expect(try await scene.change(.add(rita, staff, .reviewer, Self.oneTime), by: scene.ada) == .applied)
        #expect(try await scene.database.store.openSession(rita, password: Self.oneTime) == .mustChangePassword)
        #expect(try await scene.change(.role(rita, .approver), by: scene.ada) == .applied)
        let secret = try await scene.database.signIn("ruth", staff: "S2", role: .viewer)
        #expect(try await scene.change(.disable(.login(rita)), by: scene.ada) == .applied)
        #expect(try await scene.isAlive(secret), "another login of the person is not meant")
        #expect(try await scene.change(.disable(.person(staff)), by: scene.ada) == .applied)
        #expect(try await !scene.isAlive(secret))
        #expect(
            try await scene.database.store.openSession(rita, password: Self.oneTime) == .refused(.disabled)
        )
        #expect(try await scene.change(.enable(.person(staff)), by: scene.ada) == .applied)
        #expect(try await scene.change(.enable(.login(rita)), by: scene.ada) == .applied)
        let other = Password.oneTime(random: [UInt8](repeating: 8, count: 15)).password
        #expect(try await scene.change(.reset(rita, other), by: scene.ada) == .applied)
        #expect(try await scene.change(.unlock(rita), by: scene.ada) == .applied)
        #expect(try await scene.database.store.openSession(rita, password: other) == .mustChangePassword)
        let alarms = try await scene.database.number(
            "SELECT sum(occurrences)::bigint FROM sluice.alarm WHERE kind = 'people_changed'"
        )
        #expect(alarms == 8)
        let audited = try await scene.database.number(
            "SELECT count(*) FROM sluice.audit_entry WHERE action = 'user_changed' AND login = 'ada'"
        )
        #expect(audited == 8)
        let told = try await scene.database.text("SELECT string_agg(details::text, ' ') FROM sluice.audit_entry")
        #expect(!told.contains("salt") && !told.contains("verifier"))
        await scene.close()
    }

    @Test func `wait for another administrator as soon as there is one`() async throws {
        let scene = try await Scene.make()
        let bob = try await scene.database.signIn("bob", staff: "S2", role: .administrator)
        let rita = try Self.login("rita")
        let outcome = try await scene.change(
            .add(rita, try Self.staff("S3"), .reviewer, Self.oneTime),
            by: scene.ada
        )
        guard case .proposed(let proposal?) = outcome else { throw TestFailure("it was made at once") }
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.login") == 2)
        let row = try await scene.database.text(
            """
            SELECT concat_ws('|', kind, state, subject, payload - 'credential', orders, amounts, maker_login,
                extract(epoch FROM expires_at - made_at)::bigint, approvers_needed)
            FROM sluice.proposal
            """
        )
        #expect(
            row == "user|waiting|user rita: add as reviewer for person S3|"
                + #"{"op": "add", "role": "reviewer", "login": "rita", "staff_no": "S3"}|0|{}|ada|86400|1"#
        )
        #expect(try await scene.apply(proposal, by: bob) == nil)
        #expect(try await scene.database.store.openSession(rita, password: Self.oneTime) == .mustChangePassword)
        #expect(try await scene.apply(proposal, by: bob) == "SL009", "the password is used up, the login is there")
        #expect(try await scene.database.number("SELECT count(*) FROM sluice.login_credential") == 0)
        #expect(
            try await scene.database.number("SELECT count(*) FROM sluice.alarm WHERE kind = 'people_changed'") == 0
        )
        await scene.close()
    }

    @Test func `count no administrator who never chose a password, or who is disabled`() async throws {
        let scene = try await Scene.make()
        let (bob, staff) = (try Self.login("bob"), try Self.staff("S2"))
        _ = try await scene.change(.add(bob, staff, .administrator, Self.oneTime), by: scene.ada)
        #expect(try await scene.change(.role(bob, .operator), by: scene.ada) == .applied)
        _ = try await scene.database.signIn("ada2", staff: "S1", role: .administrator)
        #expect(try await scene.change(.role(bob, .viewer), by: scene.ada) == .applied, "she is one person")
        _ = try await scene.database.signIn("eve", staff: "S3", role: .administrator)
        guard case .proposed = try await scene.change(.role(bob, .operator), by: scene.ada) else {
            throw TestFailure("it was made at once")
        }
        try await scene.database.execute("UPDATE sluice.person SET disabled_at = now() WHERE staff_no = 'S3'")
        #expect(try await scene.change(.role(bob, .operator), by: scene.ada) == .applied)
        await scene.close()
    }

    @Test func `are looked at without being made`() async throws {
        let scene = try await Scene.make()
        let (bob, staff) = (try Self.login("bob"), try Self.staff("S2"))
        let adding = PeopleChange.add(bob, staff, .administrator, Self.oneTime)
        #expect(try await scene.change(adding, by: scene.ada, isDry: true) == .applied)
        #expect(await scene.refusal(of: .role(bob, .viewer), by: scene.ada) == "SL001", "there is no such login")
        _ = try await scene.database.signIn("eve", staff: "S3", role: .administrator)
        #expect(try await scene.change(adding, by: scene.ada, isDry: true) == .proposed(nil))
        let left = try await scene.database.text(
            """
            SELECT concat_ws(' ', (SELECT count(*) FROM sluice.proposal),
                (SELECT count(*) FROM sluice.login_credential),
                (SELECT count(*) FROM sluice.audit_entry WHERE action LIKE 'user%'))
            """
        )
        #expect(left == "0 0 0")
        await scene.close()
    }

    @Test func `are nobody's who does not administer, and never of a login of one's own`() async throws {
        let scene = try await Scene.make()
        let (rita, own) = (try Self.login("rita"), try Self.staff("S1"))
        for role in PeopleRole.allCases where role != .administrator {
            let staff = "T-\(role.rawValue.uppercased())"
            let secret = try await scene.database.signIn(role.rawValue, staff: staff, role: role)
            #expect(await scene.refusal(of: .unlock(try Self.login("ada")), by: secret) == "SL018", "\(role)")
        }
        _ = try await scene.database.signIn("second", staff: "S1", role: .viewer)
        for change in [
            PeopleChange.role(try Self.login("second"), .approver), .role(try Self.login("ada"), .approver),
            .reset(try Self.login("second"), Self.oneTime), .disable(.person(own)),
            .add(rita, own, .approver, Self.oneTime), .unlock(try Self.login("ada")),
        ] {
            #expect(await scene.refusal(of: change, by: scene.ada) == "SL019", "\(change)")
        }
        // Nor does one approve what another proposes for oneself.
        let bob = try await scene.database.signIn("bob", staff: "S2", role: .administrator)
        let outcome = try await scene.change(.role(try Self.login("second"), .approver), by: bob)
        guard case .proposed(let proposal?) = outcome else { throw TestFailure("it was made at once") }
        #expect(try await scene.apply(proposal, by: scene.ada) == "SL019")
        await scene.close()
    }

    @Test func `are refused where they make no sense, or not any more`() async throws {
        let scene = try await Scene.make()
        _ = try await scene.database.signIn("rita", staff: "S2", role: .reviewer)
        let (rita, nobody) = (try Self.login("rita"), try Self.login("nobody"))
        let staff = try Self.staff("S2")
        for (change, code) in [
            (PeopleChange.add(rita, staff, .viewer, Self.oneTime), "SL009"), (.role(rita, .reviewer), "SL009"),
            (.role(nobody, .reviewer), "SL001"), (.enable(.login(rita)), "SL009"), (.enable(.person(staff)), "SL009"),
            (.disable(.person(try Self.staff("S9"))), "SL001"), (.reset(nobody, Self.oneTime), "SL001"),
        ] {
            #expect(await scene.refusal(of: change, by: scene.ada) == code, "\(change)")
        }
        for payload in [
            #"{"op": "promote", "login": "rita"}"#, #"{"login": "rita"}"#, #"{"op": "role", "login": "rita"}"#,
            #"{"op": "role", "login": "rita", "role": "boss"}"#,
            #"{"op": "unlock", "login": "rita", "role": "viewer"}"#,
            #"{"op": "reset", "login": "rita", "credential": 1}"#, #"{"op": "reset", "login": "rita"}"#,
            #"{"op": "disable", "login": "rita", "staff_no": "S2"}"#, #"{"op": "disable"}"#,
        ] {
            let refused = await #expect(throws: PostgresError.self, "\(payload)") {
                try await scene.database.worker.transaction("change") {
                    _ = try $0.query(
                        "SELECT * FROM sluice.change_user($1, $2)",
                        [.bytea(scene.ada.bytes), .jsonb(payload)]
                    )
                }
            }
            #expect(refused?.sqlState == "SL005", "\(payload)")
        }
        await scene.close()
    }

    @Test func `wait for what the person does just now, and are seen by what they do next`() async throws {
        let scene = try await Scene.make()
        let rita = try await scene.database.signIn("rita", staff: "S2", role: .reviewer)
        let (isAtWork, mayEnd) = (Door(), Door())
        async let work: Void = scene.database.owner.transaction("at work") { transaction in
            _ = try transaction.query("SELECT sluice.authorise($1, 'look')", [.bytea(rita.bytes)])
            isAtWork.open()
            try mayEnd.wait(transaction)
        }
        try await isAtWork.wait(scene.database)
        async let disabled = scene.change(.disable(.login(try Self.login("rita"))), by: scene.ada)
        // It waits for the one at work, and for nothing else.
        while try await scene.database.number(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%change_user%'"
                + " AND datname = current_database()"
        ) == 0 {}
        mayEnd.open()
        try await work
        #expect(try await disabled == .applied)
        #expect(try await !scene.isAlive(rita))
        await scene.close()
    }
}
