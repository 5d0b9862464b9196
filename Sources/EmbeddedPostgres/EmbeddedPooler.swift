import Glibc
import Synchronization

/// A PgBouncer of its own in transaction mode before an embedded cluster, for demonstrations and tests.
///
/// Like the cluster it listens on a unix socket only, which any local user may use without a password, and ends with
/// this process, even when that is killed. No start-up parameter is ignored: who connects must need none that a pooler
/// refuses.
package final class EmbeddedPooler: Sendable {
    /// How to start a pooler.
    package struct Options: Sendable {
        /// Sessions on the server for each pair of database and role.
        package var sessionsMax: Int
        /// The roles that may connect; the pooler's sessions log in as the same role.
        package var roles: [String]
        /// Seconds after which a session that nobody used is closed.
        package var idleSeconds: Int

        /// Few sessions, so that those who connect really share them.
        package init(sessionsMax: Int, roles: [String], idleSeconds: Int = 600) {
            self.sessionsMax = sessionsMax
            self.roles = roles
            self.idleSeconds = idleSeconds
        }
    }

    private struct State: ~Copyable {
        var watchdog: ServerWatchdog?
    }

    private static let startLimit = Duration.seconds(20)
    private static let port = "6432"
    private static let programPaths = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"]

    /// The directory that holds the pooler's socket, settings and log.
    package let socketDirectory: String
    /// The process of the pooler.
    package let processIdentifier: Int32
    private let state: Mutex<State>

    private init(socketDirectory: String, processIdentifier: Int32, watchdog: consuming ServerWatchdog?) {
        self.socketDirectory = socketDirectory
        self.processIdentifier = processIdentifier
        state = Mutex(State(watchdog: watchdog))
    }

    /// Starts the pooler before the cluster and waits until it takes connections.
    ///
    /// Throws `EmbeddedPostgresError`; nothing is left behind then.
    package static func start(before cluster: EmbeddedCluster, _ options: Options) throws -> EmbeddedPooler {
        guard let program = programPaths.first(where: { access($0, X_OK) == 0 }) else {
            throw EmbeddedPostgresError.toolMissing(name: "pgbouncer", package: "pgbouncer")
        }
        let account = try ServerAccount.current()
        let work = try FileTree.makeTemporaryDirectory()
        let watchdog: ServerWatchdog?
        do {
            try FileTree.write(settings(work: work, cluster: cluster, options), to: "\(work)/pgbouncer.ini")
            try FileTree.write(options.roles.map { "\"\($0)\" \"\"\n" }.joined(), to: "\(work)/roles.txt")
            try account.adopt(work)
            watchdog = try ServerWatchdog(
                script: script,
                environment: [
                    "POOLER": program,
                    "WORK": work,
                    "STEP": account.stepDown.joined(separator: " "),
                    "PATH": "/usr/local/bin:/usr/bin:/bin",
                    "LC_ALL": "C.UTF-8",
                ],
                serverArguments: []
            )
        } catch {
            for name in FileTree.entries(of: work) { unlink("\(work)/\(name)") }
            rmdir(work)
            throw error
        }
        let process = try awaitReady(watchdog, work: work)
        return EmbeddedPooler(socketDirectory: work, processIdentifier: process, watchdog: watchdog)
    }

    /// A libpq URI for a database and a role, through the pooler.
    package func uri(database: String, user: String) -> String {
        "postgresql://\(URIText.encoded(user))@/\(URIText.encoded(database))?host=\(socketDirectory)&port=\(Self.port)"
    }

    /// Stops the pooler, waits for its end and removes its directory.
    package func stop() {
        state.withLock { $0.watchdog = nil }
    }

    private static func settings(work: String, cluster: EmbeddedCluster, _ options: Options) -> String {
        """
        [databases]
        * = host=\(cluster.socketDirectory) port=\(cluster.port)

        [pgbouncer]
        listen_addr =
        listen_port = \(port)
        unix_socket_dir = \(work)
        unix_socket_mode = 0777
        auth_type = trust
        auth_file = \(work)/roles.txt
        pool_mode = transaction
        default_pool_size = \(options.sessionsMax)
        max_client_conn = 500
        server_login_retry = 1
        server_idle_timeout = \(options.idleSeconds)
        log_connections = 0
        log_disconnections = 0
        log_stats = 0

        """
    }

    /// Waits until the pooler that the watchdog just started has its socket; returns its process.
    private static func awaitReady(_ watchdog: borrowing ServerWatchdog?, work: String) throws -> Int32 {
        let words = watchdog?.nextLine(within: startLimit)?.split(separator: " ") ?? []
        guard words.first == "started", let pooler = words.last.flatMap({ Int32($0) }) else {
            throw EmbeddedPostgresError.startFailed(lastLine: lastLogLine(work))
        }
        let isSettled = Patience.wait(limit: startLimit) {
            access("\(work)/.s.PGSQL.\(port)", F_OK) == 0 || !ProcessTable.isAlive(pooler)
        }
        guard isSettled else { throw EmbeddedPostgresError.startTimedOut(lastLine: lastLogLine(work)) }
        guard ProcessTable.isAlive(pooler) else {
            throw EmbeddedPostgresError.startFailed(lastLine: lastLogLine(work))
        }
        return pooler
    }

    private static func lastLogLine(_ work: String) -> String {
        let lines = (FileTree.read("\(work)/pooler.log") ?? "").split(separator: "\n")
        return lines.first { $0.contains("FATAL") || $0.contains("ERROR") }.map(String.init)
            ?? lines.last.map(String.init) ?? "nothing"
    }

    /// TERM makes it drop all connections and end at once.
    private static let script = #"""
        trap '' PIPE HUP
        trap : TERM INT
        cd /
        $STEP "$POOLER" "$WORK/pgbouncer.ini" </dev/null >>"$WORK/pooler.log" 2>&1 &
        pooler=$!
        echo "started $pooler"
        while read -r command; do :; done
        (sleep 10; kill -KILL "$pooler") </dev/null >/dev/null 2>&1 &
        kill -TERM "$pooler" 2>/dev/null
        wait "$pooler"
        rm -rf -- "$WORK"
        trap '' TERM
        kill -TERM 0
        """#
}
