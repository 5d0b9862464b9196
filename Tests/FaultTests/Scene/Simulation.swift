import ChannelSimulator

/// What both simulated companies do wrong, as the simulator's configuration says it.
struct Simulation: Sendable {
    var seed: UInt64 = 11
    /// How long each answer waits.
    var latency: String?
    var settle = "{first: 50ms, last: 400ms}"
    /// Lines of `behaviours`.
    var behaviours: [String] = []
    /// Lines of `items`.
    var items: [String] = []
    /// Lines of `items` of one channel, in place of those above.
    var itemsOf: [String: [String]] = [:]
    /// Lines of `accounts`: what happens to account numbers that end so.
    var accounts: [String] = []

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

    /// Companies that do everything wrong that a simulated company can, each thing seldom enough for money to move.
    static func everything(seed: UInt64) -> Simulation {
        let submits = SubmitFault.allCases.map { "\($0.rawValue): \($0 == .slowDown ? 12 : 24)" }
        let queries = QueryFault.allCases.map { "\($0.rawValue): \($0 == .slowDown ? 6 : 14)" }
        return Simulation(
            seed: seed,
            latency: "{first: 5ms, last: 60ms}",
            settle: "{first: 20ms, last: 200ms}",
            behaviours: submits + queries + [
                "not_found_for: {per_mille: 60, time: 300ms}", "finish_late: {per_mille: 40, time: 400ms}",
                "take_slowly: {per_mille: 60, time: 300ms}",
            ],
            items: [
                "refuse: {E101: 20, E103: 5, E201: 3}", "refuse_at_submit: {E105: 10}", "unknown_code: 1",
                "unknown_code_then_final: 5",
            ]
        )
    }

    func text(channels: [String], configuration: String, truthPath: String) -> String {
        var lines = [
            "seed: \(seed)", "truth_file: \(truthPath)", "hold: 4s", "stop_with_parent: true",
            "control_port: 0",
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
            let items = itemsOf[channel] ?? items
            if !items.isEmpty { lines.append("    items:") }
            lines += items.map { "      \($0)" }
            if !accounts.isEmpty { lines.append("    accounts:") }
            lines += accounts.map { "      \($0)" }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
