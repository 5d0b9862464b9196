import Foundation
import PaymentCore
import Pipeline
import Testing
import sluice

/// `sluice crontab`: every line is one that cron understands, and starts the job in its window and not elsewhere.
@Suite struct CrontabTests {
    private static func program(user: String? = nil) throws -> ScheduledProgram {
        try ScheduledProgram(
            path: "/opt/sluice/bin/sluice",
            user: user,
            configuration: "/etc/sluice",
            jobs: "/etc/jobs"
        )
    }

    private static func job(_ name: String, _ windows: [JobWindow?]) throws -> JobDefinition {
        JobDefinition(
            name: name,
            title: "Title of \(name)",
            stages: [.submit],
            schedule: JobSchedule(try windows.map { try #require($0) }),
            deadline: .hours(1)
        )
    }

    private static func jobs() throws -> [JobDefinition] {
        [
            try job("day", [JobWindow(opensAtMinute: 0, lengthMinutes: 1_440, zone: "Asia/Shanghai")]),
            try job(
                "twice",
                [
                    JobWindow(opensAtMinute: 570, lengthMinutes: 130, zone: "Asia/Shanghai", days: [.monday, .sunday]),
                    JobWindow(
                        opensAtMinute: 23 * 60,
                        lengthMinutes: 240,
                        zone: "Europe/Berlin",
                        days: [.friday, .sunday]
                    ),
                ]
            ),
            try job("short", [JobWindow(opensAtMinute: 130, lengthMinutes: 20, zone: "Europe/Berlin")]),
            try job("odd", [JobWindow(opensAtMinute: 6 * 60 + 7, lengthMinutes: 1_440, zone: "UTC")]),
        ]
    }

    @Test func `prints the same lines for the same jobs`() throws {
        let text = CronText(program: try Self.program(user: "batch")).text(Array(try Self.jobs().prefix(2)))
        #expect(
            text == """
                # Made by `sluice crontab`: make it again after each change of the jobs.
                # Starts are idempotent: one outside a window, beside a living run or after a done one changes nothing.
                # CRON_TZ needs cronie; a cron that does not know it (Debian's) takes its own zone: use --systemd there.
                # Add SLUICE_DATABASE_URL and what the references of sluice.yaml name, where only its user can read it.
                SHELL=/bin/sh
                SLUICE_CONFIG=/etc/sluice
                SLUICE_JOBS=/etc/jobs
                SLUICE_LOG_LEVEL=warning

                # day: Title of day
                CRON_TZ=Asia/Shanghai
                */5 * * * * batch /opt/sluice/bin/sluice run day >/dev/null

                # twice: Title of twice
                CRON_TZ=Asia/Shanghai
                30-55/5 9 * * 0,1 batch /opt/sluice/bin/sluice run twice >/dev/null
                */5 10 * * 0,1 batch /opt/sluice/bin/sluice run twice >/dev/null
                0-35/5 11 * * 0,1 batch /opt/sluice/bin/sluice run twice >/dev/null
                CRON_TZ=Europe/Berlin
                */5 23 * * 0,5 batch /opt/sluice/bin/sluice run twice >/dev/null
                */5 0-2 * * 1,6 batch /opt/sluice/bin/sluice run twice >/dev/null
                """
        )
    }

    /// Starts by day of the week (Sunday is 0) and minute, as a strict reader of crontabs understands them.
    @Test func `starts every job in its windows, at their beginning, and nowhere else`() throws {
        for job in try Self.jobs() {
            let text = CronText(program: try Self.program()).text([job])
            let found = try CronReader(text, command: "/opt/sluice/bin/sluice run \(job.name) >/dev/null").starts
            var expected: [String: Set<Int>] = [:]
            for window in job.schedule.windows {
                let step = StartTimes.interval(lengthMinutes: window.lengthMinutes)
                #expect(60 % step == 0 && step < max(2, window.lengthMinutes))
                // A gap moves this one behind its own end, so that it is tried for an hour more.
                let length = job.name == "short" ? 80 : window.lengthMinutes
                for day in window.days {
                    let cronDay = (day.index + 1) % 7
                    for minute in stride(from: window.opensAtMinute, to: window.opensAtMinute + length, by: step) {
                        expected[window.zone.identifier, default: []].insert((cronDay * 1_440 + minute) % (7 * 1_440))
                    }
                }
            }
            #expect(found == expected, "\(text)")
        }
    }

    @Test func `is refused by the reader of these tests where it is wrong`() {
        for line in [
            "61 * * * * x", "*/7 * * * * x", "5-2 * * * * x", "* 24 * * * x", "* * * * 7 x", "* * * * x",
            "1,1 * * * * x",
        ] {
            #expect(throws: (any Error).self, "\(line)") { try CronReader("CRON_TZ=UTC\n\(line)", command: "x") }
        }
        #expect(throws: (any Error).self, "no zone") { try CronReader("* * * * * x", command: "x") }
    }

    @Test func `a command that cron would cut is escaped, and one that no line can hold is refused`() throws {
        let odd = try ScheduledProgram(path: "/opt/a%b/sluice", user: nil, configuration: "/c", jobs: "/j")
        let text = CronText(program: odd).text([try Self.jobs()[0]])
        #expect(text.contains("*/5 * * * * /opt/a\\%b/sluice run day"))
        for path in ["sluice", "/opt/my sluice", "/opt/x;y", "/opt/x\ny", ""] {
            #expect(throws: ConfigurationError.self, "\(path)") {
                try ScheduledProgram(path: path, user: nil, configuration: "/c", jobs: "/j")
            }
        }
        #expect(throws: ConfigurationError.self) { try Self.program(user: "a b") }
    }

