import ArgumentParser
import PaymentCore
import PostgresStore
import Review
import Store

/// `sluice quarantine release`: asks for records to become orders.
struct QuarantineReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Ask for the release of records; another person approves it, and they join the next window.",
        discussion: """
            A record that the rules would keep back again is not asked for: amend it, or accept the reason where an \
            order can be made in spite of it (--accept account_check_digit). The records become orders of one \
            supplement a file. With --dry-run you see how many would go, with which sums, and which look like a later \
            order to the same account.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions
    @OptionGroup var which: QuarantineSelectionOptions

    @Option(help: ArgumentHelp("A reason that is to keep no record back. May be repeated.", valueName: "code"))
    var accept: [String] = []

    @Option(help: "Why; kept with the proposal. Not needed for --dry-run.")
    var comment: String?

    func validate() throws {
        guard dry.dryRun || comment?.isEmpty == false else { throw ValidationError("--comment says why") }
    }

    func run() async throws {
        try await RecordRequest(
            kind: .release(accepting: accept),
            selection: which.selection,
            comment: comment,
            isDry: dry.dryRun
        ).run(try options.load(), report)
    }
}

/// `sluice quarantine reject`: asks for records to be closed without an order.
struct QuarantineRejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject",
        abstract: "Ask for the rejection of records; another person approves it, and the merchant is told.",
        discussion: """
            Their lines in the result file say FAILED, rejected_by_person, and their numbers are free again: the \
            merchant may send them anew.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var dry: DryRunOptions
    @OptionGroup var which: QuarantineSelectionOptions

    @Option(help: "Why; kept with the proposal. Not needed for --dry-run.")
    var comment: String?

    func validate() throws {
        guard dry.dryRun || comment?.isEmpty == false else { throw ValidationError("--comment says why") }
    }

    func run() async throws {
        try await RecordRequest(kind: .reject, selection: which.selection, comment: comment, isDry: dry.dryRun)
            .run(try options.load(), report)
    }
}

/// What the two commands have in common.
private struct RecordRequest {
    enum Kind {
        case release(accepting: [String])
        case reject
    }

    let kind: Kind
    let selection: RecordSelection
    let comment: String?
    let isDry: Bool

    func run(_ configuration: Configuration, _ report: ReportOptions) async throws {
        let session = try SignedIn.secret(configuration)
        let bar = ProgressBar(isWanted: !report.json)
        let answer = try await bar.during {
            try await Deployment.with(configuration, needs: .keys) { deployment in
                let done = try await ask(deployment.quarantineReview, session) {
                    bar.show("looking", done: $0.done, of: $0.whole)
                }
                var missing: Int?
                if let number = done.proposal {
                    missing = try await deployment.store.proposal(number)?.approvalsMissing
                }
                return RequestAnswer(word: word, report: done, approvalsMissing: missing)
            }
        }
        try report.show(answer.json, words: answer.words)
        guard answer.report.leftAlone.isEmpty else { throw ExitStatus.waitsForPerson.code }
    }

    private func ask(
        _ review: QuarantineReview,
        _ session: SessionSecret,
        _ progress: @escaping QuarantineReview.ShowProgress
    ) async throws -> RequestReport {
        switch kind {
        case .release(let accepted):
            try await review.release(
                selection,
                accepting: accepted,
                comment: comment ?? "",
                session: session,
                isPreview: isDry,
                progress: progress
            )
        case .reject:
            try await review.reject(
                selection,
                comment: comment ?? "",
                session: session,
                isPreview: isDry,
                progress: progress
            )
        }
    }

    private var word: RequestAnswer.Word {
        if case .release = kind { .release } else { .reject }
    }
}
