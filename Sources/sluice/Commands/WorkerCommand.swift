import ArgumentParser
import Logging
import PaymentCore
import Pipeline
import Store

/// `sluice worker`: the engine as a service.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Work on stages and lanes until SIGTERM or SIGINT.",
        discussion: """
            Asked to stop, it claims nothing more and finishes the calls in flight; asked twice, or after the time \
            that a stop may take, it ends at once. Beside the stages, every worker rescues the work of dead ones.

            With --stages intake,plan,poll,settle it does everything but new sends, which a job's windows then bound.
            """
    )

    @OptionGroup var options: ConfigurationOptions

    @Option(
        help: ArgumentHelp(
            "What to work on: some of these, separated by commas.",
            valueName: "stages"
        )
    )
    var stages = StageList.all

    func validate() throws {
        guard !stages.stages.contains(.archive) else {
            throw ValidationError("archiving is a job: sluice run archive")
        }
    }

    func run() async throws {
        let configuration = try options.load()
        let signals = StopSignals()
        let stages = stages.stages
        let callsChannels = !stages.isDisjoint(with: [.submit, .poll])
        try await Deployment.with(configuration, needs: callsChannels ? [.keys, .channels] : .keys) { deployment in
            if callsChannels { try await deployment.warnOfInactiveChannels() }
            let engine = deployment.engine()
            let process = Deployment.process
            engine.logger.info("worker started", metadata: ["stages": "\(StageList(stages))"])
            // Its leases are free at once, not only after a silence.
            let abandon: @Sendable () async -> Void = { try? await engine.store.stopWorker(engine.worker) }
            try await EngineRun(engine: engine, signals: signals, abandon: abandon) { stop in
                try await engine.run(
                    stages: stages,
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

/// Stages as an argument: `intake,plan`.
struct StageList: ExpressibleByArgument, CustomStringConvertible {
    static let all = StageList(Set(Engine.Stage.ofWorkers))

    let stages: Set<Engine.Stage>

    init(_ stages: Set<Engine.Stage>) { self.stages = stages }

    init?(argument: String) {
        let words = argument.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        let stages = words.compactMap(Engine.Stage.init(rawValue:))
        guard stages.count == words.count, Set(stages).count == words.count else { return nil }
        self.init(Set(stages))
    }

    var description: String {
        Engine.Stage.allCases.filter(stages.contains).map(\.rawValue).joined(separator: ",")
    }

    var defaultValueDescription: String { description }
}