    @Test func `the units name a service, a timer and the zone`() throws {
        let text = SystemdText(program: try Self.program(user: "batch"), stopWithin: .seconds(30))
            .text([try Self.jobs()[1]])
        #expect(
            text.components(separatedBy: "\n\n# file: ").dropFirst().joined(separator: "\n\n# file: ") == """
                sluice-twice.service
                [Unit]
                Description=Sluice: Title of twice
                After=network-online.target
                Wants=network-online.target

                [Service]
                Type=oneshot
                User=batch
                Environment="SLUICE_CONFIG=/etc/sluice"
                Environment="SLUICE_JOBS=/etc/jobs"
                Environment="SLUICE_LOG_LEVEL=warning"
                EnvironmentFile=-/etc/sluice/environment
                ExecStart=/opt/sluice/bin/sluice run twice
                SuccessExitStatus=3 4
                TimeoutStopSec=40

                # file: sluice-twice.timer
                [Unit]
                Description=Starts of sluice-twice.service

                [Timer]
                OnCalendar=Mon,Sun *-*-* 09:30..55/5:00 Asia/Shanghai
                OnCalendar=Mon,Sun *-*-* 10:00..55/5:00 Asia/Shanghai
                OnCalendar=Mon,Sun *-*-* 11:00..35/5:00 Asia/Shanghai
                OnCalendar=Fri,Sun *-*-* 23:00..55/5:00 Europe/Berlin
                OnCalendar=Mon,Sat *-*-* 00..02:00..55/5:00 Europe/Berlin
                AccuracySec=1s

                [Install]
                WantedBy=timers.target
                """
        )
    }

    @Test func `machines are told each time in the words of both`() throws {
        let json = ScheduleReport(program: try Self.program(user: "batch")).json([try Self.jobs()[1]])
        #expect(
            json.text == #"{"jobs":[{"command":"/opt/sluice/bin/sluice run twice","job":"twice","starts":["#
                + [
                    ("30-55/5 9 * * 0,1", "Mon,Sun *-*-* 09:30..55/5:00", "Asia/Shanghai"),
                    ("*/5 10 * * 0,1", "Mon,Sun *-*-* 10:00..55/5:00", "Asia/Shanghai"),
                    ("0-35/5 11 * * 0,1", "Mon,Sun *-*-* 11:00..35/5:00", "Asia/Shanghai"),
                    ("*/5 23 * * 0,5", "Fri,Sun *-*-* 23:00..55/5:00", "Europe/Berlin"),
                    ("*/5 0-2 * * 1,6", "Mon,Sat *-*-* 00..02:00..55/5:00", "Europe/Berlin"),
                ].map { #"{"cron":"\#($0)","systemd":"\#($1) \#($2)","zone":"\#($2)"}"# }.joined(separator: ",")
                + #"],"title":"Title of twice"}],"user":"batch","variables":{"SLUICE_CONFIG":"/etc/sluice","#
                + #""SLUICE_JOBS":"/etc/jobs","SLUICE_LOG_LEVEL":"warning"}}"#
        )
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/systemd-analyze")))
    func `systemd understands every time`() throws {
        let text = SystemdText(program: try Self.program(), stopWithin: .seconds(30)).text(try Self.jobs())
        let times = text.split(separator: "\n").filter { $0.hasPrefix("OnCalendar=") }.map { String($0.dropFirst(11)) }
        #expect(times.count > 8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/systemd-analyze")
        process.arguments = ["calendar"] + times
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(times)")
    }

    @Test func `the project's own jobs can be started by both`() throws {
        let project = ConfigurationFilesTests.project
        let jobs = try JobFile.all(folder: "\(project)/Jobs", calendars: "\(project)/Config/calendars")
        #expect(jobs.map(\.name) == ["all", "archive", "intake", "poll", "settle", "submit"])
        let text = CronText(program: try Self.program()).text(jobs)
        // At night, in its window of four hours.
        #expect(text.contains("\n*/5 1-4 * * * /opt/sluice/bin/sluice run archive >/dev/null"), "\(text)")
        for job in jobs where job.name != "archive" {
            #expect(text.contains("\n*/5 * * * * /opt/sluice/bin/sluice run \(job.name) >/dev/null"))
        }
    }
}

