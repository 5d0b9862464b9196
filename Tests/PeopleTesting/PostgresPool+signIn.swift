import Cryptography
package import PaymentCore
package import PostgresClient

/// A person of a test is not let in.
package struct NotLetIn: Error, CustomStringConvertible {
    package let description: String
}

extension PostgresPool {
    /// Opens a session; makes the person and the login first, if they are not there.
    ///
    /// The pool is of a role that may write the tables of people. The proof of the password is made up from the login's
    /// name, so nothing is spent on scrypt.
    ///
    /// `staff`: who the person is; two logins of one number are of one person.
    package func signIn(_ login: String, staff: String, role: PeopleRole) async throws -> SessionSecret {
        let proof = proofOfPassword(of: login)
        return try await transaction("sign in") { transaction in
            _ = try transaction.execute(
                "INSERT INTO sluice.person (staff_no) VALUES ($1) ON CONFLICT DO NOTHING",
                [.text(staff)]
            )
            _ = try transaction.execute(
                """
                INSERT INTO sluice.login (login, person_id, role, salt, verifier, scrypt_log2_n, scrypt_r, scrypt_p,
                    must_change)
                SELECT $1, p.person_id, $2::sluice.people_role, decode(repeat('00', 16), 'hex'), sha256($3), 15, 8, 1,
                    false
                FROM sluice.person p WHERE p.staff_no = $4
                ON CONFLICT (login) DO NOTHING
                """,
                [.text(login), .text(role.rawValue), .bytea(proof), .text(staff)]
            )
            let rows = try transaction.query(
                "SELECT secret, refusal FROM sluice.open_session($1, $2)",
                [.text(login), .bytea(proof)]
            )
            guard let row = rows.first, row.isNull(1), let secret = SessionSecret(bytes: try row.bytes(0)) else {
                throw NotLetIn(description: "\(login): \(try rows.first?.optionalText(1) ?? "no answer")")
            }
            return secret
        }
    }
}

/// What the client of a test person's login would send in place of the password.
package func proofOfPassword(of login: String) -> [UInt8] {
    SHA256.hash(Array("the password of \(login)".utf8))
}
