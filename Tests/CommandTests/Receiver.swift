import Foundation
import Glibc
import Synchronization
import Testing

/// A receiver of webhooks on 127.0.0.1 that does to each connection what a test tells it, and keeps what it was sent.
final class Receiver: Sendable {
    /// What it does with a connection.
    enum Behaviour: Sendable {
        /// Reads the request and answers with these words.
        case answer(String)
        /// Reads the request and never answers.
        case blackHole
        /// Closes without a word.
        case hangUp
    }

    struct Request: Sendable {
        let head: String
        let body: [UInt8]

        func header(_ name: String) -> String? {
            let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            return line.map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
        }
    }

    let port: UInt16
    private let listener: Int32
    private let requests = Mutex<[Request]>([])
    private let open = Mutex<[Int32]>([])

    init(_ behaviour: Behaviour) throws {
        // A peer that goes away is an error of that write, as in the program itself.
        signal(SIGPIPE, SIG_IGN)
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let port: UInt16? = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard bind(listener, address, length) == 0, listen(listener, 64) == 0,
                    getsockname(listener, address, &length) == 0
                else { return nil }
                return pointer.pointee.sin_port.bigEndian
            }
        }
        self.port = try #require(port)
        Thread.detachNewThread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { self.serve(connection, behaviour) }
            }
        }
    }

    deinit {
        close(listener)
        for connection in open.withLock({ $0 }) { close(connection) }
    }

    var url: String { "http://127.0.0.1:\(port)/hook" }
    var received: [Request] { requests.withLock { $0 } }

    /// Ends the listening; later connections are refused.
    func stop() { Glibc.shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32, _ behaviour: Behaviour) {
        if case .hangUp = behaviour {
            close(connection)
            return
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            bytes += buffer[..<count]
            guard let request = Self.request(bytes) else { continue }
            requests.withLock { $0.append(request) }
            if case .answer(let words) = behaviour {
                _ = Array(words.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, 0) }
                break
            }
            open.withLock { $0.append(connection) }
            return
        }
        close(connection)
    }

    private static func request(_ bytes: [UInt8]) -> Request? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let head = String(text[..<end.lowerBound])
        let body = Array(text[end.upperBound...].utf8)
        let request = Request(head: head, body: body)
        guard let length = request.header("content-length").flatMap({ Int($0) }), body.count >= length else {
            return nil
        }
        return request
    }
}
