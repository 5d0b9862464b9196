import Cryptography
package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: PeopleStore {
    package func openSession(_ login: LoginName, password: Password) async throws -> OpenedSession {
        let proof = try await proof(of: password, for: login)
        return try await pool.transaction("open session") { transaction in
            let rows = try transaction.query(
                "SELECT secret, refusal, role, must_change, expires_at FROM sluice.open_session($1, $2)",
                [.text(login.value), .bytea(proof.bytes)]
            )
            guard let row = rows.first else { throw StoreDefect("a login has no answer") }
            if !row.isNull(1) { return .refused(try row.word(1)) }
            guard let secret = SessionSecret(bytes: try row.bytes(0)) else {
                throw StoreDefect("a session's secret is cut")
            }
            guard try !row.bool(3) else { return .mustChangePassword }
            return .opened(secret, role: try row.word(2), expiresAt: try row.timestamp(4))
        }
    }

    package func changePassword(
        of login: LoginName,
        from old: Password,
        to new: Password
    ) async throws -> LoginRefusal? {
        let proof = try await proof(of: old, for: login)
        let next = PasswordProof(new: new)
        return try await pool.transaction("change password") { transaction in
            let rows = try transaction.query(
                "SELECT sluice.change_password($1, $2, $3, $4, $5, $6, $7)",
                [.text(login.value), .bytea(proof.bytes)] + next.parameters
            )
            guard let row = rows.first else { throw StoreDefect("a change of a password has no answer") }
            return row.isNull(0) ? nil : try row.word(0)
        }
    }

    package func endSession(_ secret: SessionSecret) async throws -> Bool {
        try await pool.transaction("end session") { transaction in
            try transaction.query("SELECT sluice.end_session($1)", [.bytea(secret.bytes)]).first?.bool(0) == true
        }
    }

    package func sessionHolder(_ secret: SessionSecret) async throws -> SessionHolder? {
        try await pool.transaction("who is logged in", readOnly: true) { transaction in
            let rows = try transaction.query(
                "SELECT login, staff_no, role, idle_until, expires_at FROM sluice.who_am_i($1)",
                [.bytea(secret.bytes)]
            )
            guard let row = rows.first else { return nil }
            guard let login = LoginName(try row.text(0)), let staffNumber = StaffNumber(try row.text(1)) else {
                throw StoreDefect("a session belongs to a login without a proper name")
            }
            return SessionHolder(
                login: login,
                staffNumber: staffNumber,
                role: try row.word(2),
                idleUntil: try row.timestamp(3),
                expiresAt: try row.timestamp(4)
            )
        }
    }

    package func require(_ action: PeopleAction, of secret: SessionSecret) async throws {
        try await pool.transaction("require action") { transaction in
            _ = try transaction.query(
                "SELECT sluice.require_action($1, $2)",
                [.bytea(secret.bytes), .text(action.rawValue)]
            )
        }
    }

    package func change(
        _ change: PeopleChange,
        by secret: SessionSecret,
        comment: String?,
        isDry: Bool
    ) async throws -> PeopleChangeOutcome {
        var members = change.members
        if let comment { members.append(("comment", .string(comment))) }
        let payload = JSONText.object(members)
        return try await carryOut("change people", isDry: isDry) { transaction in
            let rows = try transaction.query(
                "SELECT proposal_id, applied FROM sluice.change_user($1, $2)",
                [.bytea(secret.bytes), .jsonb(payload)]
            )
            guard let row = rows.first else { throw StoreDefect("a change of people has no answer") }
            // The number of a proposal that is taken back is nobody's.
            return try row.bool(1) ? .applied : .proposed(isDry ? nil : try row.int64(0))
        }
    }

    package func logins(limit: Int) async throws -> [LoginRow] {
        try await pool.transaction("logins", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT l.login, p.staff_no, l.role, CASE WHEN p.disabled_at IS NOT NULL THEN 'person disabled'
                        WHEN l.disabled_at IS NOT NULL THEN 'disabled'
                        WHEN l.locked_until > clock_timestamp() THEN 'locked'
                        WHEN l.must_change THEN 'one-time password' END,
                    CASE WHEN l.locked_until > clock_timestamp() THEN l.locked_until END,
                    (SELECT max(s.used_at) FROM sluice.login_session s WHERE s.login_id = l.login_id)
                FROM sluice.login l JOIN sluice.person p ON p.person_id = l.person_id
                ORDER BY p.staff_no, l.login LIMIT $1
                """,
                [.int64(Int64(limit))]
            ).map { row in
                var login = LoginRow(
                    login: try row.text(0),
                    staffNumber: try row.text(1),
                    role: try row.text(2)
                )
                login.hindrance = row.isNull(3) ? nil : try row.word(3)
                login.lockedUntil = try row.optionalTimestamp(4)
                login.lastUsedAt = try row.optionalTimestamp(5)
                return login
            }
        }
    }

    /// The proof of a password, at the cost that the login was made with.
    ///
    /// A server that asks for a cheaper one than ours is not told: it would be told a password that is easily guessed.
    private func proof(of password: Password, for login: LoginName) async throws -> PasswordProof {
        let (salt, cost) = try await pool.transaction("salt", readOnly: true) { transaction in
            let rows = try transaction.query(
                "SELECT salt, log2_n, r, p FROM sluice.login_salt($1)",
                [.text(login.value)]
            )
            guard let row = rows.first else { throw StoreDefect("a login has no salt") }
            let cost = Scrypt.Cost(
                log2BlockCount: Int(try row.int32(1)),
                blockSize: Int(try row.int32(2)),
                parallelism: Int(try row.int32(3))
            )
            return (try row.bytes(0), cost)
        }
        guard let cost, cost.reaches(.standard), salt.count == PasswordProof.saltByteCount else {
            throw StoreDefect("the database asks for the password at a cost that this program does not accept")
        }
        return PasswordProof(password, salt: salt, cost: cost)
    }
}

extension PeopleChange {
    /// As `sluice.change_user` reads it.
    fileprivate var members: [(String, JSONValue)] {
        switch self {
        case .add(let login, let staffNumber, let role, let password):
            [
                ("op", .string("add")), ("login", .string(login.value)), ("staff_no", .string(staffNumber.value)),
                ("role", .string(role.rawValue)),
            ] + PasswordProof(new: password).members
        case .role(let login, let role):
            [("op", .string("role")), ("login", .string(login.value)), ("role", .string(role.rawValue))]
        case .disable(let target): [("op", .string("disable")), target.member]
        case .enable(let target): [("op", .string("enable")), target.member]
        case .reset(let login, let password):
            [("op", .string("reset")), ("login", .string(login.value))] + PasswordProof(new: password).members
        case .unlock(let login): [("op", .string("unlock")), ("login", .string(login.value))]
        }
    }
}

extension PeopleTarget {
    fileprivate var member: (String, JSONValue) {
        switch self {
        case .login(let login): ("login", .string(login.value))
        case .person(let staffNumber): ("staff_no", .string(staffNumber.value))
        }
    }
}

extension PasswordProof {
    fileprivate var members: [(String, JSONValue)] {
        [
            ("salt", .string(Hexadecimal.encode(salt))), ("verifier", .string(Hexadecimal.encode(verifier))),
            (
                "scrypt",
                .array(
                    [cost.log2BlockCount, cost.blockSize, cost.parallelism].map { .integer(Int64($0)) }
                )
            ),
        ]
    }
}
