package import PaymentCore

/// What `Jobs/*.yaml` describes: which stages a run works on, in which windows.
package struct JobDefinition: Sendable {
    package let name: String
    package let title: String
    package let stages: Set<Engine.Stage>
    package let schedule: JobSchedule
    /// A run that is still at work after this time stops, and says so (exit 5).
    package let deadline: TimeSpan
    /// The lanes that the stages `submit` and `poll` work; nil for those of all channels.
    package let lanes: Set<LaneKey>?
    /// Whether the next start runs the windows that were missed, instead of skipping them with an alarm.
    package let catchesUp: Bool

    package init(
        name: String,
        title: String,
        stages: Set<Engine.Stage>,
        schedule: JobSchedule,
        deadline: TimeSpan,
        lanes: Set<LaneKey>? = nil,
        catchesUp: Bool = false
    ) {
        precondition(!stages.isEmpty && deadline > .zero, "a job has a stage and a deadline")
        precondition(!stages.contains(.archive) || stages.count == 1, "a job that archives does nothing else")
        precondition(lanes?.isEmpty != true, "a job that names lanes names one")
        self.name = name
        self.title = title
        self.stages = stages
        self.schedule = schedule
        self.deadline = deadline
        self.lanes = lanes
        self.catchesUp = catchesUp
    }
}
