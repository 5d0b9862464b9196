import ArgumentParser
import Logging
import PaymentCore
import Pipeline
import PostgresStore
import Store

/// `sluice run JOB`: one run of a job in its window, what cron calls.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a job once, in the window that is open now.",
        discussion: """
            Safe to start at any time, any number of times. Exits 0 when done, done before or outside the window; 3 \
            when done but something waits for a person; 4 while another run holds the window; 5 when work was left \
            at the deadline or a signal.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    @Argument(help: "The job: Jobs/JOB.yaml.")
    var job: String

    @Option(name: .customLong("jobs"), help: "The folder of the jobs (default: $SLUICE_JOBS, else Jobs).")
    var folder: String?

    func run() async throws {
        let configuration = try options.load()
        let definition = try JobFile.load(job, folder: folder ?? configuration.variables["SLUICE_JOBS"] ?? "Jobs")
        let signals = StopSignals()
        let callsChannels = !definition.stages.isDisjoint(with: [.submit, .poll])
        let needs: Deployment.Needs = callsChannels ? [.keys, .channels] : .keys
        let (outcome, waiting) = try await Deployment.with(configuration, needs: needs) { deployment in
            if callsChannels { try await deployment.warnOfInactiveChannels() }
            let engine = deployment.engine()
            let runner = JobRunner(engine: engine, job: definition)
            let process = Deployment.process
            let outcome = try await EngineRun(engine: engine, signals: signals) { stop in
                try await runner.run(host: process.host, processIdentifier: process.identifier, stop: stop)
            }
            deployment.logger.info(
                "run ended",
                metadata: ["job": "\(definition.name)", "peak_resident_kib": "\(PeakMemory.kibibytes ?? 0)"]
            )
            return (outcome, try await deployment.store.waitingForPeople())
        }
        let ending = Ending(outcome, waiting: waiting)
        try report.show(
            [
                "job": .string(definition.name), "outcome": .string(ending.name),
                "review_items": .integer(waiting.reviewItems), "held_files": .integer(waiting.heldFiles),
                "exit": .integer(ending.status.rawValue),
            ],
            words: "\(definition.name): \(ending.words)"
        )
        if ending.status != .done { throw ending.status.code }
    }
}

/// How a run ended, in words and as an exit status.
struct Ending: Sendable, Equatable {
    let name: String
    let words: String
    let status: ExitStatus

    init(_ outcome: JobRunner.Outcome, waiting: WaitingForPeople) {
        switch outcome {
        case .done where waiting.isNothing: (name, words, status) = ("done", "done", .done)
        case .alreadyDone where waiting.isNothing: (name, words, status) = ("already_done", "already done", .done)
        case .done, .alreadyDone:
            name = outcome == .done ? "done" : "already_done"
            let items = waiting.reviewItems == 1 ? "1 review item waits" : "\(waiting.reviewItems) review items wait"
            let held = waiting.heldFiles == 0 ? "" : " (held files: \(waiting.heldFiles))"
            let ending = outcome == .done ? "done" : "already done"
            words = "\(ending), but \(items) for a person\(held); look at: sluice review list"
            status = .waitsForPerson
        case .outsideWindow: (name, words, status) = ("outside_window", "outside its window", .done)
        case .held: (name, words, status) = ("held", "another run holds the window", .heldByAnother)
        case .workLeft: (name, words, status) = ("work_left", "stopped with due work left; start it again", .workLeft)
        }
    }
}
