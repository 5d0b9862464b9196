import ArgumentParser
import PaymentCore
import PostgresClient
import PostgresStore
import Store

/// `sluice user add`: a login, and its person if nobody has the staff number yet.
struct UserAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Make a login with a one-time password, which is shown once.",
        discussion: """
            Give the one-time password to the person; it opens nothing but the change of it. A second login for the \
            same staff number is the same person: it approves nothing that the first one asked for.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var wish: PeopleChangeOptions

    @Argument(help: "The login: small letters, digits, dot, hyphen, underscore.")
    var login: LoginName

    @Option(name: .customLong("staff"), help: ArgumentHelp("The person's staff number.", valueName: "no"))
    var staffNumber: StaffNumber

    @Option(help: "viewer, reviewer, approver, operator or administrator.")
    var role: PeopleRole

    func run() async throws {
        let drawn = Password.drawn()
        let outcome = try await wish.make(.add(login, staffNumber, role, drawn.password), try options.load())
        try report.show(
            outcome.json(login, password: drawn.text),
            words: outcome.words("\(login) is \(role.words), person \(staffNumber).", password: drawn.text)
        )
    }
}

/// `sluice user reset`: another one-time password for who forgot theirs.
struct UserResetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Give a login a new one-time password, which is shown once; its sessions end."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var wish: PeopleChangeOptions

    @Argument(help: "The login.")
    var login: LoginName

    func run() async throws {
        let drawn = Password.drawn()
        let outcome = try await wish.make(.reset(login, drawn.password), try options.load())
        try report.show(
            outcome.json(login, password: drawn.text),
            words: outcome.words("\(login) has a new password.", password: drawn.text)
        )
    }
}

/// `sluice user bootstrap`: the first administrator, by whoever owns the database.
struct UserBootstrapCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap",
        abstract: "Make the first administrator: once, on the database host, as the owner of the schema.",
        discussion: """
            Connects as a superuser or a member of sluice_owner, best over the Unix socket: --database-url \
            postgresql:///sluice?host=/run/postgresql. Afterwards people are made by an administrator: sluice user add.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The login: small letters, digits, dot, hyphen, underscore.")
    var login: LoginName

    @Option(name: .customLong("staff"), help: ArgumentHelp("The person's staff number.", valueName: "no"))
    var staffNumber: StaffNumber

    func run() async throws {
        let drawn = Password.drawn()
        do {
            try await Deployment.with(try options.load()) {
                try await $0.store.bootstrapAdministrator(login, staffNumber, password: drawn.password)
            }
        } catch let error as PostgresError where error.sqlState == "42501" {
            throw CommandFailure(
                "this role may not make the first administrator",
                mend: "connect as a superuser or a member of sluice_owner, on the database host: --database-url URI",
                status: .configuration
            )
        }
        try report.show(
            ["login": .string(login.value), "one_time_password": .string(drawn.text)],
            words: """
                \(login) is the first administrator, person \(staffNumber). Log in: sluice login \(login)
                One-time password, shown only here: \(drawn.text)
                """
        )
    }
}

/// `sluice user password`: one's own.
struct UserPasswordCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password",
        abstract: "Change your own password; your sessions end.",
        discussion: """
            Asks for the old and the new one, or reads them as the first two lines of standard input where that is no \
            terminal.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The login (default: whose session lies here).")
    var login: LoginName?

    func run() async throws {
        let configuration = try options.load()
        let login = try login ?? SignedIn.session(configuration).login
        try await Deployment.with(configuration) { deployment in
            let input = PasswordInput()
            let old = try input.ask("Old password of \(login): ")
            let new = try input.choose(besides: old)
            if let refusal = try await deployment.store.changePassword(of: login, from: old, to: new) {
                throw refusal.failure(login)
            }
        }
        try report.show(
            ["login": .string(login.value), "changed": true],
            words: "The password of \(login) is changed. Log in again: sluice login \(login)"
        )
    }
}

/// `sluice user list`: all logins by person.
struct UserListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List people with their logins, roles, and what keeps them out."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var list: ListOptions

    func run() async throws {
        let logins = try await Deployment.with(try options.load()) {
            try await $0.store.logins(limit: list.limit)
        }
        var table = Table("person", "login", "role", "state", "last used")
        for login in logins {
            let state = login.hindrance.map { hindrance in
                login.lockedUntil.map { "\(hindrance.rawValue) until \($0.brief)" } ?? hindrance.rawValue
            }
            table.add(login.staffNumber, login.login, login.role, state ?? "ok", login.lastUsedAt?.brief ?? "never")
        }
        try report.show(
            .array(
                logins.map {
                    [
                        "staff_no": .string($0.staffNumber), "login": .string($0.login), "role": .string($0.role),
                        "hindrance": .string($0.hindrance?.rawValue),
                        "locked_until": .string($0.lockedUntil?.iso8601),
                        "last_used_at": .string($0.lastUsedAt?.iso8601),
                    ]
                }
            ),
            words: table.isEmpty
                ? "There is nobody yet. On the database host: sluice user bootstrap LOGIN --staff NO" : table.text()
        )
    }
}
