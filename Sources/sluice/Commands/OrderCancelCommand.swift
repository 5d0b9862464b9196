import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice order cancel`: cancels what has no intent yet.
struct OrderCancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel an order, or all orders of a file, that have not been handed to a channel yet.",
        discussion: """
            Once its intent is committed an order can be called back no more: it may be paid at any moment. A file \
            that is not loaded yet is refused whole by --all. Takes a reviewer or an approver who is logged in: sluice \
            login LOGIN.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The order, as BATCH-LINE; with --all the BATCH.")
    var target: String

    @Flag(help: "All orders of the file.")
    var all = false

    @Option(help: "With --all: how many orders you mean; another number cancels none.")
    var orders: Int64?

    @Option(help: "The amount that you mean, in minor units, as 123400 or CNY=123400; another cancels none.")
    var amount: [NamedAmount] = []

    @Option(help: "The state that you believe the order is in; in another it is not cancelled.")
    var state: OrderState?

    @OptionGroup var dry: DryRunOptions

    func validate() throws {
        if all {
            guard BatchIdentifier(argument: target) != nil else { throw ValidationError("--all goes with a BATCH") }
            guard (orders == nil) == amount.isEmpty else {
                throw ValidationError("name the orders of a file with --orders and --amount, both")
            }
            guard state == nil else { throw ValidationError("--state goes with a single order") }
        } else {
            guard LineKey(argument: target) != nil else {
                throw ValidationError("name an order as BATCH-LINE, or a whole file as BATCH with --all")
            }
            guard orders == nil, amount.count <= 1 else { throw ValidationError("a single order has one --amount") }
        }
    }

    func run() async throws {
        let key = LineKey(argument: target)
        guard let batch = all ? BatchIdentifier(argument: target) : key?.batch else { return }
        var requested = RequestedCancellation(batch: batch, line: all ? nil : key?.line)
        requested.state = state
        if !amount.isEmpty {
            requested.about = NamedOrders(count: orders ?? 1, amounts: try NamedAmount.sums(amount))
        }
        let cancellation = requested
        let configuration = try options.load()
        let person = try SignedIn.secret(configuration)
        let done = try await Deployment.with(configuration) {
            try await $0.store.cancelOrders(cancellation, by: person, isDry: dry.dryRun)
        }
        let count = done.cancelled.values.reduce(0) { $0 + $1.count }
        if !all, count == 0 { throw refusal(done) }
        try report.show(done.json(isDry: dry.dryRun), words: words(done))
    }

    /// Why a single order was not cancelled, and what there is to do instead.
    private func refusal(_ done: CancelledOrders) -> CommandFailure {
        let state = done.states.keys.first?.rawValue ?? "gone"
        guard done.tooLate > 0 else {
            return CommandFailure("order \(target) is \(state) already", mend: "nothing is left to cancel")
        }
        return CommandFailure(
            "too late: order \(target) is \(state), its intent is committed and the channel may pay it at any moment",
            mend: "follow it with `sluice order show \(target)`; if it is paid, get the money back by a return or a new"
                + " payment, and if you know better than the channel decide it in review"
        )
    }

    private func words(_ done: CancelledOrders) -> String {
        if done.isWholeFile {
            return dry.dryRun
                ? "Nothing was done. Batch \(target) is not loaded yet: it would be refused whole."
                : "Batch \(target) was not loaded yet: it is refused whole."
        }
        let sums = done.cancelled.sorted { $0.key < $1.key }.map { currency, tally in
            "\(tally.count) \(tally.count == 1 ? "order" : "orders") with \(amountWords(tally.amountMinor, currency))"
        }
        let head = dry.dryRun ? "Nothing was done. It would cancel: " : "Cancelled: "
        var lines = [sums.isEmpty ? "Nothing was cancelled." : head + sums.joined(separator: ", ") + "."]
        if done.tooLate > 0 {
            let states = done.states.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                "\($0.value) \($0.key.rawValue)"
            }
            lines.append(
                "Too late for \(done.tooLate) orders, whose intents are committed; the file"
                    + " \(dry.dryRun ? "would have" : "now has"): \(states.joined(separator: ", "))"
            )
        }
        return lines.joined(separator: "\n")
    }
}

extension CancelledOrders {
    fileprivate func json(isDry: Bool) -> JSON {
        [
            "dry_run": .bool(isDry), "file_state": .string(fileState.rawValue), "whole_file": .bool(isWholeFile),
            "cancelled": .object(
                cancelled.mapValues { ["count": .integer($0.count), "amount_minor": .integer($0.amountMinor)] }
            ),
            "too_late": .integer(tooLate),
            "states": .object(
                Dictionary(uniqueKeysWithValues: states.map { ($0.key.rawValue, .integer($0.value)) })
            ),
        ]
    }
}
