import Foundation
import Glibc
import Synchronization

/// One run of a program to its end: what it said, and how long it took from start to exit.
struct ProgramRun: Sendable {
    let status: Int32
    let output: String
    let log: String
    let duration: Duration

    /// The program beside this one.
    static let sluice = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appendingPathComponent("sluice").path

    /// Runs the program to its end.
    ///
    /// `accepted`: exit codes beside which the run throws, with the program's last words.
    static func run(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String],
        folder: String,
        accepted: Set<Int32> = [0]
    ) async throws -> ProgramRun {
        let running = try RunningProgram(executable, arguments, environment: environment, folder: folder)
        let run = await running.end()
        guard accepted.contains(run.status) else {
            throw BenchmarkFailure("`\(running.words)` ended with code \(run.status): \(run.log.suffix(2_000))")
        }
        return run
    }

    /// A number of the log's entry with this message, whose lines are JSON.
    func logged(_ name: String, message: String) -> Int? {
        for line in log.split(separator: "\n").reversed() {
            guard let entry = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                entry["message"] as? String == message
            else { continue }
            return (entry[name] as? String).flatMap { Int($0) } ?? entry[name] as? Int
        }
        return nil
    }
}

/// A program at work.
final class RunningProgram: Sendable {
    let words: String
    let identifier: Int32
    private let outputPath: String
    private let logPath: String
    private let began: ContinuousClock.Instant
    private let ended: Ended

    init(_ executable: String, _ arguments: [String], environment: [String: String], folder: String) throws {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        (outputPath, logPath) = ("\(folder)/\(number).out", "\(folder)/\(number).log")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        let output = try Self.handle(outputPath)
        let log = try Self.handle(logPath)
        process.standardOutput = output
        process.standardError = log
        let ended = Ended()
        process.terminationHandler = { ended.finish($0.terminationStatus, at: .now) }
        began = .now
        try process.run()
        try output.close()
        try log.close()
        identifier = process.processIdentifier
        words = ([executable] + arguments).joined(separator: " ")
        self.ended = ended
    }

    /// What it printed so far.
    var output: String { Self.text(outputPath) }

    /// Its last words, for a failure's message.
    var tail: String { String((output + Self.text(logPath)).suffix(2_000)) }

    var isRunning: Bool { !ended.isFinished }

    func terminate() { if isRunning { kill(identifier, SIGTERM) } }

    /// Waits for its end.
    func end() async -> ProgramRun {
        let (status, end) = await ended.wait()
        return ProgramRun(
            status: status,
            output: Self.text(outputPath),
            log: Self.text(logPath),
            duration: began.duration(to: end)
        )
    }

    private static let count = Atomic<Int>(0)

    private static func handle(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw BenchmarkFailure("cannot write \(path)") }
        return handle
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// The end of a program, for any number of waiters.
private final class Ended: Sendable {
    private struct State: Sendable {
        var end: (status: Int32, at: ContinuousClock.Instant)?
        var waiters: [CheckedContinuation<(Int32, ContinuousClock.Instant), Never>] = []
    }

    private let state = Mutex(State())

    var isFinished: Bool { state.withLock { $0.end != nil } }

    func finish(_ status: Int32, at instant: ContinuousClock.Instant) {
        let waiters = state.withLock { state in
            state.end = (status, instant)
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: (status, instant)) }
    }

    func wait() async -> (Int32, ContinuousClock.Instant) {
        await withCheckedContinuation { continuation in
            let end: (Int32, ContinuousClock.Instant)? = state.withLock { state in
                if state.end == nil { state.waiters.append(continuation) }
                return state.end.map { ($0.status, $0.at) }
            }
            if let end { continuation.resume(returning: end) }
        }
    }
}

/// Why a benchmark cannot go on.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
