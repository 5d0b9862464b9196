import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice review approve`: the second person.
struct ReviewApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approve what another person has asked for; with the last voice needed it is carried out.",
        discussion: """
            Look at it first: sluice review show p12. Who approves repeats how many orders or records it is about and \
            their sums. It takes an approver who is logged in, for changes of people an administrator. Refused for \
            whoever asked for it, amended one of its records or has approved it already, also under a second login; \
            and when it has expired, or what it is about has changed. Ends with 3 if a record stays where it was: \
            sluice review show tells which and why.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions

    @Argument(help: "The proposal, as p12.")
    var proposal: ProposalNumber

    @Option(help: "How many orders or records it is about.")
    var orders: Int64?

    @Option(help: "Minor units, as CNY=123400; without a currency where there is only one.")
    var amount: [NamedAmount] = []

    @Option(help: "What you have looked at; kept with your voice.")
    var comment: String

    func run() async throws {
        let configuration = try options.load()
        let secret = try SignedIn.secret(configuration)
        let about = try orders.map { NamedOrders(count: $0, amounts: try NamedAmount.sums(amount)) }
        let (made, kind) = try await Deployment.with(configuration) { deployment in
            let made = try await deployment.store.approve(
                proposal.value,
                about: about,
                comment: comment,
                by: secret,
                isDry: dry.dryRun
            )
            return (made, try await deployment.store.proposal(proposal.value)?.kind ?? "")
        }
        let answer = ProposalReport(made: made, what: "approved", unit: Proposal.unit(ofKind: kind))
        let words =
            made.isDone || dry.dryRun
            ? answer.words
            : "Approved. Proposal \(proposal.words) waits for \(made.approvalsMissing) more."
        try report.show(answer.json, words: words)
        guard made.effect.refused == 0 else { throw ExitStatus.waitsForPerson.code }
    }
}

/// `sluice review decline`: the second person says no.
struct ReviewDeclineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decline",
        abstract: "Say no to what another person has asked for; it is over."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions

    @Argument(help: "The proposal, as p12.")
    var proposal: ProposalNumber

    @Option(help: "Why.")
    var comment: String

    func run() async throws {
        let configuration = try options.load()
        let secret = try SignedIn.secret(configuration)
        try await Deployment.with(configuration) {
            try await $0.store.decline(proposal.value, comment: comment, by: secret, isDry: dry.dryRun)
        }
        try report.show(
            [
                "proposal": .string(proposal.words), "dry_run": .bool(dry.dryRun),
                "state": .string(dry.dryRun ? "dry_run" : "declined"),
            ],
            words: dry.dryRun ? "Nothing was done; it could be declined." : "Proposal \(proposal.words) is declined."
        )
    }
}

/// `sluice review withdraw`: the maker takes back what they asked for.
struct ReviewWithdrawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Take back what you have asked for."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions

    @Argument(help: "The proposal, as p12.")
    var proposal: ProposalNumber

    func run() async throws {
        let configuration = try options.load()
        let secret = try SignedIn.secret(configuration)
        try await Deployment.with(configuration) {
            try await $0.store.withdraw(proposal.value, by: secret, isDry: dry.dryRun)
        }
        try report.show(
            [
                "proposal": .string(proposal.words), "dry_run": .bool(dry.dryRun),
                "state": .string(dry.dryRun ? "dry_run" : "withdrawn"),
            ],
            words: dry.dryRun ? "Nothing was done; it could be withdrawn." : "Proposal \(proposal.words) is withdrawn."
        )
    }
}

extension ProposalNumber: ExpressibleByArgument {}
