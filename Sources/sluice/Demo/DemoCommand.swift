import ArgumentParser
import Foundation
import PaymentCore
import Pipeline
import Synchronization

/// `sluice demo`: the whole chain on this machine, in one command.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the whole chain on an embedded PostgreSQL and simulated channels, and prove the result.",
        discussion: """
            Queues one withhold file (GB18030) and one payout file (UTF-8), with one bad record in a hundred, runs the \
            jobs as cron would, and lays the simulated companies' books beside ours. It moves nobody's money, touches \
            no other database, and leaves nothing behind. Exit code 0 if and only if every check holds.
            """
    )

    @Option(help: ArgumentHelp("Records of each of the two files, 1000 to 1000000.", valueName: "n"))
    var records = 10_000

    @Flag(help: "End with one JSON object instead of the report.")
    var json = false

    @Flag(help: "Reach the server through PgBouncer in transaction mode (needs the pgbouncer package).")
    var pooled = false

    @Flag(help: "Tell where the time went: by process, and by the server's statements.")
    var profile = false

    @Flag(help: "Stay in the foreground when all is done, the server running, until Ctrl-C.")
    var keep = false

    @Option(name: .customLong("config"), help: ArgumentHelp("The folder of the configuration.", valueName: "dir"))
    var folder = "Config"

    @Option(help: ArgumentHelp("The folder of the jobs.", valueName: "dir"))
    var jobs = "Jobs"

    func validate() throws {
        guard (1_000...1_000_000).contains(records) else { throw ValidationError("--records is 1000 to 1000000") }
    }

    func run() async throws {
        let signals = StopSignals()
        let demo = Demo(
            records: records,
            isPooled: pooled,
            isProfiled: profile,
            configDirectory: folder,
            jobsDirectory: jobs,
            progress: DemoProgress()
        )
        let verdict = DemoVerdict()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await work(demo, verdict: verdict) }
            group.addTask { await signals.next() }
            // Whichever comes first: the demo's end, or somebody who has seen enough. The servers stop either way.
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
        guard let isClean = verdict.isClean else { throw DemoFailure("stopped before its end") }
        guard isClean else { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private func work(_ demo: Demo, verdict: DemoVerdict) async throws {
        let running = try await demo.start()
        do {
            let report = try await demo.work(running)
            try Terminal.write(Array((json ? report.json : report.text).utf8))
            verdict.set(report.isClean)
            if keep {
                let path = try running.writeEnvironment(jobs: demo.jobsDirectory)
                demo.progress.say(
                    "the server runs at \(report.databaseURL) until Ctrl-C; keys and addresses for `sluice` are in "
                        + path
                )
                let people = try await DemoPeople.make(owner: running.databaseURL)
                try Terminal.line("\n\(people.words(environment: path))", to: .error)
                // Until the signal cancels this task.
                while !Task.isCancelled { try? await SystemClock().sleep(for: .seconds(1)) }
            }
            await running.stop()
        } catch {
            await running.stop()
            throw error
        }
    }
}

/// What the demo found, once it has.
private final class DemoVerdict: Sendable {
    private let found = Mutex<Bool?>(nil)

    var isClean: Bool? { found.withLock { $0 } }

    func set(_ isClean: Bool) { found.withLock { $0 = isClean } }
}

extension Demo.Running {
    /// Writes what a shell needs to work on the demo's database to a file that only its owner can read; answers its
    /// path.
    func writeEnvironment(jobs: String) throws -> String {
        let path = "\(directory)/environment.sh"
        var environment = environment
        environment["SLUICE_JOBS"] = URL(fileURLWithPath: jobs).path
        // Nobody's own session is written over.
        environment["SLUICE_SESSION_FILE"] = "\(directory)/session"
        let lines = environment.filter { $0.key.hasPrefix("SLUICE_") }.sorted { $0.key < $1.key }.map { name, value in
            "export \(name)='\(value)'\n"
        }
        guard
            FileManager.default.createFile(
                atPath: path,
                contents: Data(lines.joined().utf8),
                attributes: [.posixPermissions: 0o600]
            )
        else { throw DemoFailure("cannot write \(path)") }
        return path
    }
}
