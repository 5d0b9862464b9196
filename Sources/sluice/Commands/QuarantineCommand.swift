import ArgumentParser

/// `sluice quarantine`: the records that were set aside.
struct QuarantineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quarantine",
        abstract: "Look at quarantined records, amend them, and ask for their release or rejection.",
        discussion: """
            A record that breaks a rule waits here while the rest of its file proceeds. A reviewer looks at what is \
            wrong (list, show), mends it (amend; or export, a spreadsheet, import), and asks for the release: another \
            person approves it with `sluice review approve`, and the records become orders of a supplement, which \
            joins the next window. Log in first: sluice login LOGIN.
            """,
        subcommands: [
            QuarantineListCommand.self, QuarantineShowCommand.self, QuarantineAmendCommand.self,
            QuarantineReleaseCommand.self, QuarantineRejectCommand.self, QuarantineChooseCommand.self,
            QuarantineExportCommand.self, QuarantineImportCommand.self, QuarantineUnmaskCommand.self,
        ]
    )
}
