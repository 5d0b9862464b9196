import PaymentCore
import PeopleTesting

extension TestDatabase {
    /// Opens a session; makes the person and the login first, if they are not there.
    func signIn(_ login: String, staff: String, role: PeopleRole) async throws -> SessionSecret {
        try await owner.signIn(login, staff: staff, role: role)
    }

    /// Anna, who asks, and Bert, who approves.
    func twoPeople() async throws -> TwoPeople {
        TwoPeople(
            maker: try await signIn("anna", staff: "S1", role: .reviewer),
            checker: try await signIn("bert", staff: "S2", role: .approver)
        )
    }

    /// Otto, who pauses lanes and acknowledges alarms.
    func otto() async throws -> SessionSecret { try await signIn("otto", staff: "S4", role: .operator) }

    /// What the login's client would send in place of its password.
    static func proof(of login: String) -> [UInt8] { proofOfPassword(of: login) }
}

extension PostgresHarness {
    /// Opens a session of a person with this login and role; makes them first, if they are not there.
    func signIn(_ login: String, staff: String, role: PeopleRole) async throws -> SessionSecret {
        try await database.signIn(login, staff: staff, role: role)
    }
}
