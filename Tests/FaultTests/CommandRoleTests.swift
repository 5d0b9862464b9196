import PaymentCore
import Testing

/// Every command that acts for a person, with every role: exactly what the table of roles and actions says.
@Suite struct CommandRoleTests {
    private struct Command {
        let action: PeopleAction
        let arguments: [String]
    }

    private static func commands(_ batch: Int64, of person: String) -> [Command] {
        [
            Command(
                action: .amend,
                arguments: ["quarantine", "amend", "\(batch)-1", "--set", "purpose=\(person)", "--comment", "c"]
            ),
            Command(
                action: .propose,
                arguments: ["quarantine", "release", "\(batch)-2", "--accept", "account_check_digit", "--comment", "c"]
            ),
            Command(action: .propose, arguments: ["quarantine", "reject", "\(batch)-3", "--comment", "c"]),
            Command(
                action: .propose,
                arguments: ["quarantine", "choose", "\(batch)-1", "--over", "\(batch)-2", "--comment", "c"]
            ),
            Command(
                action: .propose,
                arguments: ["review", "decide", "none", "approve", "--orders", "1", "--amount", "1", "--comment", "c"]
            ),
            Command(
                action: .propose,
                arguments: [
                    "review", "correct", "\(batch)-4", "--amount", "1", "--state", "failed", "--to", "succeeded",
                    "--evidence", "e", "--comment", "c",
                ]
            ),
            Command(
                action: .amend,
                arguments: ["quarantine", "amend", "\(batch)-1", "--trim", "purpose", "--dry-run"]
            ),
            Command(action: .amend, arguments: ["quarantine", "import", "/dev/null", "--dry-run"]),
            Command(action: .operate, arguments: ["channel", "pause", "harbor", "--reason", "why"]),
            Command(action: .operate, arguments: ["channel", "resume", "harbor", "--dry-run"]),
            Command(action: .operate, arguments: ["alarm", "ack", "1", "--note", "seen"]),
            Command(action: .cancel, arguments: ["order", "cancel", "\(batch)-8"]),
            Command(action: .unmask, arguments: ["quarantine", "unmask", "\(batch)-1", "--reason", "asked"]),
            Command(
                action: .unmask,
                arguments: ["review", "evidence", "1", "--output", "nowhere/file", "--reason", "asked"]
            ),
            Command(action: .approve, arguments: ["review", "approve", "p1", "--orders", "9", "--comment", "c"]),
            Command(action: .approve, arguments: ["review", "decline", "p1", "--comment", "c", "--dry-run"]),
            Command(action: .look, arguments: ["review", "withdraw", "p1"]),
            Command(action: .look, arguments: ["user", "whoami"]),
            Command(
                action: .administer,
                arguments: ["user", "add", "newcomer", "--staff", "N1", "--role", "viewer"]
            ),
            Command(action: .administer, arguments: ["user", "unlock", "other"]),
            Command(action: .administer, arguments: ["user", "role", "other", "viewer", "--dry-run"]),
            Command(action: .administer, arguments: ["user", "disable", "other", "--dry-run"]),
            Command(action: .administer, arguments: ["user", "enable", "other", "--dry-run"]),
            Command(action: .administer, arguments: ["user", "reset", "other", "--dry-run"]),
        ]
    }

    /// What anybody may do who may connect: nothing personal is shown.
    private static func reading(_ batch: Int64) -> [[String]] {
        [
            ["quarantine", "list"], ["quarantine", "show", "\(batch)-1"], ["review", "list"],
            ["review", "list", "--by", "channel"], ["review", "show", "p1"], ["audit", "verify"], ["user", "list"],
        ]
    }

    @Test func `let in whom the table of roles lets in, and nobody else`() async throws {
        try await FaultScene.with { scene in
            let (batch, _) = try await ReleaseTests.submit(bad: 4, of: 8, scene)
            try await scene.run(["run", "intake"])
            // Something of another person that waits.
            let other = try await scene.signedIn("other", staff: "S99", role: .reviewer)
            try await scene.run(["quarantine", "reject", "\(batch)-4", "--comment", "c"], other)
            for role in PeopleRole.allCases {
                let name = role.rawValue
                let somebody = try await scene.signedIn("as-\(name)", staff: "S-\(name.uppercased())", role: role)
                for command in Self.commands(batch, of: name) {
                    let ran = try scene.start(command.arguments, somebody)
                    let status = try await ran.end()
                    let isDenied = ran.log.contains("that role may not")
                    #expect(
                        isDenied == !role.actions.contains(command.action),
                        "\(role) \(command.arguments.joined(separator: " ")): \(ran.log)"
                    )
                    if isDenied { #expect(status == 2, "\(command.arguments)") }
                    #expect(!ran.log.contains("nobody is logged in"), "\(command.arguments)")
                }
            }
            // Nor anybody who is nobody, where the command acts for a person.
            for command in Self.commands(batch, of: "nobody") {
                let refused = try await scene.run(command.arguments, expecting: 2)
                #expect(refused.log.contains("nobody is logged in"), "\(command.arguments): \(refused.log)")
            }
            for arguments in Self.reading(batch) { try await scene.run(arguments) }
        }
    }
}
