import ArgumentParser
import Logging
import PaymentCore
import Pipeline
import PostgresStore
import Store

/// `sluice archive run`: one run, now, whatever the window.
struct ArchiveRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Archive what is due, now; cron calls it through `sluice run archive`, in its window.",
        discussion: """
            Safe to start at any time, any number of times; what a run left unfinished, the next one finishes or rolls \
            back. SIGTERM and `sluice archive stop` end it within a second.

            Exits 0 when done, though rows stay live; 1 after a mismatch, where a partition is missing or tables \
            differ in shape; 2 for usage; 3 while archiving is stopped; 4 while another archiver is at work; 5 when \
            its time was over, or the load did not let it go on, with days left that are due.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions
    @OptionGroup var rehearsal: RehearsalOptions

    @Option(help: ArgumentHelp("How long it may take, as in 30m or 4h, at most 7d.", valueName: "time"))
    var budget = TimeArgument(.hours(4))

    @Option(help: "How many days it takes, at most 1000 (default: all for a rehearsal, else as configured).")
    var days: Int?

    func validate() throws {
        guard (1...1_000).contains(days ?? 1) else { throw ValidationError("--days is 1 to 1000") }
    }

    func run() async throws {
        let progress = ProgressBar(isWanted: !report.json)
        let configuration = try options.load(isQuiet: progress.isShown)
        try rehearsal.check(configuration)
        // A rehearsal jumps over days that a nightly run would have taken one by one.
        let order = ArchiveOrder(
            asOf: rehearsal.asOf,
            budget: budget.span,
            daysMax: days ?? (rehearsal.asOf == nil ? nil : 1_000)
        )
        let signals = StopSignals()
        let done = try await Deployment.archiving(configuration) { deployment in
            try await deployment.requireArchiver()
            let stage = deployment.archivingStage()
            defer { progress.end() }
            return try await signals.stopping { stop in
                try await stage.run(order, stop: stop) { progress.show($0) }
            }
        }
        try report.show(done.json, words: done.words)
        if done.status != .done { throw done.status.code }
    }
}

/// A time as the configuration writes it: `30m`, `4h`.
struct TimeArgument: ExpressibleByArgument, CustomStringConvertible {
    private static let longest = TimeSpan.hours(7 * 24)

    let span: TimeSpan

    init(_ span: TimeSpan) { self.span = span }

    init?(argument: String) {
        let units: [(suffix: String, microseconds: Int64)] = [
            ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000), ("d", 86_400_000_000),
        ]
        for unit in units where argument.hasSuffix(unit.suffix) {
            let digits = argument.dropLast(unit.suffix.count)
            guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int64(digits)
            else { continue }
            let (product, isOver) = count.multipliedReportingOverflow(by: unit.microseconds)
            guard !isOver, product > 0, product <= Self.longest.microseconds else { return nil }
            self.init(TimeSpan(microseconds: product))
            return
        }
        return nil
    }

    var description: String { span.words }

    var defaultValueDescription: String { description }
}

extension StopSignals {
    /// Runs work that ends by itself soon after the stop is requested, which a signal does.
    func stopping<Value: Sendable>(
        _ work: @escaping @Sendable (_ stop: StopSignal) async throws -> Value
    ) async throws -> Value {
        let stop = StopSignal()
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await work(stop) }
            group.addTask {
                await self.next()
                stop.request()
                return nil
            }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }
}
