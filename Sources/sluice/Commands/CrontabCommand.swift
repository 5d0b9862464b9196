import ArgumentParser
import Foundation
import PaymentCore
import Pipeline

/// `sluice crontab`: what makes cron or systemd start the jobs.
struct CrontabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crontab",
        abstract: "Print crontab lines, or systemd timers, that start all jobs in their windows.",
        discussion: """
            Nothing is installed. Each job is started every few minutes while one of its windows may be open; \
            calendars are looked at by the start itself. Needs no database.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var jobs: JobOptions

    @Flag(help: "Print systemd services and timers instead of crontab lines.")
    var systemd = false

    @Option(
        help: ArgumentHelp(
            "The user to run as: adds the column of /etc/cron.d, or User= to the units.",
            valueName: "name"
        )
    )
    var user: String?

    @Option(help: ArgumentHelp("The program to start (default: this one).", valueName: "path"))
    var program: String?

    func run() throws {
        let configuration = try options.load()
        let all = try jobs.all(configuration)
        guard !all.isEmpty else {
            throw CommandFailure(
                "there is no job in \(jobs.path(configuration))",
                mend: "name the folder with --jobs",
                status: .configuration
            )
        }
        let scheduled = try ScheduledProgram(
            path: Self.absolute(program ?? Bundle.main.executablePath ?? "/usr/local/bin/sluice"),
            user: user,
            configuration: Self.absolute(configuration.directory),
            jobs: Self.absolute(jobs.path(configuration))
        )
        let text =
            systemd
            ? SystemdText(program: scheduled, stopWithin: configuration.limits.stopWithin).text(all)
            : CronText(program: scheduled).text(all)
        try Terminal.line(text)
    }

    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
