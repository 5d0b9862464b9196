import EmbeddedPostgres
import Foundation
import Glibc
import Pipeline
import Synchronization

/// Stands between workers and their database, reads the wire protocol, and loses answers to COMMIT.
///
/// A socket of its own in a folder of its own; a thread a connection. What it does to a COMMIT is drawn by seed.
final class CommitProxy: Sendable {
    /// What becomes of one COMMIT.
    private enum Fate {
        case forwarded
        /// It never reaches the server, and both sides lose the connection: rolled back.
        case withheld
        /// The server has done it and said so, and the client loses the connection instead of the answer.
        case swallowed
        /// It is forwarded and the client loses the connection at once: for a while nobody knows.
        case abandoned
    }

    /// How many of each there were.
    struct Counts: Sendable {
        var commits = 0
        var withheld = 0
        var swallowed = 0
        var abandoned = 0
    }

    private struct State {
        var counts = Counts()
        var open: Set<Int32> = []
        var perMille: Int
        var isStopped = false
    }

    private let directory: String
    private let upstream: String
    private let listener: Int32
    private let chance: Chance
    private let state: Mutex<State>

    /// Starts to listen.
    ///
    /// `perMille`: of all COMMITs, how many are lost in each of the three ways.
    init(in server: EmbeddedCluster, folder: String, seed: UInt64, perMille: Int) throws {
        directory = "\(folder)/proxy"
        upstream = "\(server.socketDirectory)/.s.PGSQL.5432"
        chance = Chance(seed: seed)
        state = Mutex(State(perMille: perMille))
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard Self.named("\(directory)/.s.PGSQL.5432", { bind(listener, $0, $1) }) == 0, listen(listener, 64) == 0
        else { throw SceneFailure("no proxy: \(String(cString: strerror(errno)))") }
        Thread { [self] in accept() }.start()
    }

    /// A libpq URI that leads through here.
    func uri(database: String, user: String) -> String {
        "postgresql://\(user)@/\(database)?host=\(directory)&port=5432"
    }

    var counts: Counts { state.withLock { $0.counts } }

    /// Loses nothing any more.
    func behave() { state.withLock { $0.perMille = 0 } }

    /// Ends all connections and takes no more.
    func stop() {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    // MARK: Connections

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            guard Self.named(upstream, { connect(server, $0, $1) }) == 0, enter(client, server) else {
                close(client)
                close(server)
                continue
            }
            Thread { [self] in
                pump(client: client, server: server)
                state.withLock { $0.open.subtract([client, server]) }
                close(client)
                close(server)
            }.start()
        }
    }

    private func enter(_ client: Int32, _ server: Int32) -> Bool {
        state.withLock { state in
            guard !state.isStopped else { return false }
            state.open.formUnion([client, server])
            return true
        }
    }

    /// Carries bytes both ways until one side ends, or a COMMIT meets another fate than to be forwarded.
    private func pump(client: Int32, server: Int32) {
        var messages = FrontendMessages()
        var buffer = [UInt8](repeating: 0, count: 64 * 1_024)
        while true {
            var entries = [
                pollfd(fd: client, events: Int16(POLLIN), revents: 0),
                pollfd(fd: server, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&entries, 2, -1) >= 0 || errno == EINTR else { return }
            if entries[1].revents != 0 {
                let count = recv(server, &buffer, buffer.count, 0)
                guard count > 0, Self.send(buffer[..<count], to: client) else { return }
            }
            guard entries[0].revents != 0 else { continue }
            let count = recv(client, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            messages.take(buffer[..<count])
            while let message = messages.next() {
                let fate = message.isCommit ? draw() : .forwarded
                if fate == .withheld { return }
                guard Self.send(message.bytes[...], to: server) else { return }
                if fate == .abandoned { return }
                if fate == .swallowed {
                    // The answer has come when the server waits for the next message.
                    _ = recv(server, &buffer, buffer.count, 0)
                    return
                }
            }
        }
    }

    private func draw() -> Fate {
        let drawn = chance.pick(0...999)
        return state.withLock { state in
            state.counts.commits += 1
            switch drawn {
            case ..<state.perMille:
                state.counts.withheld += 1
                return .withheld
            case ..<(2 * state.perMille):
                state.counts.swallowed += 1
                return .swallowed
            case ..<(3 * state.perMille):
                state.counts.abandoned += 1
                return .abandoned
            default: return .forwarded
            }
        }
    }

    // MARK: Sockets

    private static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest.removeFirst(count)
        }
        return true
    }

    private static func named(_ path: String, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { target in
            guard path.utf8.count < target.count else { return false }
            target.copyBytes(from: path.utf8)
            return true
        }
        guard isShort else { return -1 }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                call($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// Cuts what a client sends into its messages: the first has no type, all others have one byte of it; all have their
/// length.
struct FrontendMessages {
    struct Message {
        let bytes: [UInt8]

        /// Whether it is a simple query that says COMMIT.
        var isCommit: Bool {
            bytes.count == 12 && bytes[0] == UInt8(ascii: "Q") && bytes[5..<11].elementsEqual(Array("COMMIT".utf8))
        }
    }

    private var unread: [UInt8] = []
    private var hasStarted = false

    mutating func take(_ bytes: ArraySlice<UInt8>) { unread += bytes }

    /// The next whole message.
    mutating func next() -> Message? {
        let type = hasStarted ? 1 : 0
        guard unread.count >= type + 4 else { return nil }
        let length = unread[type..<(type + 4)].reduce(0) { $0 << 8 | Int($1) }
        guard unread.count >= type + length else { return nil }
        let message = Message(bytes: Array(unread.prefix(type + length)))
        unread.removeFirst(type + length)
        hasStarted = true
        return message
    }
}
