import Foundation
import Glibc
import Synchronization

/// A child of the demo: this same program with other arguments, as cron or an operator would start it.
final class ChildProcess: Sendable {
    let identifier: Int32
    private let ended: Ended
    private let output: FileHandle?

    /// Starts the program; its standard error goes to the file, its standard output to a pipe if asked for.
    static func start(
        _ arguments: [String],
        environment: [String: String],
        log: String,
        readsOutput: Bool = false
    ) throws -> ChildProcess {
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        guard let errors = FileHandle(forWritingAtPath: log) else { throw DemoFailure("cannot write \(log)") }
        try errors.seekToEnd()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardError = errors
        let pipe = readsOutput ? Pipe() : nil
        process.standardOutput = pipe ?? FileHandle.nullDevice
        let ended = Ended()
        process.terminationHandler = { ended.finish($0.terminationStatus) }
        try process.run()
        try errors.close()
        return ChildProcess(identifier: process.processIdentifier, ended: ended, output: pipe?.fileHandleForReading)
    }

    private init(identifier: Int32, ended: Ended, output: FileHandle?) {
        self.identifier = identifier
        self.ended = ended
        self.output = output
    }

    /// The first line that the child prints.
    func firstLine() -> String? {
        guard let output else { return nil }
        var bytes = Data()
        while let byte = try? output.read(upToCount: 1), !byte.isEmpty {
            if byte.first == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
            if bytes.count > 65_536 { break }
        }
        return nil
    }

    /// Waits for the end of the child; answers its exit code.
    func exitCode() async -> Int32 { await ended.wait() }

    func terminate() { kill(identifier, SIGTERM) }
}

/// The end of a child, once, for any number of waiters.
private final class Ended: Sendable {
    private struct State: Sendable {
        var status: Int32?
        var waiters: [CheckedContinuation<Int32, Never>] = []
    }

    private let state = Mutex(State())

    func finish(_ status: Int32) {
        let waiters = state.withLock { state in
            state.status = status
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume(returning: status) }
    }

    func wait() async -> Int32 {
        await withCheckedContinuation { continuation in
            let status: Int32? = state.withLock { state in
                if state.status == nil { state.waiters.append(continuation) }
                return state.status
            }
            if let status { continuation.resume(returning: status) }
        }
    }
}
