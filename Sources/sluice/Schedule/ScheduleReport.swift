package import Pipeline

/// What starts the jobs, for machines: each start time in cron's words and in systemd's.
package struct ScheduleReport: Sendable {
    package let program: ScheduledProgram

    package init(program: ScheduledProgram) { self.program = program }

    package func json(_ jobs: [JobDefinition]) -> JSON {
        let variables = program.variables.map { ($0.name, JSON.string($0.value)) }
        return [
            "user": .string(program.user), "variables": .object(Dictionary(uniqueKeysWithValues: variables)),
            "jobs": .array(
                jobs.map { job in
                    [
                        "job": .string(job.name), "title": .string(job.title),
                        "command": .string(program.command(job.name)),
                        "starts": .array(
                            StartTimes(job).lines.map { line in
                                [
                                    "zone": .string(line.zone), "cron": .string(CronText.times(line)),
                                    "systemd": .string(SystemdText.expression(line)),
                                ]
                            }
                        ),
                    ]
                }
            ),
        ]
    }
}
