import Foundation
import Glibc
import Synchronization
import Testing

/// A raw-socket server on 127.0.0.1 that does to each connection what a test tells it, and counts what it saw.
final class LoopbackServer: Sendable {
    private struct Counts {
        var connections = 0
        var requests = 0
        var bytesRead = 0
        var waiting = 0
        var waitingMax = 0
        var bodies: [[UInt8]] = []
        var heads: [String] = []
    }

    let port: UInt16
    private let listener: Int32
    private let counts = Mutex(Counts())

    init(_ behaviour: @escaping @Sendable (LoopbackConnection) -> Void) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(listener >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let port: UInt16? = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(listener, address, length) == 0, listen(listener, 512) == 0,
                    getsockname(listener, address, &length) == 0
                else { return nil }
                return pointer.pointee.sin_port.bigEndian
            }
        }
        self.port = try #require(port)
        startThread { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                counts.withLock { $0.connections += 1 }
                startThread { [self] in
                    // Closed by the end of the last thread that uses it.
                    behaviour(LoopbackConnection(descriptor: descriptor, server: self))
                }
            }
        }
    }

    deinit {
        close(listener)
    }

    /// Ends the listening; the port refuses connections afterwards, and stays ours as long as the server lives.
    func stop() {
        // Not closed here: the accepting thread may still use the number, which a new socket would get.
        Glibc.shutdown(listener, Int32(SHUT_RDWR))
    }

    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    var connectionCount: Int { counts.withLock { $0.connections } }
    var requestCount: Int { counts.withLock { $0.requests } }
    var byteCount: Int { counts.withLock { $0.bytesRead } }
    /// The most requests that were read and not answered at one time.
    ///
    /// Connections are not counted: one that the peer has ended lasts here until its thread hears of it.
    var waitingMax: Int { counts.withLock { $0.waitingMax } }
    var bodies: [[UInt8]] { counts.withLock { $0.bodies } }
    var heads: [String] { counts.withLock { $0.heads } }

    func note(bytes: Int) {
        counts.withLock { $0.bytesRead += bytes }
    }

    func noteRequest(head: String, body: [UInt8]) {
        counts.withLock { counts in
            counts.requests += 1
            counts.heads.append(head)
            counts.bodies.append(body)
            counts.waiting += 1
            counts.waitingMax = max(counts.waitingMax, counts.waiting)
        }
    }

    /// An answer is about to be written.
    func noteAnswer() {
        counts.withLock { $0.waiting -= 1 }
    }
}

/// Runs `body` on a thread of its own, because it blocks.
func startThread(_ body: @escaping @Sendable () -> Void) {
    Thread.detachNewThread(body)
}
