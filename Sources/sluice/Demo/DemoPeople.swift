import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// People of a demo that stays: one who asks, one who approves, and who made them; made as a deployment makes its own.
struct DemoPeople: Sendable {
    /// A login with its password.
    struct Member: Sendable {
        let login: String
        let role: PeopleRole
        let password: String
    }

    let members: [Member]

    /// Makes them, as the owner of the schema on the database host.
    static func make(owner uri: String) async throws -> DemoPeople {
        let pool = PostgresPool(
            configuration: PostgresConfiguration(uri: uri, applicationName: "sluice-demo"),
            connectionsMax: 1
        )
        do {
            let people = try await make(in: try SQLStore(pool: pool, keys: .closed()))
            await pool.close()
            return people
        } catch {
            await pool.close()
            throw error
        }
    }

    private static func make(in store: SQLStore) async throws -> DemoPeople {
        let administrator = try name("ada")
        let first = Password.drawn()
        try await store.bootstrapAdministrator(administrator, try staff("S1"), password: first.password)
        var members = [try await settle(administrator, .administrator, first.password, store)]
        guard
            case .opened(let secret, _, _) = try await store.openSession(
                administrator,
                password: try password(members[0].password)
            )
        else { throw DemoFailure("the administrator of the demo cannot log in") }
        for (login, number, role) in [
            ("rita", "S2", PeopleRole.reviewer), ("anton", "S3", .approver), ("otto", "S4", .operator),
        ] {
            let drawn = Password.drawn()
            let change = PeopleChange.add(try name(login), try staff(number), role, drawn.password)
            let made = try await store.change(change, by: secret, comment: "people of the demo", isDry: false)
            guard made == .applied else {
                throw DemoFailure("\(login) waits for a second administrator")
            }
            members.append(try await settle(try name(login), role, drawn.password, store))
        }
        _ = try await store.endSession(secret)
        return DemoPeople(members: members)
    }

    /// A one-time password opens nothing: each of them has one of their own.
    private static func settle(
        _ login: LoginName,
        _ role: PeopleRole,
        _ oneTime: Password,
        _ store: SQLStore
    ) async throws -> Member {
        let own = Password.drawn()
        if let refusal = try await store.changePassword(of: login, from: oneTime, to: own.password) {
            throw DemoFailure("\(login) is not let in: \(refusal.rawValue)")
        }
        return Member(login: login.value, role: role, password: own.text)
    }

    private static func name(_ text: String) throws -> LoginName {
        guard let name = LoginName(text) else { throw DemoFailure("\(text) is no login") }
        return name
    }

    private static func staff(_ text: String) throws -> StaffNumber {
        guard let number = StaffNumber(text) else { throw DemoFailure("\(text) is no staff number") }
        return number
    }

    private static func password(_ text: String) throws -> Password {
        guard let password = Password(typed: text) else { throw DemoFailure("a drawn password is empty") }
        return password
    }

    /// What somebody who has never seen the program does next.
    func words(environment path: String) -> String {
        let logins = members.map { member in
            let padding = String(repeating: " ", count: max(1, 8 - member.login.count))
            return "  \(member.login)\(padding)\(member.role.words), password \(member.password)"
        }
        return """
            Some records wait in quarantine. One person mends them and asks for their release, another one approves it:
            \(logins.joined(separator: "\n"))

            In another terminal, with this program as `sluice`:
              . \(path)
              sluice login rita
              sluice quarantine list
            Each command says what may come next; --help says the rest.
            """
    }
}
