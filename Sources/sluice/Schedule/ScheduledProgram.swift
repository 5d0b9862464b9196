/// What cron or systemd starts, as whom, and with which variables.
package struct ScheduledProgram: Sendable {
    package let path: String
    /// The user of the lines or units; nil for the owner of the crontab, or root.
    package let user: String?
    /// What is not secret and every start needs.
    package let variables: [(name: String, value: String)]

    /// Throws `ConfigurationError` for what neither a crontab nor a unit can hold.
    package init(path: String, user: String?, configuration: String, jobs: String) throws(ConfigurationError) {
        for text in [path, configuration, jobs] where !text.utf8.allSatisfy(Self.isPlain) || !text.hasPrefix("/") {
            throw ConfigurationError(
                "`\(text)` cannot stand in a crontab or a unit",
                mend: "name an absolute path of letters, digits and /._+%@-, without blanks"
            )
        }
        if let user, user.isEmpty || !user.utf8.allSatisfy(Self.isPlain) || user.contains("/") {
            throw ConfigurationError("`\(user)` is not a user's name", mend: "write it as in sluice")
        }
        self.path = path
        self.user = user
        variables = [
            ("SLUICE_CONFIG", configuration), ("SLUICE_JOBS", jobs),
            // What a start has done lies in the database; only what is wrong is to be mailed or kept.
            ("SLUICE_LOG_LEVEL", "warning"),
        ]
    }

    func command(_ job: String) -> String { "\(path) run \(job)" }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte) || "/._+%@-".utf8.contains(byte)
    }
}
