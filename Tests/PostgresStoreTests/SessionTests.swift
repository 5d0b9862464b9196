import PaymentCore
import PostgresClient
import PostgresStore
import Store
import Testing

/// What a session's secret opens, and when it opens nothing any more.
@Suite struct SessionTests {
    /// The SQLSTATE with which something is refused; nil if it is not.
    private static func refusal(_ work: () async throws -> Void) async -> String? {
        do {
            try await work()
            return nil
        } catch {
            return (error as? PostgresError)?.sqlState ?? "\(error)"
        }
    }

    /// What the functions of people's actions do first, as the owner of those.
    private static func authorise(
        _ secret: SessionSecret,
        _ action: PeopleAction,
        _ database: TestDatabase
    ) async -> String? {
        await refusal {
            try await database.owner.transaction("authorise") {
                _ = try $0.query("SELECT sluice.authorise($1, $2)", [.bytea(secret.bytes), .text(action.rawValue)])
            }
        }
    }

    /// As a client would whose proof is this.
    private static func open(_ login: String, proof: [UInt8], _ database: TestDatabase) async throws -> String? {
        try await database.worker.transaction("open session") { transaction in
            try transaction.query(
                "SELECT refusal FROM sluice.open_session($1, $2)",
                [.text(login), .bytea(proof)]
            ).first?.optionalText(0)
        }
    }

    @Test func `allow each role what the core says, by the same table in the database`() async throws {
        let database = try await TestDatabase.make()
        let stored: Set<String> = try await database.owner.transaction("actions") { transaction in
            Set(
                try transaction.query("SELECT role, action FROM sluice.role_action").map {
                    "\(try $0.text(0)) \(try $0.text(1))"
                }
            )
        }
        let known = PeopleRole.allCases.flatMap { role in role.actions.map { "\(role.rawValue) \($0.rawValue)" } }
        #expect(stored == Set(known))
        for role in PeopleRole.allCases {
            let secret = try await database.signIn(role.rawValue, staff: "S-\(role.rawValue.uppercased())", role: role)
            for action in PeopleAction.allCases {
                let refused = await Self.authorise(secret, action, database)
                #expect(refused == (role.actions.contains(action) ? nil : "SL018"), "\(role) \(action)")
            }
        }
        await database.close()
    }