/// Reads a crontab as strictly as no cron does: five fields of numbers, ranges and steps, one command.
private struct CronReader {
    struct Refusal: Error {
        let line: String
    }

    /// By zone: minutes of the week, from Sunday 00:00.
    var starts: [String: Set<Int>] = [:]

    init(_ text: String, command: String) throws {
        var zone: String?
        for line in text.split(separator: "\n").map(String.init) where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2, parts[0].allSatisfy({ $0.isUppercase || $0 == "_" }) {
                if parts[0] == "CRON_TZ" { zone = parts[1] }
                continue
            }
            let fields = line.split(separator: " ", maxSplits: 5).map(String.init)
            guard let zone, fields.count == 6, fields[5] == command, fields[2] == "*", fields[3] == "*" else {
                throw Refusal(line: line)
            }
            for day in try Self.numbers(fields[4], in: 0...6) {
                for hour in try Self.numbers(fields[1], in: 0...23) {
                    for minute in try Self.numbers(fields[0], in: 0...59) {
                        starts[zone, default: []].insert((day * 24 + hour) * 60 + minute)
                    }
                }
            }
        }
    }

    private static func numbers(_ field: String, in range: ClosedRange<Int>) throws -> Set<Int> {
        var numbers: Set<Int> = []
        for item in field.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", omittingEmptySubsequences: false)
            let step = parts.count == 2 ? Int(parts[1]) : 1
            let ends =
                parts[0] == "*"
                ? [range.lowerBound, range.upperBound]
                : parts[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? -1 }
            guard parts.count <= 2, let step, step > 0, (range.upperBound + 1) % step == 0 || parts[0] != "*",
                let first = ends.first, let last = ends.last, ends.count <= 2, first <= last,
                range.contains(first), range.contains(last)
            else { throw Refusal(line: field) }
            for number in stride(from: first, through: last, by: step) {
                guard numbers.insert(number).inserted else { throw Refusal(line: field) }
            }
        }
        return numbers
    }
}
