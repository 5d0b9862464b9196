import Foundation
import Glibc
import PaymentCore
import Pipeline
import Synchronization

/// The built program at work as a process of its own, as cron or an operator would start it.
final class Program: Sendable {
    /// How it ended: its exit code, or 128 and the signal that killed it.
    typealias Status = Int32

    let words: String
    let identifier: Int32
    private let outputPath: String
    private let logPath: String
    private let ended: Ended

    /// The program stands beside the tests that were built with it.
    static let sluice = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("sluice").path

    /// What it writes is kept in `folder`, in files named after `name`; `directory`: where it works, if not here.
    static func start(
        _ arguments: [String],
        executable: String = Program.sluice,
        environment: [String: String],
        folder: String,
        name: String,
        directory: String? = nil
    ) throws -> Program {
        let (outputPath, logPath) = ("\(folder)/\(name).out", "\(folder)/\(name).log")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.standardInput = FileHandle.nullDevice
        let output = try handle(outputPath)
        let log = try handle(logPath)
        process.standardOutput = output
        process.standardError = log
        let ended = Ended()
        process.terminationHandler = { process in
            ended.finish(
                process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
            )
        }
        try process.run()
        try output.close()
        try log.close()
        return Program(
            words: "sluice \(arguments.joined(separator: " "))",
            identifier: process.processIdentifier,
            outputPath: outputPath,
            logPath: logPath,
            ended: ended
        )
    }

    private init(words: String, identifier: Int32, outputPath: String, logPath: String, ended: Ended) {
        self.words = words
        self.identifier = identifier
        self.outputPath = outputPath
        self.logPath = logPath
        self.ended = ended
    }

    /// Nil while it runs.
    var status: Status? { ended.status }

    /// What it printed so far.
    var output: String { Self.text(outputPath) }

    /// What it wrote to standard error so far.
    var log: String { Self.text(logPath) }

    /// The last lines of what it wrote, for a failure's message.
    var tail: String {
        let lines = log.split(separator: "\n").suffix(12).joined(separator: "\n")
        return "`\(words)` (\(status.map { "ended with \($0)" } ?? "running")): \(output.suffix(1_500))\n\(lines)"
    }

    /// The most memory that it held so far, in bytes; nil once it is gone.
    var residentBytesMax: Int? {
        let lines = Self.text("/proc/\(identifier)/status").split(separator: "\n")
        guard let line = lines.first(where: { $0.hasPrefix("VmHWM:") }) else { return nil }
        return line.split { !$0.isNumber }.first.flatMap { Int($0) }.map { $0 * 1_024 }
    }

    /// Whether it is stopped, as by SIGSTOP.
    var isStopped: Bool {
        let line = Self.text("/proc/\(identifier)/status").split(separator: "\n").first { $0.hasPrefix("State:") }
        return line?.contains("T (stopped)") ?? false
    }

    /// How many threads it has now; nil once it is gone.
    var threadCount: Int? {
        let line = Self.text("/proc/\(identifier)/status").split(separator: "\n").first { $0.hasPrefix("Threads:") }
        return line?.split { !$0.isNumber }.first.flatMap { Int($0) }
    }

    func send(_ signal: Int32) {
        if status == nil { kill(identifier, signal) }
    }

    /// Waits for its end.
    func end(within limit: TimeSpan = .seconds(60)) async throws -> Status {
        try await Condition.wait("the end of \(words)", within: limit, because: { tail }) { status != nil }
        return status ?? -1
    }

    /// What it printed, as JSON.
    func json() throws -> Any { try JSONSerialization.jsonObject(with: Data(output.utf8), options: .fragmentsAllowed) }

    private static func handle(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw SceneFailure("cannot write \(path)") }
        return handle
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// The end of a process, told once.
private final class Ended: Sendable {
    private let state = Mutex<Int32?>(nil)

    var status: Int32? { state.withLock { $0 } }

    func finish(_ status: Int32) { state.withLock { $0 = status } }
}

/// Looks at a condition again and again until it holds: the processes under test tell nobody what they do.
enum Condition {
    private static let clock = SystemClock()

    static func wait(
        _ what: String,
        within limit: TimeSpan,
        every interval: TimeSpan = .milliseconds(5),
        because tail: () -> String = { "" },
        _ holds: () async throws -> Bool
    ) async throws {
        let end = clock.bootNanoseconds() + limit.microseconds * 1_000
        while try await !holds() {
            guard clock.bootNanoseconds() < end else {
                throw SceneFailure("\(what) did not come within \(limit.microseconds / 1_000_000) s\n\(tail())")
            }
            try await clock.sleep(for: interval)
        }
    }
}

/// Why a scene cannot go on.
struct SceneFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
