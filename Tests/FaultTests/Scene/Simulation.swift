/// What both simulated companies do wrong, as the simulator's configuration says it.
struct Simulation: Sendable {
    /// How long each answer waits.
    var latency: String?
    var settle = "{first: 50ms, last: 400ms}"
    /// Lines of `behaviours`.
    var behaviours: [String] = []
    /// Lines of `items`.
    var items: [String] = []

    /// Companies that pay everything at once.
    static let honest = Simulation()

    /// Companies that are slow enough for a call to be caught under way, and take some without an answer.
    static let hostile = Simulation(
        latency: "{first: 150ms, last: 400ms}",
        behaviours: [
            "take_then_time_out: 80", "never_answer: 40", "close_half_way: 40",
            "not_found_for: {per_mille: 100, time: 1s}",
        ],
        items: ["refuse: {E101: 20, E103: 5}", "refuse_at_submit: {E105: 10}"]
    )

    func text(channels: [String], configuration: String, truthPath: String) -> String {
        var lines = [
            "seed: 11", "truth_file: \(truthPath)", "hold: 4s", "stop_with_parent: true",
        ]
        if let latency { lines.append("latency: \(latency)") }
        lines.append("channels:")
        for channel in channels {
            lines.append("  - file: \(configuration)/channels/\(channel).yaml")
            lines.append("    secret: env:SLUICE_CHANNEL_\(channel.uppercased())_SECRET")
            lines.append("    port: 0")
            lines.append("    settle: \(settle)")
            if !behaviours.isEmpty { lines.append("    behaviours:") }
            lines += behaviours.map { "      \($0)" }
            if !items.isEmpty { lines.append("    items:") }
            lines += items.map { "      \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
