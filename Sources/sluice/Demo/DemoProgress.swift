import Foundation
import Glibc
import Synchronization

/// Tells a person at a terminal how far the demo is; silent elsewhere, and never on standard output.
final class DemoProgress: Sendable {
    /// One file's bar.
    struct Bar: Sendable {
        let title: String
        let loaded: Int64
        let final: Int64
        let count: Int64
    }

    private let isTerminal: Bool
    private let linesShown = Mutex(0)

    init() { isTerminal = isatty(STDERR_FILENO) == 1 }

    func say(_ words: String) { write("\(words) …\n") }

    /// Draws the bars over the ones before.
    func show(_ bars: [Bar]) {
        guard isTerminal else { return }
        linesShown.withLock { shown in
            var text = shown > 0 ? "\u{1B}[\(shown)A" : ""
            for bar in bars {
                text += "\u{1B}[2K" + Self.line(bar) + "\n"
            }
            shown = bars.count
            write(text)
        }
    }

    /// The bars stay where they are; what follows comes below.
    func end() { linesShown.withLock { $0 = 0 } }

    private static func line(_ bar: Bar) -> String {
        let width: Int64 = 40
        let final = bar.count > 0 ? min(width, bar.final * width / bar.count) : 0
        let loaded = bar.count > 0 ? min(width, bar.loaded * width / bar.count) : 0
        let filled =
            String(repeating: "█", count: Int(final)) + String(repeating: "▒", count: Int(max(0, loaded - final)))
            + String(repeating: "·", count: Int(width - max(loaded, final)))
        let title = bar.title + String(repeating: " ", count: max(0, 9 - bar.title.count))
        return "\(title)\(filled)  \(bar.loaded) loaded, \(bar.final) final of \(bar.count)"
    }

    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
