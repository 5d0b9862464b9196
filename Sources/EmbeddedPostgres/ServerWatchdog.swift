import Glibc

/// A small shell that starts a server and outlives its parent just long enough to stop it.
///
/// It runs in a session of its own, so that no terminal signal reaches it, and reads commands from a socket whose other
/// end only the parent holds, closed on exec. However the parent ends, the shell reads the end of the stream, stops the
/// server and removes the working directory.
struct ServerWatchdog: ~Copyable {
    private let socket: Int32
    private let process: pid_t

    /// Starts the shell with a script that starts the server.
    ///
    /// The script stops the server and removes its directory when its standard input ends.
    init(script: String, environment: [String: String], serverArguments: [String]) throws {
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair) == 0 else {
            throw EmbeddedPostgresError.system(call: "socketpair", errorNumber: errno)
        }
        defer { close(pair[1]) }
        let arguments = ["/bin/sh", "-c", script, "sluice-postgres"] + serverArguments
        do {
            process = try Self.spawn(arguments, environment: environment, standardStream: pair[1])
        } catch {
            close(pair[0])
            throw error
        }
        socket = pair[0]
    }

    /// Ends the stream, upon which the shell stops the server and removes its directory, and waits for the shell's end.
    deinit {
        close(socket)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }

    /// Asks for the server to be started again, once the former one has ended.
    func startAgain() throws {
        let command = Array("start\n".utf8)
        // A shell that is gone must not end this process by SIGPIPE.
        guard send(socket, command, command.count, Int32(MSG_NOSIGNAL)) == command.count else {
            throw EmbeddedPostgresError.system(call: "send", errorNumber: errno)
        }
    }

    /// The next line that the shell says; nil when none comes before the limit.
    func nextLine(within limit: Duration) -> String? {
        let end = ContinuousClock.now + limit
        var line: [UInt8] = []
        while true {
            let left = max(.zero, end - ContinuousClock.now).components
            let milliseconds = left.seconds * 1_000 + left.attoseconds / 1_000_000_000_000_000
            var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            let count = poll(&entry, 1, Int32(clamping: milliseconds))
            if count < 0, errno == EINTR { continue }
            var byte: UInt8 = 0
            guard count > 0, read(socket, &byte, 1) == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
    }

    private static func spawn(
        _ arguments: [String],
        environment: [String: String],
        standardStream: Int32
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, standardStream, 0)
        posix_spawn_file_actions_adddup2(&actions, standardStream, 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Descriptors that the caller forgot to close on exec must not live on in a server.
        for descriptor in FileTree.entries(of: "/proc/self/fd").compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        // POSIX_SPAWN_SETSID of <spawn.h>, which the Glibc module does not show.
        let newSession: Int32 = 0x80
        let flags = newSession | Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        var settings: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for pointer in words + settings { free(pointer) } }
        words.append(nil)
        settings.append(nil)
        var process = pid_t()
        let result = posix_spawn(&process, "/bin/sh", &actions, &attributes, words, settings)
        guard result == 0 else { throw EmbeddedPostgresError.system(call: "posix_spawn", errorNumber: result) }
        return process
    }
}
