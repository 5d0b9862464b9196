import Foundation
import Glibc

/// One connection of a test, closed when it is given up.
final class LoopbackConnection: Sendable {
    private let descriptor: Int32
    private let server: LoopbackServer?

    init(descriptor: Int32, server: LoopbackServer) {
        self.descriptor = descriptor
        self.server = server
    }

    /// A connection of the test's own to a port of this machine.
    init?(connectingTo port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        server = nil
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = descriptor
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Reads a whole request and returns its body; `nil` when the peer goes away before its end.
    @discardableResult
    func readRequest() -> [UInt8]? {
        var bytes: [UInt8] = []
        while true {
            if let head = Self.head(of: bytes), bytes.count >= head.byteCount + head.bodyByteCount {
                let body = Array(bytes[head.byteCount...])
                server?.noteRequest(head: head.text, body: body)
                return body
            }
            guard let piece = read() else { return nil }
            bytes += piece
        }
    }

    /// The next bytes; `nil` at the end of the connection.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        server?.note(bytes: count)
        return Array(buffer[..<count])
    }

    @discardableResult
    func write(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    @discardableResult
    func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    func answer(_ status: Int, _ body: String = "") {
        server?.noteAnswer()
        write("HTTP/1.1 \(status) Some Words\r\nContent-Length: \(body.utf8.count)\r\nX-Test: Yes\r\n\r\n\(body)")
    }

    /// Waits until the peer closes, however long it takes.
    func waitForPeer() {
        while read() != nil {}
    }

    /// Waits for the peer to close for at most `milliseconds`; `true` when it did.
    func peerCloses(within milliseconds: Int32) -> Bool {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, milliseconds) > 0 && read() == nil
    }

    /// Tells the peer that nothing more comes.
    func endWriting() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Makes the end of the connection a reset.
    func resetAtEnd() {
        var lingering = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &lingering, socklen_t(MemoryLayout<linger>.size))
    }

    private static func head(of bytes: [UInt8]) -> (text: String, byteCount: Int, bodyByteCount: Int)? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.range(of: "\r\n\r\n") else { return nil }
        let head = String(text[..<end.lowerBound])
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
        return (head, head.utf8.count + 4, length ?? 0)
    }
}
