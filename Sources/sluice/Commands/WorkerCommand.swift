import ArgumentParser
import Logging
import PaymentCore
import Pipeline

/// `sluice worker`: the engine as a service.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Work on all stages and lanes until SIGTERM or SIGINT.",
        discussion:
            "Asked to stop, it claims nothing more and finishes the calls in flight; asked twice, it ends at once."
    )

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.load()
        let signals = StopSignals()
        try await Deployment.with(configuration, needs: [.keys, .channels]) { deployment in
            try await deployment.warnOfInactiveChannels()
            let engine = deployment.engine()
            let process = Deployment.process
            engine.logger.info("worker started")
            try await EngineRun(engine: engine, signals: signals) { stop in
                try await engine.run(
                    stages: Set(Engine.Stage.allCases),
                    host: process.host,
                    processIdentifier: process.identifier,
                    stop: stop
                ) {
                    while !stop.isRequested { try await engine.clock.sleep(for: engine.configuration.limits.idle) }
                }
            }
            engine.logger.info("worker stopped")
        }
    }
}
