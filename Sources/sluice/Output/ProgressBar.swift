import PaymentCore
import Pipeline
import Synchronization

/// Shows on a terminal how far a long work is; silent elsewhere, and never on standard output.
final class ProgressBar: Sendable {
    private static let width: Int64 = 30

    let isShown: Bool
    private let shown = Mutex("")

    /// `isWanted`: whether anybody is to see it, if there is a terminal.
    init(isWanted: Bool) { isShown = isWanted && Terminal.isInteractive(.error) }

    /// Draws the bar over the one before, if it differs.
    func show(_ progress: ArchiveProgress) { show(Self.line(progress)) }

    /// The same for work that has no steps: so many of so many.
    func show(_ title: String, done: Int64, of whole: Int64) { show("\(title)  \(Self.bar(done, of: whole))") }

    private func show(_ line: String) {
        guard isShown else { return }
        shown.withLock { shown in
            guard shown != line else { return }
            shown = line
            // A bar that cannot be drawn stops nothing.
            try? Terminal.write(Array("\r\u{1B}[K\(line)".utf8), to: .error)
        }
    }

    /// Takes the bar away when the work is over, whatever its end.
    func during<Value>(_ work: () async throws -> Value) async rethrows -> Value {
        defer { end() }
        return try await work()
    }

    /// Takes the bar away.
    func end() { if isShown { try? Terminal.write(Array("\r\u{1B}[K".utf8), to: .error) } }

    /// The text of the bar.
    static func line(_ progress: ArchiveProgress) -> String {
        let place = "\(progress.day) \(progress.table)  \(words(progress.step))"
        if let signal = progress.waitingFor { return "\(place)  waits for others: \(signal.rawValue)" }
        return progress.whole > 0 ? "\(place)  \(bar(progress.done, of: progress.whole))" : place
    }

    private static func bar(_ done: Int64, of whole: Int64) -> String {
        guard whole > 0 else { return "" }
        let part = min(max(done, 0), whole)
        let filled = Int(part * width / whole)
        return String(repeating: "█", count: filled) + String(repeating: "·", count: Int(width) - filled)
            + " \(part * 100 / whole) %"
    }

    private static func words(_ step: ArchiveRules.Step) -> String {
        switch step {
        case .prepare: "is prepared"
        case .count: "is counted"
        case .swap: "is swapped"
        case .beginRows, .moveRows: "goes by rows"
        case .carryHeld: "held rows go back"
        case .verify: "is read again"
        case .retire: "gives up its partition"
        case .nothing: "is looked at"
        }
    }
}