    @Test func `open by a password that the database never sees`() async throws {
        let database = try await TestDatabase.make()
        let (ada, staff) = (try #require(LoginName("ada")), try #require(StaffNumber("S1")))
        let first = Password.oneTime(random: [UInt8](repeating: 3, count: 15)).password
        let own = try #require(Password(chosen: "correct horse battery"))
        try await database.ownerStore.bootstrapAdministrator(ada, staff, password: first)
        #expect(try await database.store.openSession(ada, password: own) == .refused(.wrongPassword))
        #expect(try await database.store.openSession(ada, password: first) == .mustChangePassword)
        #expect(try await database.store.changePassword(of: ada, from: own, to: own) == .wrongPassword)
        #expect(try await database.store.changePassword(of: ada, from: first, to: own) == nil)
        #expect(try await database.store.openSession(ada, password: first) == .refused(.wrongPassword))
        guard
            case .opened(let secret, let role, let expiresAt) =
                try await database.store.openSession(ada, password: own)
        else { throw TestFailure("ada is not let in") }
        #expect(role == .administrator)
        let holder = try #require(try await database.store.sessionHolder(secret))
        #expect(holder.login == ada && holder.staffNumber == staff && holder.expiresAt == expiresAt)
        #expect(holder.idleUntil < holder.expiresAt)
        #expect(try await database.store.endSession(secret))
        #expect(try await database.store.endSession(secret) == false)
        #expect(try await database.store.sessionHolder(secret) == nil)
        #expect(await Self.authorise(secret, .look, database) == "SL017")
        await database.close()
    }

    @Test func `end when nothing was done for a while, and live on when something was`() async throws {
        let database = try await TestDatabase.make()
        let secret = try await database.signIn("rita", staff: "S1", role: .reviewer)
        let age = "UPDATE sluice.login_session SET used_at = used_at - interval '29 minutes'"
        try await database.execute(age)
        #expect(await Self.authorise(secret, .look, database) == nil)
        try await database.execute(age)
        #expect(await Self.authorise(secret, .look, database) == nil, "the first use began a new half hour")
        try await database.execute("UPDATE sluice.login_session SET used_at = used_at - interval '30 minutes'")
        #expect(await Self.authorise(secret, .look, database) == "SL017")
        #expect(try await database.store.sessionHolder(secret) == nil)
        await database.close()
    }

    @Test func `end at the latest when their life is over, however much is done`() async throws {
        let database = try await TestDatabase.make()
        let secret = try await database.signIn("rita", staff: "S1", role: .reviewer)
        let left = try await database.number(
            "SELECT extract(epoch FROM expires_at - opened_at)::bigint FROM sluice.login_session"
        )
        #expect((43_190...43_210).contains(left))
        try await database.execute("UPDATE sluice.login_session SET expires_at = expires_at - interval '12 hours'")
        #expect(await Self.authorise(secret, .look, database) == "SL017")
        #expect(try await database.store.sessionHolder(secret) == nil)
        await database.close()
    }

    @Test func `are nobody's without the secret itself`() async throws {
        let database = try await TestDatabase.make()
        let secret = try await database.signIn("rita", staff: "S1", role: .reviewer)
        var other = secret.bytes
        other[31] ^= 1
        let stored = try await database.owner.transaction("hash") {
            try $0.query("SELECT secret_sha256 FROM sluice.login_session").first?.bytes(0) ?? []
        }
        for bytes in [other, stored, [], Array(secret.bytes.dropLast())] {
            let refused = await Self.refusal {
                try await database.owner.transaction("authorise") {
                    _ = try $0.query("SELECT sluice.authorise($1, 'look')", [.bytea(bytes)])
                }
            }
            #expect(refused == "SL017")
        }
        let ofNull = await Self.refusal {
            try await database.owner.transaction("authorise") {
                _ = try $0.query("SELECT sluice.authorise(NULL, 'look')")
            }
        }
        #expect(ofNull == "SL017")
        await database.close()
    }

    @Test func `are refused after wrong passwords one after the other, also with the right one`() async throws {
        let database = try await TestDatabase.make()
        _ = try await database.signIn("rita", staff: "S1", role: .reviewer)
        let right = TestDatabase.proof(of: "rita")
        for _ in 1...4 { #expect(try await Self.open("rita", proof: [1], database) == "wrong_password") }
        // One success begins the count anew.
        #expect(try await Self.open("rita", proof: right, database) == nil)
        for _ in 1...5 { #expect(try await Self.open("rita", proof: [1], database) == "wrong_password") }
        #expect(try await Self.open("rita", proof: right, database) == "locked_out")
        let refused = try await database.worker.transaction("change password") { transaction in
            try transaction.query(
                "SELECT sluice.change_password('rita', $1, decode(repeat('01', 16), 'hex'), sha256('x'), 15, 8, 1)",
                [.bytea(right)]
            ).first?.optionalText(0)
        }
        #expect(refused == "locked_out", "no way around it")
        #expect(try await database.store.logins(limit: 10).first?.hindrance == .locked)
        #expect(try await database.number("SELECT occurrences FROM sluice.alarm WHERE kind = 'login_locked'") == 1)
        try await database.execute("UPDATE sluice.login SET locked_until = locked_until - interval '15 minutes'")
        #expect(try await Self.open("rita", proof: right, database) == nil)
        let refusals = try await database.number(
            "SELECT count(*) FROM sluice.audit_entry WHERE action = 'login_refused'"
        )
        #expect(refusals == 11)
        await database.close()
    }

    @Test func `tell nobody which logins there are`() async throws {
        let database = try await TestDatabase.make()
        func salt(_ login: String) async throws -> [[UInt8]] {
            try await database.worker.transaction("salt") { transaction in
                try transaction.query("SELECT salt FROM sluice.login_salt($1)", [.text(login)]).map { try $0.bytes(0) }
            }
        }
        let (made, other) = (try await salt("nobody"), try await salt("somebody"))
        #expect(made.count == 1 && made.first?.count == 16 && made != other)
        #expect(try await salt("nobody") == made, "it would show that it is made up")
        #expect(try await Self.open("nobody", proof: [1], database) == "wrong_password")
        // What was typed in place of a login may be a password.
        let told = try await database.text("SELECT string_agg(subject || details, ' ') FROM sluice.audit_entry")
        #expect(told.contains("unknown_login") && !told.contains("nobody"))
        await database.close()
    }

    @Test func `by a one-time password open nothing but its change`() async throws {
        let database = try await TestDatabase.make()
        _ = try await database.signIn("rita", staff: "S1", role: .reviewer)
        try await database.execute("UPDATE sluice.login SET must_change = true")
        let secret = try await database.signIn("rita", staff: "S1", role: .reviewer)
        #expect(await Self.authorise(secret, .look, database) == "SL017")
        #expect(try await database.store.logins(limit: 10).first?.hindrance == .mustChange)
        await database.close()
    }

    @Test func `end with the password that opened them`() async throws {
        let database = try await TestDatabase.make()
        let (one, other) = (
            try await database.signIn("rita", staff: "S1", role: .reviewer),
            try await database.signIn("rita", staff: "S1", role: .reviewer)
        )
        let bystander = try await database.signIn("rita2", staff: "S1", role: .reviewer)
        try await database.worker.transaction("change password") { transaction in
            _ = try transaction.query(
                "SELECT sluice.change_password('rita', $1, decode(repeat('01', 16), 'hex'), sha256('x'), 15, 8, 1)",
                [.bytea(TestDatabase.proof(of: "rita"))]
            )
        }
        #expect(await Self.authorise(one, .look, database) == "SL017")
        #expect(await Self.authorise(other, .look, database) == "SL017")
        #expect(await Self.authorise(bystander, .look, database) == nil)
        await database.close()
    }

    @Test func `open the first administrator's once ever, and only for the owner`() async throws {
        let database = try await TestDatabase.make()
        let (ada, staff) = (try #require(LoginName("ada")), try #require(StaffNumber("S1")))
        let eve = try #require(LoginName("eve"))
        let password = try #require(Password(typed: "correct horse battery"))
        let byWorker = await Self.refusal {
            try await database.store.bootstrapAdministrator(ada, staff, password: password)
        }
        #expect(byWorker == "42501")
        try await database.ownerStore.bootstrapAdministrator(ada, staff, password: password)
        let store = try database.ownerStore
        let again = await Self.refusal { try await store.bootstrapAdministrator(eve, staff, password: password) }
        #expect(again == "SL009")
        for sql in ["DELETE FROM sluice.people_bootstrap", "TRUNCATE sluice.people_bootstrap"] {
            #expect(await Self.refusal { try await database.execute(sql) } == "SL009", "\(sql)")
        }
        #expect(try await database.number("SELECT count(*) FROM sluice.login WHERE must_change") == 1)
        #expect(try await database.text("SELECT action FROM sluice.audit_entry") == "bootstrap")
        await database.close()
    }
}
