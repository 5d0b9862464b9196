import Foundation
import PaymentCore
import PeopleTesting
import Testing
import sluice

/// Commands as people run them: one asks, another one approves.
extension FaultScene {
    /// The variables with which a command runs for this person.
    func signedIn(_ login: String, staff: String, role: PeopleRole) async throws -> [String: String] {
        let secret = try await owner.signIn(login, staff: staff, role: role)
        let name = try #require(LoginName(login))
        let file = SessionFile(path: "\(folder)/session-\(login)")
        try file.write(SessionFile.Content(environment: "demo", login: name, secret: secret))
        return ["SLUICE_SESSION_FILE": file.path]
    }

    /// Anna, a reviewer.
    func anna() async throws -> [String: String] { try await signedIn("anna", staff: "S1", role: .reviewer) }

    /// Bert, an approver.
    func bert() async throws -> [String: String] { try await signedIn("bert", staff: "S2", role: .approver) }

    /// Otto, an operator.
    func otto() async throws -> [String: String] { try await signedIn("otto", staff: "S4", role: .operator) }

    /// Runs what asks for something as Anna, and has Bert approve it where it takes him.
    @discardableResult
    func runByTwo(_ arguments: [String]) async throws -> Program {
        let asked = try await run(arguments + ["--json"], anna())
        let answer = try #require(try asked.json() as? [String: Any])
        guard answer["state"] as? String == "waiting" else { return asked }
        let number = try #require(answer["proposal"] as? String)
        let orders = try #require(answer["orders"] as? Int)
        let amounts = try #require(answer["amounts"] as? [String: Int])
        let named = orders == 0 && amounts.isEmpty ? [] : ["--orders", "\(orders)"]
        let sums = amounts.flatMap { ["--amount", "\($0.key)=\($0.value)"] }
        return try await run(
            ["review", "approve", number] + named + sums + ["--comment", "seen", "--json"],
            bert()
        )
    }
}
