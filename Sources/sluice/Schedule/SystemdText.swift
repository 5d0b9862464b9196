package import PaymentCore
package import Pipeline

/// A systemd service and timer for each job.
package struct SystemdText: Sendable {
    package let program: ScheduledProgram
    /// How long a stop may take before systemd kills.
    package let stopWithin: TimeSpan

    package init(program: ScheduledProgram, stopWithin: TimeSpan) {
        self.program = program
        self.stopWithin = stopWithin
    }

    /// All units, each after a line that names its file.
    package func text(_ jobs: [JobDefinition]) -> String {
        let head = """
            # Made by `sluice crontab --systemd`: make it again after each change of the jobs.
            # Each part is a file of its own, in /etc/systemd/system; then: systemctl daemon-reload, and for each
            # timer: systemctl enable --now NAME. SLUICE_DATABASE_URL and what the references of sluice.yaml name belong
            # into /etc/sluice/environment, readable by root only.
            """
        return ([head] + jobs.flatMap { [service($0), timer($0)] }).joined(separator: "\n\n")
    }

    private func service(_ job: JobDefinition) -> String {
        var lines = [
            "# file: sluice-\(job.name).service",
            "[Unit]",
            "Description=Sluice: \(Self.escaped(Masked.visible(job.title, scalarsMax: 200)))",
            "After=network-online.target",
            "Wants=network-online.target",
            "",
            "[Service]",
            "Type=oneshot",
        ]
        lines += program.user.map { ["User=\($0)"] } ?? []
        lines += program.variables.map { "Environment=\"\($0.name)=\(Self.escaped($0.value))\"" }
        lines += [
            "EnvironmentFile=-/etc/sluice/environment",
            "ExecStart=\(Self.escaped(program.command(job.name)))",
            // Done, but something waits for a person; another run holds the window.
            "SuccessExitStatus=3 4",
            // Calls in flight are finished; the rest of the time is for the last words to the database.
            "TimeoutStopSec=\(stopWithin.microseconds / 1_000_000 + 10)",
        ]
        return lines.joined(separator: "\n")
    }

    private func timer(_ job: JobDefinition) -> String {
        var lines = [
            "# file: sluice-\(job.name).timer",
            "[Unit]",
            "Description=Starts of sluice-\(job.name).service",
            "",
            "[Timer]",
        ]
        lines += StartTimes(job).lines.map { "OnCalendar=\(Self.expression($0))" }
        lines += ["AccuracySec=1s", "", "[Install]", "WantedBy=timers.target"]
        return lines.joined(separator: "\n")
    }

    /// A calendar event, with its zone.
    static func expression(_ line: StartTimes.Line) -> String {
        let days = line.days.count == Weekday.allCases.count ? "" : "\(words(line.days)) "
        let hours = line.hours.count == 24 ? "*" : range(line.hours)
        return "\(days)*-*-* \(hours):\(minutes(line)):00 \(line.zone)"
    }

    private static func minutes(_ line: StartTimes.Line) -> String {
        guard let first = line.minutes.first, let last = line.minutes.last else {
            preconditionFailure("a line has a minute")
        }
        if first == last { return padded(first) }
        return "\(padded(first))..\(padded(last))" + (line.stepMinutes == 1 ? "" : "/\(line.stepMinutes)")
    }

    private static func range(_ range: ClosedRange<Int>) -> String {
        range.count == 1 ? padded(range.lowerBound) : "\(padded(range.lowerBound))..\(padded(range.upperBound))"
    }

    private static func words(_ days: Set<Weekday>) -> String {
        days.sorted().map { $0.rawValue.prefix(1).uppercased() + $0.rawValue.dropFirst() }.joined(separator: ",")
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// A percent sign begins a specifier of systemd.
    private static func escaped(_ text: String) -> String {
        text.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }
}
