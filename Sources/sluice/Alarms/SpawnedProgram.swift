import Glibc
import Synchronization

/// A program that was started in a process group of its own, fed through a pipe, its output dropped.
struct SpawnedProgram: ~Copyable {
    /// How it ended.
    enum Ending: Equatable {
        case exited(Int32)
        case killed(Int32)
    }

    /// Why it was not started, in words that are safe to log.
    struct Failure: Error {
        let reason: String
    }

    private let identifier: pid_t
    private var pipeEnd: Int32
    private var left: ArraySlice<UInt8>
    private var known: Ending?

    /// Between a pipe and its mark nobody else may start a program that would inherit it.
    private static let starting = Mutex(())
    /// Descriptors that a child is not to inherit, whatever library of ours forgot to mark one.
    private static let descriptorsClosed: Range<Int32> = 3..<1_024

    /// `words`: the program by its absolute path, and its arguments.
    init(words: [String], environment: [String], input: [UInt8]) throws(Failure) {
        let started = Self.starting.withLock { _ in Self.start(words: words, environment: environment) }
        (identifier, pipeEnd) = try started.get()
        left = input[...]
    }

    private static func start(
        words: [String],
        environment: [String]
    ) -> Result<(identifier: pid_t, pipeEnd: Int32), Failure> {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return .failure(Failure(reason: self.words(of: errno))) }
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // A program that does not read must never block a thread that others wait for.
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, reading, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        for descriptor in descriptorsClosed { posix_spawn_file_actions_addclose(&actions, descriptor) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // We ignore some signals and block others; that is none of its business.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        )

        var arguments = words.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var identifier = pid_t()
        let status = posix_spawn(&identifier, words[0], &actions, &attributes, &arguments, &variables)
        guard status == 0 else {
            close(writing)
            return .failure(Failure(reason: "cannot be started: \(self.words(of: status))"))
        }
        return .success((identifier, writing))
    }

    deinit {
        if pipeEnd >= 0 { close(pipeEnd) }
    }

    /// Hands over as much of the input as the pipe takes now, and ends it after the last byte.
    mutating func feed() {
        while pipeEnd >= 0, !left.isEmpty {
            let count = left.withUnsafeBytes { write(pipeEnd, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            // It reads no more: whether it accepts all the same is for its exit to say.
            guard count > 0 else { break }
            left = left.dropFirst(count)
        }
        if pipeEnd >= 0 { close(pipeEnd) }
        pipeEnd = -1
    }

    /// How it ended; nil while it runs.
    mutating func ending() -> Ending? {
        if let known { return known }
        var status: Int32 = 0
        let found = waitpid(identifier, &status, WNOHANG)
        // Nobody else waits for our children; a child that is not ours any more has ended, we know not how.
        if found < 0, errno != EINTR { known = .killed(SIGKILL) }
        guard found == identifier else { return known }
        let signal = status & 0x7F
        known = signal == 0 ? .exited((status >> 8) & 0xFF) : .killed(signal)
        return known
    }

    /// Ends it and all that it started in its group.
    func kill() {
        guard known == nil else { return }
        Glibc.kill(-identifier, SIGKILL)
    }

    private static func words(of code: Int32) -> String { String(cString: strerror(code)) }
}
