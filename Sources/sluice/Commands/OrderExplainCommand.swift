import ArgumentParser
import PaymentCore
import Pipeline
import PostgresStore
import Store

extension OrderCommand {
    /// Why an order may or may not be resent, rerouted or closed.
    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Say why an order may or may not be sent again, go to another channel, or be closed; with evidence.",
            discussion: """
                Printed by the same rules that the engine itself decides by. Exits 0 whatever they say; 2 if this \
                configuration lacks the specification or the merchant that would say it: then nothing is allowed that \
                they could forbid. Machines read `allowed`, `judged` and `conditions` with --json.
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @OptionGroup var report: ReportOptions

        @Argument(help: "The order, as BATCH-LINE.")
        var order: LineKey

        func run() async throws {
            let configuration = try options.load()
            let catalogue = try Catalogue.load(configuration)
            let (story, active) = try await Deployment.with(configuration, catalogue: catalogue, needs: .keys) {
                deployment in
                (
                    try await deployment.store.orderStory(of: order.batch, line: order.line),
                    try await deployment.store.channels()
                )
            }
            guard let story else {
                throw CommandFailure(
                    "there is no order \(order.batch)-\(order.line)",
                    mend: "look at: sluice quarantine show \(order.batch)-\(order.line), or sluice file show"
                        + " \(order.batch)"
                )
            }
            let explained = ExplainedOrder(
                story,
                configuration: catalogue.engineConfiguration(limits: configuration.limits),
                active: active
            )
            try report.show(explained.json, words: explained.words)
            if !explained.isJudged { throw ExitStatus.configuration.code }
        }
    }
}
