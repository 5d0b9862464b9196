package import PaymentCore

/// What `Jobs/*.yaml` describes: which stages a run works on, in which window.
package struct JobDefinition: Sendable {
    package let name: String
    package let title: String
    package let stages: Set<Engine.Stage>
    package let window: JobWindow
    /// A run that is still at work after this time stops, and says so (exit 5).
    package let deadline: TimeSpan

    package init(name: String, title: String, stages: Set<Engine.Stage>, window: JobWindow, deadline: TimeSpan) {
        precondition(!stages.isEmpty && deadline > .zero)
        self.name = name
        self.title = title
        self.stages = stages
        self.window = window
        self.deadline = deadline
    }
}
