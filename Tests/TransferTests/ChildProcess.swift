import Glibc
import Testing

/// A shell script that runs as long as its standard input is open: it also ends when this process dies.
final class ChildProcess: Sendable {
    /// The reading end of its standard output.
    private let output: Int32
    private let input: Int32
    private let pid: pid_t

    init(script: String, arguments: [String]) throws {
        let (inputReader, inputWriter) = try Self.makePipe()
        let (outputReader, outputWriter) = try Self.makePipe()
        defer {
            close(inputReader)
            close(outputWriter)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, inputReader, 0)
        posix_spawn_file_actions_adddup2(&actions, outputWriter, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // The threads of a task pool block all signals, and a shell that inherits that hears of no child's end.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        var words = (["sh", "-c", script, "sh"] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        let status = posix_spawn(&pid, "/bin/sh", &actions, &attributes, &words, environ)
        self.pid = pid
        input = inputWriter
        output = outputReader
        try #require(status == 0, "the script cannot be started")
    }

    deinit {
        close(input)
        close(output)
        // No zombie, even where `wait()` was not called; otherwise this finds no such child.
        _ = wait()
    }

    /// The next line of its output, without its end; `nil` when there is none any more.
    func readLine() -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(output, &byte, 1) == 1 {
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }

    /// Waits for its own end and returns its exit status.
    func wait() -> Int32 {
        var status: Int32 = -1
        while waitpid(pid, &status, 0) == -1, errno == EINTR {}
        return status
    }

    /// Not inherited by other children, which would keep the pipe open.
    private static func makePipe() throws -> (reader: Int32, writer: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
