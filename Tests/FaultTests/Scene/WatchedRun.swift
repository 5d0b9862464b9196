import Foundation
import PaymentCore

/// One run of a program to its end, with what it opened, its sockets and the most memory that it held.
struct WatchedRun {
    /// The memory that reading any file may take.
    static let bytesMax = 256_000_000

    private static let time = "/usr/bin/time"
    private static let strace = "/usr/bin/strace"
    private static let timeout = "/usr/bin/timeout"

    let status: Program.Status
    let peakBytes: Int
    let trace: SystemTrace
    let log: String

    /// Whether the tools are there and one process may trace another.
    static let isPossible: Bool = {
        let files = FileManager.default
        guard [time, strace, timeout].allSatisfy({ files.isExecutableFile(atPath: $0) }) else { return false }
        let trial = Process()
        trial.executableURL = URL(fileURLWithPath: strace)
        trial.arguments = ["-f", "-o", "/dev/null", "true"]
        trial.standardError = FileHandle.nullDevice
        guard (try? trial.run()) != nil else { return false }
        trial.waitUntilExit()
        return trial.terminationStatus == 0
    }()

    /// Runs `command`, which begins with a path, and kills it after `seconds`.
    ///
    /// What it writes, and what was seen of it, is kept in `folder`, in files named after `name`.
    static func end(
        of command: [String],
        within seconds: Int = 60,
        in folder: String,
        name: String
    ) async throws -> WatchedRun {
        let (memoryPath, tracePath) = ("\(folder)/\(name).memory", "\(folder)/\(name).trace")
        // A child of the tests would begin with their memory as its most; that of `time` begins with next to nothing.
        let watch = [
            "-q", "-f", "%M", "-o", memoryPath,
            strace, "-f", "--seccomp-bpf", "-e", "trace=%file," + SystemTrace.socketCalls.joined(separator: ","),
            "-o", tracePath,
            timeout, "-s", "KILL", "\(seconds)",
        ]
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        // It would keep a crashed program waiting.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        let program = try Program.start(
            watch + command,
            executable: time,
            environment: environment,
            folder: folder,
            name: name,
            directory: folder
        )
        let status = try await program.end(within: .seconds(Int64(seconds) + 30))
        let memory = try String(contentsOfFile: memoryPath, encoding: .utf8)
        guard let kibibytes = Int(memory.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw SceneFailure("\(time) says: \(memory)\n\(program.tail)")
        }
        let trace = try Data(contentsOf: URL(fileURLWithPath: tracePath))
        return WatchedRun(
            status: status,
            peakBytes: kibibytes * 1_024,
            trace: SystemTrace(String(decoding: trace, as: UTF8.self)),
            log: program.log
        )
    }

    /// What it did that no file may bring a program to: an end other than `statuses`, too much memory, a file opened
    /// beside `input` and the `known` ones, a socket.
    func faults(input: String, known: Set<String>, statuses: Set<Program.Status>) -> [String] {
        var faults: [String] = []
        if !statuses.contains(status) { faults.append("ended with \(status): \(log.suffix(500))") }
        if peakBytes >= Self.bytesMax { faults.append("held \(peakBytes) bytes") }
        if !trace.paths.contains(input) { faults.append("never opened \(input)") }
        faults += trace.paths.subtracting(known).subtracting([input]).sorted().map { "opened \($0)" }
        faults += trace.sockets.map { "called \($0)" }
        return faults
    }
}
