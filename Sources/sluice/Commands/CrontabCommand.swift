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
            calendars are looked at by the start itself. Needs no database. With --json each time stands in cron's \
            words and in systemd's.
            """
    )

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var jobs: JobOptions
    @OptionGroup var report: ReportOptions

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

    func validate() throws {
        guard !(systemd && report.json) else { throw ValidationError("--json has the times of both; omit --systemd") }
    }

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
        try report.show(
            ScheduleReport(program: scheduled).json(all),
            words: systemd
                ? SystemdText(program: scheduled, stopWithin: configuration.limits.stopWithin).text(all)
                : CronText(program: scheduled).text(all)
        )
    }

    private static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
