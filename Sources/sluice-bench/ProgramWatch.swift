import Foundation

/// What a program took, as the system told it while it ran.
package struct ProgramWatch: Sendable {
    private static let spacing: Duration = .milliseconds(10)
    /// The unit of processor times in `/proc`, whatever the machine.
    private static let ticksPerSecond = 100

    /// The most memory that it had at once.
    package private(set) var peakKibibytes = 0
    /// The time of processors, its own and the system's for it.
    package private(set) var processor: Duration = .zero

    package init() {}

    /// Takes what `/proc/N/status` and `/proc/N/stat` say; both only grow, so that the last look tells all.
    package mutating func note(status: String, stat: String) {
        let peak = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }?.split(whereSeparator: \.isWhitespace)
        if let peak, peak.count > 1, let kibibytes = Int(peak[1]) { peakKibibytes = max(peakKibibytes, kibibytes) }
        // The program's name, in brackets, may hold anything; user and system time are 12th and 13th after it.
        guard let end = stat.lastIndex(of: ")") else { return }
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return }
        processor = max(processor, .milliseconds((user + system) * 1_000 / Self.ticksPerSecond))
    }

    /// Watches a program to its end.
    static func end(of program: RunningProgram) async throws -> (run: ProgramRun, watch: ProgramWatch) {
        var watch = ProgramWatch()
        let folder = "/proc/\(program.identifier)"
        while program.isRunning {
            if let status = try? String(contentsOfFile: "\(folder)/status", encoding: .utf8),
                let stat = try? String(contentsOfFile: "\(folder)/stat", encoding: .utf8)
            {
                watch.note(status: status, stat: stat)
            }
            try await ContinuousClock().sleep(for: spacing)
        }
        return (await program.end(), watch)
    }
}
