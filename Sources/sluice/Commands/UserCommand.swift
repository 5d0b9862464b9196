import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice user`: people, their logins and roles.
struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user",
        abstract: "People: make logins, give roles, look who there is.",
        discussion: """
            A person is a human being, known by the staff number; a login is what somebody logs in with, and has one \
            role: viewer, reviewer, approver, operator or administrator. Several logins of one staff number are one \
            person, who never approves what they asked for themselves.

            The first administrator is made by `sluice user bootstrap` on the database host. Changes take an \
            administrator who is logged in: sluice login LOGIN. While there is one only, they are made at once, with \
            an alarm; from the second one on, another administrator approves each of them: sluice review approve. Have \
            at least three, so that two are left when one forgets a password.
            """,
        subcommands: [
            UserListCommand.self, WhoAmI.self, UserPasswordCommand.self, UserAddCommand.self, Role.self,
            Disable.self, Enable.self, UserResetCommand.self, Unlock.self, UserBootstrapCommand.self,
        ]
    )

    /// Who is logged in here.
    struct WhoAmI: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "whoami",
            abstract: "Show who is logged in here, what they may do, and until when."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        func run() async throws {
            let configuration = try options.load()
            let secret = try SignedIn.secret(configuration)
            let holder = try await Deployment.with(configuration) { try await $0.store.sessionHolder(secret) }
            guard let holder else {
                throw CommandFailure(
                    "the session has ended",
                    mend: "run: sluice login LOGIN",
                    status: .configuration
                )
            }
            let actions = PeopleAction.allCases.filter(holder.role.actions.contains).map(\.rawValue)
            try report.show(
                [
                    "login": .string(holder.login.value), "staff_no": .string(holder.staffNumber.value),
                    "role": .string(holder.role.rawValue), "may": .array(actions.map { .string($0) }),
                    "idle_until": .string(holder.idleUntil.iso8601),
                    "expires_at": .string(holder.expiresAt.iso8601),
                ],
                words: """
                    \(holder.login), person \(holder.staffNumber), \(holder.role.words)
                    may:   \(actions.joined(separator: ", "))
                    until: \(holder.idleUntil.brief) if nothing is done, \(holder.expiresAt.brief) at the latest
                    """
            )
        }
    }

    /// Another role.
    struct Role: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Give a login another role.")

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var wish: PeopleChangeOptions

        @Argument(help: "The login.")
        var login: LoginName

        @Argument(help: "The role.")
        var role: PeopleRole

        func run() async throws {
            let outcome = try await wish.make(.role(login, role), try options.load())
            try report.show(outcome.json(), words: outcome.words("\(login) is now \(role.words)."))
        }
    }

    /// Keeps a login or a person out.
    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Keep a login, or all logins of a person, out; their sessions end."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var wish: PeopleChangeOptions
        @OptionGroup var target: PeopleTargetOptions

        func run() async throws {
            let outcome = try await wish.make(.disable(try target.target()), try options.load())
            let words = try target.words()
            try report.show(outcome.json(), words: outcome.words("\(words) is disabled."))
        }
    }

    /// Lets it in again.
    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Let a disabled login or person in again.")

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var wish: PeopleChangeOptions
        @OptionGroup var target: PeopleTargetOptions

        func run() async throws {
            let outcome = try await wish.make(.enable(try target.target()), try options.load())
            let words = try target.words()
            try report.show(outcome.json(), words: outcome.words("\(words) is enabled."))
        }
    }

    /// Ends a lockout.
    struct Unlock: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a login try again that is locked after wrong passwords."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions
        @OptionGroup var wish: PeopleChangeOptions

        @Argument(help: "The login.")
        var login: LoginName

        func run() async throws {
            let outcome = try await wish.make(.unlock(login), try options.load())
            try report.show(outcome.json(), words: outcome.words("\(login) may try again."))
        }
    }
}

/// Why a change of people is wanted, and how it is made.
struct PeopleChangeOptions: ParsableArguments {
    @OptionGroup var dry: DryRunOptions

    @Option(help: ArgumentHelp("Why, for the administrator who approves; nothing personal.", valueName: "words"))
    var comment: String?

    func validate() throws {
        guard comment.map({ (1...400).contains($0.unicodeScalars.count) }) ?? true else {
            throw ValidationError("--comment is 1 to 400 characters long")
        }
    }

    /// Makes or proposes the change as whoever is logged in here, or looks what would become of it.
    func make(_ change: PeopleChange, _ configuration: Configuration) async throws -> PeopleChangeReport {
        let secret = try SignedIn.secret(configuration)
        let outcome = try await Deployment.with(configuration) {
            try await $0.store.change(change, by: secret, comment: comment, isDry: dry.dryRun)
        }
        return PeopleChangeReport(outcome: outcome, isDry: dry.dryRun)
    }
}

/// A login, or a person with all of theirs.
struct PeopleTargetOptions: ParsableArguments {
    @Argument(help: "The login.")
    var login: LoginName?

    @Option(name: .customLong("staff"), help: ArgumentHelp("The staff number: all of a person.", valueName: "no"))
    var staffNumber: StaffNumber?

    func validate() throws { _ = try target() }

    func target() throws -> PeopleTarget {
        switch (login, staffNumber) {
        case (let login?, nil): return .login(login)
        case (nil, let staffNumber?): return .person(staffNumber)
        case (nil, nil), (_?, _?): throw ValidationError("name either a login or --staff NO")
        }
    }

    func words() throws -> String {
        switch try target() {
        case .login(let login): "\(login)"
        case .person(let staffNumber): "Person \(staffNumber)"
        }
    }
}

/// What became of a change of people, or would.
struct PeopleChangeReport {
    let outcome: PeopleChangeOutcome
    let isDry: Bool

    /// `done`: what is so now if the change was made at once.
    func words(_ done: String) -> String {
        switch outcome {
        case .applied: isDry ? "Nothing was done. It would be made at once: \(done)" : done
        case .proposed(let proposal?):
            """
            Proposal \(ProposalNumber(proposal).words) waits for another administrator, who runs:
              sluice review approve \(ProposalNumber(proposal).words) --comment TEXT
            """
        case .proposed(nil): "Nothing was done. It would wait for another administrator."
        }
    }

    /// The words, and the password that opens the login once, where there is one.
    func words(_ done: String, password: String) -> String {
        words(done) + (isDry ? "" : "\nOne-time password, shown only here: \(password)")
    }

    func json(_ others: [String: JSON] = [:]) -> JSON {
        var members = others
        members["dry_run"] = .bool(isDry)
        members["proposal"] = .null
        switch outcome {
        case .applied: (members["applied"], members["proposal_id"]) = (.bool(!isDry), .null)
        case .proposed(let proposal):
            (members["applied"], members["proposal_id"]) = (false, .integer(proposal))
            members["proposal"] = .string(proposal.map { ProposalNumber($0).words })
        }
        return .object(members)
    }

    func json(_ login: LoginName, password: String) -> JSON {
        json(["login": .string(login.value), "one_time_password": isDry ? .null : .string(password)])
    }
}
