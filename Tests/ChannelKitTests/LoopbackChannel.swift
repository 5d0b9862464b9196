import Cryptography
import Foundation
import Glibc
import Synchronization

/// A channel on this machine that reads one request a connection from a raw socket and answers with raw bytes, so that
/// it can also answer with half of them.
final class LoopbackChannel: Sendable {
    struct Request: Sendable {
        let line: String
        let headers: [String: String]
        let body: [UInt8]

        func header(_ name: String) -> String { headers[name.lowercased()] ?? "" }
    }

    let port: UInt16
    private let descriptor: Int32
    private let log = Log()

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    /// `answer`: the bytes to write for a request, after which the connection is closed; nil keeps it open.
    init(answer: @escaping @Sendable (Request) -> [UInt8]?) {
        (descriptor, port) = Self.listen()
        let descriptor = descriptor
        Thread.detachNewThread { [log] in
            while true {
                let connection = accept(descriptor, nil, nil)
                guard connection >= 0 else {
                    // Closed by the thread that uses it: closed elsewhere, its number could name another's socket here.
                    close(descriptor)
                    return
                }
                guard let request = Self.read(connection) else {
                    close(connection)
                    continue
                }
                log.requests.withLock { $0.append(request) }
                guard let bytes = answer(request) else { continue }
                _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                close(connection)
            }
        }
    }

    deinit {
        Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
    }

    var requests: [Request] { log.requests.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    /// A port of this machine on which nobody listens.
    static func deadPort() -> UInt16 {
        let (descriptor, port) = listen()
        close(descriptor)
        return port
    }

    private static func listen() -> (Int32, UInt16) {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        precondition(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                precondition(bind(descriptor, $0, length) == 0)
                precondition(Glibc.listen(descriptor, 16) == 0)
                precondition(getsockname(descriptor, $0, &length) == 0)
            }
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = bytes.firstRange(of: [0x0D, 0x0A, 0x0D, 0x0A]) {
                let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
                var headers: [String: String] = [:]
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
                }
                let length = Int(headers["content-length"] ?? "0") ?? 0
                if bytes.count - end.upperBound >= length {
                    return Request(line: lines[0], headers: headers, body: Array(bytes[end.upperBound...]))
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// A whole HTTP answer, signed as the dialect says.
    static func signed(
        _ body: [UInt8],
        to request: Request,
        status: Int32 = 200,
        secret: String = Sample.secret
    ) -> [UInt8] {
        let timestamp = "1795226400999"
        let nonce = request.header("X-Nonce")
        let signature = Sample.hmac([String(status), timestamp, nonce], body: body, secret: secret)
        return http(
            status,
            [("X-Timestamp", timestamp), ("X-Nonce", nonce), ("X-Signature", signature)],
            body
        )
    }

    static func http(_ status: Int32, _ headers: [(String, String)], _ body: [UInt8]) -> [UInt8] {
        let lines =
            ["HTTP/1.1 \(status) Any"] + headers.map { "\($0.0): \($0.1)" } + ["Content-Length: \(body.count)", "", ""]
        return Array(lines.joined(separator: "\r\n").utf8) + body
    }
}
