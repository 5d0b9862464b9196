import ArgumentParser
import Foundation
import PaymentCore
import PostgresStore
import Store

/// `sluice review show`: a proposal, an incident or one review item.
struct ReviewShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a proposal with its records and voices, or the items of an incident with their orders."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var list: ListOptions

    @Argument(help: "A proposal, as p12; an incident; or the number of a review item.")
    var target: String

    func run() async throws {
        let configuration = try options.load()
        if target.hasPrefix("p"), let number = ProposalNumber(argument: target) {
            return try await showProposal(number, configuration)
        }
        let items = try await Deployment.with(configuration) {
            try await $0.store.reviewItems(of: target, limit: list.limit)
        }
        guard !items.isEmpty else {
            throw CommandFailure(
                "no open review item or incident \(Masked.visible(target))",
                mend: "it may have been decided meanwhile; look at: sluice review list"
            )
        }
        var table = Table("#item", "cause", "code", "channel", "about", "#orders", "#amount", "states", "opened")
        for item in items {
            let orders = item.orders.values.flatMap(\.values).reduce(0) { $0 + $1.count }
            table.add(
                "\(item.number)",
                item.cause,
                item.code,
                item.channel,
                item.place,
                "\(orders)",
                item.sums.sumWords,
                item.orders.keys.map(\.rawValue).sorted().joined(separator: ", "),
                item.openedAt.brief
            )
        }
        try report.show(["items": .array(items.map(\.json))], words: table.text())
    }

    private func showProposal(_ number: ProposalNumber, _ configuration: Configuration) async throws {
        let (found, records) = try await Deployment.with(configuration) { deployment in
            var records: [ProposedRecord] = []
            var page: [ProposedRecord]
            repeat {
                page = try await deployment.store.records(of: number.value, after: records.last?.key, limit: 1_000)
                records += page
            } while page.count == 1_000
            return (try await deployment.store.proposal(number.value), records)
        }
        guard let found else {
            throw CommandFailure("there is no proposal \(number.words)", mend: "look at: sluice review list")
        }
        var table = Table("record", "#revision", "outcome", "becomes")
        // What stayed where it was stands first.
        for record in (records.filter(\.isRefused) + records.filter { !$0.isRefused }).prefix(list.limit) {
            table.add("\(record.key)", "\(record.revision)", record.outcome, record.successor)
        }
        let more =
            records.count > list.limit ? "\n… of \(records.count): --limit shows more, --json names them all" : ""
        try report.show(
            [
                "proposal": found.json,
                "records": .array(
                    records.map {
                        [
                            "record": .string("\($0.key)"), "revision": .integer(Int64($0.revision)),
                            "outcome": .string($0.outcome), "successor": .string($0.successor),
                        ]
                    }
                ),
            ],
            words: found.words + (table.isEmpty ? "" : "\n\n\(table.text())\(more)")
        )
    }
}

/// `sluice review evidence`: a kept file.
struct ReviewEvidenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evidence",
        abstract: "Write a kept evidence file to disk; who read it and why is written into the audit.",
        discussion: "Takes a reviewer or an approver who is logged in; it counts as unmasking a record."
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The number of the file.")
    var number: Int64

    @Option(help: "Where to; a file that is there already is not written over.")
    var output: String

    @Option(help: "Why you need to see it; kept in the audit.")
    var reason: String

    func run() async throws {
        let configuration = try options.load()
        let secret = try SignedIn.secret(configuration)
        let found = try await Deployment.with(configuration, needs: .keys) {
            try await $0.store.openEvidence(number, reason: Masked.reason(reason), by: secret)
        }
        guard let found else {
            throw CommandFailure(
                "there is no evidence file \(number)",
                mend: "look at: sluice review list --by evidence"
            )
        }
        let descriptor = open(output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw CommandFailure("the file cannot be made", mend: "name one that is not there, in a folder that is")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try handle.write(contentsOf: found.content)
        try handle.close()
        try report.show(
            [
                "file": .integer(number), "name": .string(found.fileName),
                "bytes": .integer(Int64(found.content.count)), "output": .string(output),
            ],
            words: "\(found.content.count) bytes of \(Masked.visible(found.fileName))."
        )
    }
}

extension ProposedRecord {
    /// Whether it stayed where it was when the others went.
    fileprivate var isRefused: Bool { outcome.map { !["released", "rejected"].contains($0) } ?? false }

    fileprivate var successor: String? {
        guard let successorBatch, let successorLine else { return nil }
        return "\(successorBatch)-\(successorLine)"
    }
}

extension OpenReviewItem {
    fileprivate var place: String {
        "\(batch)" + (line.map { "-\($0)" } ?? submission.map { "/\($0)" } ?? "")
    }

    fileprivate var sums: [String: Int128] {
        orders.values.reduce(into: [:]) { sums, tallies in
            for (currency, tally) in tallies { sums[currency, default: 0] += tally.amountMinor }
        }
    }

    fileprivate var json: JSON {
        [
            "item": .integer(number), "incident": .string(incident), "cause": .string(cause), "code": .string(code),
            "channel": .string(channel), "about": .string(place), "amounts": sums.sumJSON,
            "opened_at": .string(openedAt.iso8601),
            "orders": .object(
                Dictionary(
                    uniqueKeysWithValues: orders.map { state, tallies in
                        (state.rawValue, .integer(tallies.values.reduce(0) { $0 + $1.count }))
                    }
                )
            ),
        ]
    }
}
