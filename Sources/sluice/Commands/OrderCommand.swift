import ArgumentParser
import PaymentCore
import PostgresStore
import Store

/// `sluice order`: an order's whole story.
struct OrderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "order",
        abstract: "Look at single orders, and cancel them.",
        subcommands: [Show.self, Explain.self, OrderCancelCommand.self]
    )

    /// One order.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an order with its submissions, exchanges, attempts and review items; account masked."
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The order, as BATCH-LINE.")
        var order: LineKey

        func run() async throws {
            let story = try await Deployment.with(try options.load(), needs: .keys) { deployment in
                try await deployment.store.orderStory(of: order.batch, line: order.line)
            }
            guard let story else {
                throw CommandFailure(
                    "there is no order \(order.batch)-\(order.line)",
                    mend: "look at: sluice quarantine show \(order.batch)-\(order.line), or sluice file show"
                        + " \(order.batch)"
                )
            }
            try report.show(story.json, words: story.words)
        }
    }
}
