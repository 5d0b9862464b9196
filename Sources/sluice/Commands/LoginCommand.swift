import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice login`: opens a session, which lies in a file that only its owner can read.
struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in: commands that people are answerable for act by this session.",
        discussion: """
            Asks for the password, or reads it as the first line of standard input where that is no terminal. A \
            one-time password is changed at once: the next line is the new one, of at least 12 characters. The session \
            lies in $SLUICE_SESSION_FILE, else in sluice/session of $XDG_STATE_HOME or ~/.local/state; it ends when \
            nothing is done for a while, at the latest after some hours (`review` of sluice.yaml), and with \
            `sluice logout`.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The login.")
    var login: LoginName

    func run() async throws {
        let configuration = try options.load()
        let file = try SessionFile.standard(configuration.variables)
        let (secret, role, expiresAt) = try await Deployment.with(configuration) { deployment in
            try await open(deployment.store)
        }
        try file.write(
            SessionFile.Content(environment: configuration.environment.name, login: login, secret: secret)
        )
        try report.show(
            [
                "login": .string(login.value), "role": .string(role.rawValue),
                "expires_at": .string(expiresAt.iso8601),
            ],
            words: "\(login) is logged in as \(role.words), until \(expiresAt.brief) at the latest."
        )
    }

    private func open(_ store: some PeopleStore) async throws -> (SessionSecret, PeopleRole, Timestamp) {
        let input = PasswordInput()
        var password = try input.ask("Password of \(login): ")
        var opened = try await store.openSession(login, password: password)
        if opened == .mustChangePassword {
            if !report.json {
                try Terminal.line("This is a one-time password: choose one that only you know.", to: .error)
            }
            let new = try input.choose(besides: password)
            if let refusal = try await store.changePassword(of: login, from: password, to: new) {
                throw refusal.failure(login)
            }
            password = new
            opened = try await store.openSession(login, password: password)
        }
        switch opened {
        case .opened(let secret, let role, let expiresAt): return (secret, role, expiresAt)
        case .refused(let refusal): throw refusal.failure(login)
        case .mustChangePassword:
            throw CommandFailure("the password was reset meanwhile", mend: "ask for the new one-time password")
        }
    }
}

/// `sluice logout`: ends the session, here and in the database.
struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Log out: end the session, here and in the database."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() async throws {
        let configuration = try options.load()
        let file = try SessionFile.standard(configuration.variables)
        guard let content = try file.read() else {
            return try report.show(["login": nil, "ended": false], words: "Nobody was logged in.")
        }
        // First where it can be used, then where it is told.
        try file.remove()
        var hasEnded = false
        if content.environment == configuration.environment.name {
            hasEnded = try await Deployment.with(configuration) { try await $0.store.endSession(content.secret) }
        }
        try report.show(
            ["login": .string(content.login.value), "ended": .bool(hasEnded)],
            words: hasEnded ? "\(content.login) is logged out." : "\(content.login) is logged out; it had ended before."
        )
    }
}
