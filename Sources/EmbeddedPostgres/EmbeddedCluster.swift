import Glibc
import Synchronization

/// A PostgreSQL server of its own, for demonstrations and tests.
///
/// It listens on a unix socket only, which any local user may use without a password: never keep real data in it. The
/// server ends with this process, even when that is killed, and its temporary directory goes with it.
package final class EmbeddedCluster: Sendable {
    /// How to start a server.
    package struct Options: Sendable {
        /// Where the cluster lives and stays; nil for a temporary one that is removed at the end.
        package var directory: String?
        /// Further server settings, by name.
        package var settings: [String: String]

        /// A temporary cluster with default settings, unless told otherwise.
        package init(directory: String? = nil, settings: [String: String] = [:]) {
            self.directory = directory
            self.settings = settings
        }
    }

    private struct State: ~Copyable {
        var watchdog: ServerWatchdog?
        var server: Int32
    }

    /// The name of the file that marks a directory as made here.
    private static let markerName = "sluice-embedded-postgres"
    private static let startLimit = Duration.seconds(60)
    private static let defaultPort = "5432"

    /// The directory that holds the server's socket.
    package let socketDirectory: String
    /// The cluster's data directory.
    package let dataDirectory: String
    /// The number in the socket's name.
    let port: String
    private let state: Mutex<State>

    /// The process of the running server, or of the last one that ran.
    package var processIdentifier: Int32 { state.withLock { $0.server } }

    private init(
        socketDirectory: String,
        dataDirectory: String,
        port: String,
        watchdog: consuming ServerWatchdog?,
        server: Int32
    ) {
        self.socketDirectory = socketDirectory
        self.dataDirectory = dataDirectory
        self.port = port
        state = Mutex(State(watchdog: watchdog, server: server))
    }

    /// Makes the cluster if there is none yet, starts the server and waits until it takes connections.
    ///
    /// Throws `EmbeddedPostgresError`; nothing is left behind then.
    package static func start(_ options: Options = Options()) throws -> EmbeddedCluster {
        let binaries = try binaryDirectory()
        let account = try ServerAccount.current()
        let persistent = try options.directory.map { try prepare($0, for: account) }
        let work = try FileTree.makeTemporaryDirectory()
        let data = "\(persistent ?? work)/data"
        let watchdog: ServerWatchdog?
        do {
            try account.adopt(work)
            watchdog = try ServerWatchdog(
                script: ClusterScript.text,
                environment: [
                    "BIN": binaries,
                    "DATA": data,
                    "WORK": work,
                    "STEP": account.stepDown.joined(separator: " "),
                    // A temporary cluster need not survive a power cut between initdb and its end.
                    "SYNC": persistent == nil ? "--no-sync" : "",
                    "PATH": "/usr/local/bin:/usr/bin:/bin",
                    "LC_ALL": "C.UTF-8",
                ],
                serverArguments: serverArguments(socketDirectory: work, options.settings)
            )
        } catch {
            rmdir(work)
            throw error
        }
        let server = try awaitReady(watchdog, work: work, data: data)
        return EmbeddedCluster(
            socketDirectory: work,
            dataDirectory: data,
            port: options.settings["port"] ?? defaultPort,
            watchdog: watchdog,
            server: server
        )
    }

    /// A libpq URI for a database and a user, over the unix socket.
    package func uri(database: String = "postgres", user: String = "postgres") -> String {
        "postgresql://\(URIText.encoded(user))@/\(URIText.encoded(database))?host=\(socketDirectory)&port=\(port)"
    }

    /// Stops the server (fast, then immediately), waits for its end and removes the temporary directory.
    package func stop() {
        state.withLock { $0.watchdog = nil }
    }

    /// Kills the server and all its processes without a chance to clean up, as a power cut would.
    package func kill9() throws {
        try state.withLock { state in
            guard state.watchdog != nil else { throw EmbeddedPostgresError.stopped }
            let server = state.server
            // Stopped first, so that no child is born while the list is read.
            kill(server, SIGSTOP)
            let all = [server] + ProcessTable.children(of: server)
            for process in all { kill(process, SIGKILL) }
            guard Patience.wait(limit: .seconds(10), { !all.contains(where: ProcessTable.isAlive) }) else {
                throw EmbeddedPostgresError.system(call: "kill", errorNumber: ETIMEDOUT)
            }
        }
    }

    /// Starts the server again on the same cluster and socket; stops it (fast) before, if it still runs.
    package func restart() throws {
        try state.withLock { state in
            guard state.watchdog != nil else { throw EmbeddedPostgresError.stopped }
            if ProcessTable.isAlive(state.server) { kill(state.server, SIGINT) }
            let end = ContinuousClock.now + Self.startLimit
            while true {
                try state.watchdog?.startAgain()
                do {
                    state.server = try Self.awaitReady(state.watchdog, work: socketDirectory, data: dataDirectory)
                    return
                } catch EmbeddedPostgresError.startFailed(let lastLine) {
                    // Processes of the killed server may hold its shared memory for a moment.
                    guard ContinuousClock.now < end else {
                        throw EmbeddedPostgresError.startFailed(lastLine: lastLine)
                    }
                    poll(nil, 0, 50)
                }
            }
        }
    }

    /// The directory of the server's programs: what `pg_config` names, else the newest that Debian installed.
    package static func binaryDirectory() throws -> String {
        try PostgresBinaries.directory()
    }

    /// Makes or checks a directory that stays: it must be new, empty, or marked as made here.
    private static func prepare(_ directory: String, for account: ServerAccount) throws -> String {
        try FileTree.makeDirectories(directory)
        let path = try FileTree.absolute(directory)
        let entries = FileTree.entries(of: path)
        guard !entries.contains(markerName) else { return path }
        guard entries.isEmpty else { throw EmbeddedPostgresError.foreignDirectory(path: path) }
        let note = "made by EmbeddedCluster; remove only with its server stopped\n"
        try FileTree.write(note, to: "\(path)/\(markerName)")
        try account.adopt(path)
        return path
    }

    private static func serverArguments(socketDirectory: String, _ settings: [String: String]) -> [String] {
        let own = [
            "listen_addresses": "",
            "unix_socket_directories": socketDirectory,
            "unix_socket_permissions": "0777",
            "port": defaultPort,
            "fsync": "on",
            "synchronous_commit": "on",
            "timezone": "UTC",
            "log_timezone": "UTC",
            // Neither statements nor row values belong in a log.
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
        ]
        return own.merging(settings) { _, given in given }
            .sorted { $0.key < $1.key }
            .flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }

    /// Waits until the server that the watchdog just started takes connections; returns its process.
    private static func awaitReady(_ watchdog: borrowing ServerWatchdog?, work: String, data: String) throws -> Int32 {
        let end = ContinuousClock.now + startLimit
        let words = watchdog?.nextLine(within: startLimit)?.split(separator: " ") ?? []
        guard words.first == "started", let server = words.last.flatMap({ Int32($0) }) else {
            throw EmbeddedPostgresError.initialisationFailed(lastLine: lastLogLine(work))
        }
        let isSettled = Patience.wait(limit: max(.zero, end - ContinuousClock.now)) {
            isReady(server, data: data) || !ProcessTable.isAlive(server)
        }
        guard isSettled else { throw EmbeddedPostgresError.startTimedOut(lastLine: lastLogLine(work)) }
        guard ProcessTable.isAlive(server) else {
            throw EmbeddedPostgresError.startFailed(lastLine: lastLogLine(work))
        }
        return server
    }

    /// Whether the server says, in the eighth line of its lock file, that it takes connections.
    private static func isReady(_ server: Int32, data: String) -> Bool {
        let lines = (FileTree.read("\(data)/postmaster.pid") ?? "").split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        return lines.count >= 8 && lines[0] == "\(server)" && lines[7].hasPrefix("ready")
    }

    private static func lastLogLine(_ work: String) -> String {
        let lines = (FileTree.read("\(work)/server.log") ?? "").split(separator: "\n")
        return lines.last { $0.contains("FATAL") || $0.contains("error:") }.map(String.init)
            ?? lines.last.map(String.init) ?? "nothing"
    }
}
