import Cryptography
import Foundation
import Glibc

/// A merchant that speaks the dialect by hand, over its own socket.
final class RawClient {
    /// What came back until the answer was whole or the other side closed.
    struct Answer {
        var status = 0
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// Whether the body is as long as announced.
        var isWhole = false
        var wasReset = false

        var fields: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:]
        }

        var code: String? { fields["code"] as? String }

        var items: [[String: Any]] { fields["items"] as? [[String: Any]] ?? [] }

        var itemCodes: [String] { items.compactMap { $0["code"] as? String } }

        /// Whether it is signed as the page says, for a request with `nonce`.
        func isSigned(for nonce: String) -> Bool {
            let text = [
                "\(status)", headers["x-timestamp"] ?? "", nonce, Hexadecimal.encode(SHA256.hash(body)),
            ].joined(separator: "\n")
            let expected = HMACSHA256.authenticate(key: Array(Harbor.secret.utf8), Array(text.utf8))
            return headers["x-nonce"] == nonce && headers["x-signature"] == Hexadecimal.encode(expected)
        }
    }

    static let nonce = "0123456789abcdef0123456789abcdef"
    /// More than any answer, less than an endless one.
    private static let byteCountMax = 1 << 20

    private let descriptor: Int32
    private var isOpen = true
    private var unread: [UInt8] = []

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit {
        if isOpen { close(descriptor) }
    }

    func hangUp() {
        close(descriptor)
        isOpen = false
    }

    // MARK: Messages

    /// A submit message as the page shows it.
    static func submit(
        _ number: String,
        amounts: [Int] = [100_075, 250_000],
        accounts: [String] = ["6222020200112233445"],
        date: String = "20261121"
    ) -> String {
        let items = amounts.enumerated().map { index, amount in
            """
            {"item_no": \(index + 1), "reference": "\(number)-\(index + 1)", \
            "account_no": "\(accounts[index % accounts.count])", "account_name": "王小明", \
            "bank_code": "102100099996", "amount": \(amount), "purpose": "工资"}
            """
        }
        return """
            {"merchant_id": "M10001", "batch_no": "\(number)", "trade_date": "\(date)", "direction": "payout", \
            "currency": "CNY", "total_count": \(amounts.count), "total_amount": \(amounts.reduce(0, +)), \
            "items": [\(items.joined(separator: ", "))]}
            """
    }

    static func query(_ number: String, date: String = "20261121") -> String {
        #"{"merchant_id": "M10001", "batch_no": "\#(number)", "trade_date": "\#(date)"}"#
    }

    /// A whole request, signed; `change` may spoil its headers afterwards.
    static func request(
        _ path: String,
        _ body: String,
        at milliseconds: Int64 = Harbor.start,
        change: (inout [(String, String)]) -> Void = { _ in }
    ) -> [UInt8] {
        request(path, bytes: Array(body.utf8), at: milliseconds, change: change)
    }

    /// The same, with a body of any bytes.
    static func request(
        _ path: String,
        bytes body: [UInt8],
        at milliseconds: Int64 = Harbor.start,
        change: (inout [(String, String)]) -> Void = { _ in }
    ) -> [UInt8] {
        let digest = Hexadecimal.encode(SHA256.hash(body))
        let text = ["POST", path, "M10001", "\(milliseconds)", nonce, digest].joined(separator: "\n")
        let signature = HMACSHA256.authenticate(key: Array(Harbor.secret.utf8), Array(text.utf8))
        var headers = [
            ("Host", "127.0.0.1"), ("Content-Type", "application/json; charset=utf-8"),
            ("Content-Length", "\(body.count)"), ("X-Merchant-Id", "M10001"), ("X-Timestamp", "\(milliseconds)"),
            ("X-Nonce", nonce), ("X-Signature", Hexadecimal.encode(signature)),
        ]
        change(&headers)
        let lines = ["POST \(path) HTTP/1.1"] + headers.map { "\($0): \($1)" }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body
    }

    // MARK: Exchange

    func submit(_ body: String, at milliseconds: Int64 = Harbor.start) -> Answer {
        exchange(Self.request("/v1/batches", body, at: milliseconds))
    }

    func query(_ body: String, at milliseconds: Int64 = Harbor.start) -> Answer {
        exchange(Self.request("/v1/batches/query", body, at: milliseconds))
    }

    func exchange(_ request: [UInt8]) -> Answer {
        send(request)
        return receive()
    }

    func send(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest.removeFirst(count)
        }
    }

    func receive() -> Answer {
        var answer = Answer()
        var length: Int?
        while true {
            if length == nil, let end = unread.firstRange(of: Array("\r\n\r\n".utf8)) {
                let lines = String(decoding: unread[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
                answer.status = Int(lines[0].split(separator: " ")[1]) ?? 0
                for line in lines.dropFirst() {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    answer.headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
                }
                length = Int(answer.headers["content-length"] ?? "0") ?? 0
                unread.removeFirst(end.upperBound)
                if answer.status == 100 {
                    length = nil
                    continue
                }
            }
            if let length, unread.count >= length {
                answer.body = Array(unread.prefix(length))
                answer.isWhole = true
                unread.removeFirst(length)
                return answer
            }
            var chunk = [UInt8](repeating: 0, count: 65_536)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0, unread.count < Self.byteCountMax else {
                answer.wasReset = count < 0 && errno == ECONNRESET
                answer.body = unread
                return answer
            }
            unread += chunk.prefix(count)
        }
    }
}
