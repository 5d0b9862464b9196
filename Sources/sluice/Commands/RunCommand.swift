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
            at the deadline or a signal. A job that archives exits 3 while archiving is stopped, 1 after a mismatch.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var jobs: JobOptions

    @Argument(help: "The job: Jobs/JOB.yaml.")
    var job: String

    func run() async throws {
        let configuration = try options.load()
        let definition = try jobs.load(job, configuration)
        let signals = StopSignals()
        let callsChannels = !definition.stages.isDisjoint(with: [.submit, .poll])
        var needs: Deployment.Needs = callsChannels ? [.keys, .channels] : .keys
        if definition.stages.contains(.archive) { needs.insert(.archive) }
        let (start, waiting) = try await Deployment.with(configuration, needs: needs) { deployment in
            try Self.check(definition, deployment)
            if needs.contains(.archive) { try await deployment.requireArchiver() }
            if callsChannels { try await deployment.warnOfInactiveChannels() }
            let runner = JobRunner(job: definition) { deployment.engine() }
            let process = Deployment.process
            let engineRun = EngineRun(
                engine: deployment.engine(),
                signals: signals,
                brokenOff: .workLeft,
                abandon: { await runner.abandon() }
            )
            let start = try await engineRun { stop in
                try await runner.run(host: process.host, processIdentifier: process.identifier, stop: stop)
            }
            deployment.logger.info(
                "run ended",
                metadata: [
                    "job": "\(definition.name)", "peak_resident_kib": "\(PeakMemory.kibibytes ?? 0)",
                    "processor_ms": "\(ProcessorTime.milliseconds ?? 0)",
                ]
            )
            return (start, try await deployment.store.waitingForPeople())
        }
        // What stays live keeps nobody: who archives is not told of reviews.
        let isArchiving = definition.stages.contains(.archive)
        let ending = Ending(start.outcome, waiting: isArchiving ? .nothing : waiting)
        try report.show(
            Self.json(definition, start, ending: ending, waiting: waiting),
            words: Self.words(definition, start, ending: ending)
        )
        if ending.status != .done { throw ending.status.code }
    }

    /// A lane of a channel that is not configured would silently get no work.
    private static func check(_ job: JobDefinition, _ deployment: Deployment) throws {
        let known = deployment.catalogue.channels.keys.sorted()
        for lane in (job.lanes ?? []).sorted(by: { $0.description < $1.description })
        where !known.contains(lane.channel) {
            throw CommandFailure(
                "job \(job.name) names the lane \(lane), and there is no channel \(lane.channel)",
                mend: "name one of: \(known.map(\.value).joined(separator: ", "))",
                status: .configuration
            )
        }
    }

    private static func json(
        _ job: JobDefinition,
        _ start: JobRunner.Report,
        ending: Ending,
        waiting: WaitingForPeople
    ) -> JSON {
        [
            "job": .string(job.name), "outcome": .string(ending.name), "exit": .integer(ending.status.rawValue),
            "window_start": .string(start.window?.start.iso8601), "window_end": .string(start.window?.end.iso8601),
            "counts": .object(start.counts.mapValues { .integer($0) }),
            "windows_skipped": .array(start.skipped.map { .string($0.iso8601) }),
            "windows_caught_up": .array(start.caughtUp.map { .string($0.iso8601) }),
            "reasons": .array(start.reasons.map { .string($0) }), "review_items": .integer(waiting.reviewItems),
            "held_files": .integer(waiting.heldFiles),
        ]
    }

    private static func words(_ job: JobDefinition, _ start: JobRunner.Report, ending: Ending) -> String {
        var lines = ["\(job.name): \(ending.words)"]
        let counts = start.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        if !counts.isEmpty { lines.append("  " + counts.joined(separator: ", ")) }
        for (what, starts) in [("skipped", start.skipped), ("caught up", start.caughtUp)] where !starts.isEmpty {
            lines.append("  missed windows \(what): \(starts.map(\.brief).joined(separator: ", "))")
        }
        lines += start.reasons.map { "  \(Masked.visible($0, scalarsMax: 1_000))" }
        return lines.joined(separator: "\n")
    }
}

/// Where the jobs are.
struct JobOptions: ParsableArguments {
    @Option(
        name: .customLong("jobs"),
        help: ArgumentHelp("The folder of the jobs (default: $SLUICE_JOBS, else Jobs).", valueName: "dir")
    )
    var folder: String?

    func load(_ job: String, _ configuration: Configuration) throws -> JobDefinition {
        try JobFile.load(job, folder: path(configuration), calendars: "\(configuration.directory)/calendars")
    }

    /// All of them, by name.
    func all(_ configuration: Configuration) throws -> [JobDefinition] {
        try JobFile.all(folder: path(configuration), calendars: "\(configuration.directory)/calendars")
    }

    func path(_ configuration: Configuration) -> String { folder ?? configuration.variables["SLUICE_JOBS"] ?? "Jobs" }
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
        case .lost:
            (name, words, status) = ("lost", "another start took the run over; this one stopped", .heldByAnother)
        case .stopped:
            (name, words, status) = ("stopped", "archiving is stopped; look at: sluice archive status", .waitsForPerson)
        case .failed: (name, words, status) = ("failed", "failed; look at: sluice alarm list", .failed)
        case .workLeft: (name, words, status) = ("work_left", "stopped with due work left; start it again", .workLeft)
        }
    }
}
