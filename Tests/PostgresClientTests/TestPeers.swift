import Dispatch
import Glibc
import PostgresClient
import Synchronization
import Testing

extension PostgresPool {
    /// Waits until a backend runs a statement.
    func awaitActive(_ backend: Int32) async throws {
        while true {
            let isActive = try await transaction("look") {
                try $0.query(
                    """
                    SELECT count(*) FROM pg_stat_activity
                    WHERE pid = $1 AND state = 'active' AND query LIKE '%pg_sleep%'
                    """,
                    [.int32(backend)]
                )[0].int64(0) == 1
            }
            if isActive { return }
            await Task.yield()
        }
    }
}

/// Runs asynchronous work from inside of a synchronous body, on other threads, and waits for it.
func blocking(_ work: @escaping @Sendable () async throws -> Void) throws {
    let done = DispatchSemaphore(value: 0)
    let outcome = Mutex<Result<Void, any Error>>(.success(()))
    Task.detached {
        do { try await work() } catch { outcome.withLock { $0 = .failure(error) } }
        done.signal()
    }
    done.wait()
    try outcome.withLock { try $0.get() }
}

/// A temporary directory with a listening socket where libpq looks for a server.
final class ListeningSocket: Sendable {
    let directory: String
    let descriptor: Int32

    init() throws {
        var template = Array("/tmp/sluice-peer-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = Self.address("\(directory)/.s.PGSQL.5432")
        let result = Self.withAddress(&address) { bind(descriptor, $0, $1) }
        try #require(result == 0 && listen(descriptor, 8) == 0)
    }

    deinit {
        close(descriptor)
        unlink("\(directory)/.s.PGSQL.5432")
        rmdir(directory)
    }

    static func address(_ path: String) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return address
    }

    static func withAddress<Value>(
        _ address: inout sockaddr_un,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// A server that takes connections and never says a word.
final class MuteServer: Sendable {
    private let listener: ListeningSocket
    var directory: String { listener.directory }

    init() throws { listener = try ListeningSocket() }
}

/// Stands between client and server and spoils the COMMIT of the first transaction that inserts.
final class CommitProxy: Sendable {
    enum Fault: String, Sendable, CaseIterable {
        /// COMMIT reaches the server, its answer is never passed on.
        case answerSwallowed
        /// COMMIT reaches the server, then both sides are cut.
        case cutAfterCommit
        /// COMMIT never reaches the server, and the client is cut.
        case cutBeforeCommit
    }

    private let listener: ListeningSocket
    var directory: String { listener.directory }

    init(serverDirectory: String, fault: Fault) throws {
        listener = try ListeningSocket()
        let (descriptor, path) = (listener.descriptor, "\(serverDirectory)/.s.PGSQL.5432")
        let thread = DispatchQueue(label: "commit-proxy", attributes: .concurrent)
        thread.async {
            while true {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { return }
                thread.async { Self.serve(client, path, fault) }
            }
        }
    }

    deinit { shutdown(listener.descriptor, Int32(SHUT_RDWR)) }

    private static func serve(_ client: Int32, _ path: String, _ fault: Fault) {
        let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer {
            close(client)
            close(server)
        }
        var address = ListeningSocket.address(path)
        guard ListeningSocket.withAddress(&address, { connect(server, $0, $1) }) == 0 else { return }
        let (insert, commit) = (Array("INSERT INTO".utf8), Array("COMMIT\0".utf8))
        var hasInserted = false
        var hasCommitted = false
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            var entries = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) > 0 else { return }
            if entries[0].revents != 0 {
                let count = read(client, &chunk, chunk.count)
                guard count > 0 else { return }
                if chunk[..<count].contains(insert) { hasInserted = true }
                let isCommit = hasInserted && chunk[..<count].contains(commit)
                if isCommit, fault == .cutBeforeCommit { return }
                guard send(server, chunk, count, Int32(MSG_NOSIGNAL)) == count else { return }
                if isCommit {
                    hasCommitted = true
                    // The server's answer proves that it has worked off COMMIT.
                    if fault == .cutAfterCommit {
                        _ = read(server, &chunk, chunk.count)
                        return
                    }
                }
            }
            if entries[1].revents != 0 {
                let count = read(server, &chunk, chunk.count)
                guard count > 0 else { return }
                if hasCommitted { continue }
                guard send(client, chunk, count, Int32(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }
}
