import ChannelSimulator
import Foundation
import Glibc

/// Speaks with the control port of a scene's companies.
struct SimulatorControl: Sendable {
    let port: Int

    /// What the control port tells of a channel.
    struct Status: Sendable {
        let condition: String
        let submitNow: Int
        let submitMax: Int
        let queryNow: Int
        let queryMax: Int
    }

    /// Lets something befall a channel; in force when this returns.
    func put(_ channel: String, into condition: ChannelCondition) throws {
        _ = try exchange("POST /channels/\(channel)/\(condition.rawValue)")
    }

    func status(of channel: String) throws -> Status {
        let list = try JSONSerialization.jsonObject(with: try exchange("GET /channels")) as? [[String: Any]] ?? []
        guard let fields = list.first(where: { $0["channel"] as? String == channel }),
            let condition = fields["condition"] as? String, let submitNow = fields["submit_now"] as? Int,
            let submitMax = fields["submit_max"] as? Int, let queryNow = fields["query_now"] as? Int,
            let queryMax = fields["query_max"] as? Int
        else { throw SceneFailure("the control port tells nothing of \(channel)") }
        return Status(
            condition: condition,
            submitNow: submitNow,
            submitMax: submitMax,
            queryNow: queryNow,
            queryMax: queryMax
        )
    }

    /// One request; answers its body, and refuses any status but 200.
    private func exchange(_ request: String) throws -> Data {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(socket) }
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let text = Array("\(request) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        guard isConnected, Glibc.send(socket, text, text.count, Int32(MSG_NOSIGNAL)) == text.count else {
            throw SceneFailure("the simulator's control port does not answer")
        }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(socket, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            answer += chunk.prefix(count)
        }
        guard answer.starts(with: Array("HTTP/1.1 200".utf8)), let end = answer.firstRange(of: Array("\r\n\r\n".utf8))
        else { throw SceneFailure("\(request): \(String(decoding: answer.prefix(200), as: UTF8.self))") }
        return Data(answer[end.upperBound...])
    }
}
