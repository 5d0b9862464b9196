import PaymentCore
package import Pipeline

/// Crontab lines for jobs, with a time zone for each group.
package struct CronText: Sendable {
    package let program: ScheduledProgram

    package init(program: ScheduledProgram) { self.program = program }

    package func text(_ jobs: [JobDefinition]) -> String {
        var lines = [
            "# Made by `sluice crontab`: make it again after each change of the jobs.",
            "# Starts are idempotent: one outside a window, beside a living run or after a done one changes nothing.",
            "# CRON_TZ needs cronie; a cron that does not know it (Debian's) takes its own zone: use --systemd there.",
            "# Add SLUICE_DATABASE_URL and what the references of sluice.yaml name, where only its user can read it.",
            "SHELL=/bin/sh",
        ]
        lines += program.variables.map { "\($0.name)=\($0.value)" }
        for job in jobs {
            lines.append("")
            lines.append("# \(job.name): \(Masked.visible(job.title, scalarsMax: 200))")
            var zone = ""
            for line in StartTimes(job).lines {
                if line.zone != zone {
                    zone = line.zone
                    lines.append("CRON_TZ=\(zone)")
                }
                let user = program.user.map { "\($0) " } ?? ""
                // A percent sign ends the command for cron.
                let command = program.command(job.name).split(separator: "%", omittingEmptySubsequences: false)
                    .joined(separator: "\\%")
                lines.append("\(Self.times(line)) \(user)\(command) >/dev/null")
            }
        }
        return lines.joined(separator: "\n")
    }

    /// The five fields of a line; its zone stands before it.
    static func times(_ line: StartTimes.Line) -> String {
        let hours = line.hours.count == 24 ? "*" : range(line.hours)
        return "\(minutes(line)) \(hours) * * \(days(line.days))"
    }

    private static func minutes(_ line: StartTimes.Line) -> String {
        guard let first = line.minutes.first, let last = line.minutes.last else {
            preconditionFailure("a line has a minute")
        }
        if first == last { return "\(first)" }
        let isWhole = first == 0 && last + line.stepMinutes == 60
        let step = line.stepMinutes == 1 ? "" : "/\(line.stepMinutes)"
        return (isWhole ? "*" : "\(first)-\(last)") + step
    }

    private static func days(_ days: Set<Weekday>) -> String {
        if days.count == Weekday.allCases.count { return "*" }
        // Cron counts from Sunday.
        return days.map { ($0.index + 1) % 7 }.sorted().map { "\($0)" }.joined(separator: ",")
    }

    private static func range(_ range: ClosedRange<Int>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
}
