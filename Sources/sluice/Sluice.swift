import ArgumentParser
import CLibMalloc
import Glibc
import PaymentCore

/// Moves money in batches: withhold and payout files in, proven results out.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A batch worker for money: withhold and payout files in, proven results out.",
        discussion: """
            Settings come from Config/sluice.yaml, over it the environment (SLUICE_DATABASE_URL is the libpq URI), \
            over it flags.

            Exit codes: 0 done; 1 failed; 2 usage or configuration; 3 done, but something waits for a person; \
            4 another run holds the window; 5 deadline reached with due work left.
            """,
        subcommands: [
            DemoCommand.self,
            DatabaseCommand.self, FileCommand.self, RunCommand.self, WorkerCommand.self, CrontabCommand.self,
            OrderCommand.self, QuarantineCommand.self, ReviewCommand.self, AlarmCommand.self, ChannelCommand.self,
            LoginCommand.self, LogoutCommand.self, UserCommand.self, AuditCommand.self,
            SimulatorCommand.self, VerifyCommand.self, DoctorCommand.self, ArchiveCommand.self,
        ]
    )

    static func main() async {
        // A reader or a peer that goes away is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // Heaps of their own for a few threads; with one for each, what a slice of a file took is never given back.
        _ = mallopt(M_ARENA_MAX, 2)
        // And what is freed is given back, instead of more and more being kept the more is freed at once.
        _ = mallopt(M_TRIM_THRESHOLD, 1 << 20)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Glibc.exit(report(error))
        }
        Glibc.exit(ExitStatus.done.rawValue)
    }

    /// Says what went wrong, or what was asked for (`--help`), and gives the exit status.
    private static func report(_ error: any Error) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        let parsed = exitCode(for: error)
        if parsed == .success {
            try? Terminal.line(fullMessage(for: error))
            return ExitStatus.done.rawValue
        }
        // Only the parser itself answers with this code.
        if parsed == .validationFailure {
            // The parser repeats what it was given, so each line is made safe for a terminal.
            let lines = fullMessage(for: error).split(separator: "\n", omittingEmptySubsequences: false)
            let safe = lines.map { Masked.visible(String($0), scalarsMax: 1_000) }.joined(separator: "\n")
            try? Terminal.line(safe, to: .error)
            return ExitStatus.configuration.rawValue
        }
        let report = ErrorReport(error)
        if let words = report.words {
            try? Terminal.line("sluice: \(Masked.visible(words, scalarsMax: 4_000))", to: .error)
        }
        return report.status.rawValue
    }
}
