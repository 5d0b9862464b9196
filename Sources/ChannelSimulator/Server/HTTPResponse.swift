/// The bytes of an HTTP/1.1 response.
struct HTTPResponse {
    let status: Int
    var headers: [(name: String, value: String)]
    let body: [UInt8]
    /// What `Content-Length` says.
    var announcedLength: Int

    init(status: Int, contentType: String, headers: [(name: String, value: String)] = [], body: [UInt8]) {
        self.status = status
        self.headers = [("Content-Type", contentType)] + headers
        self.body = body
        announcedLength = body.count
    }

    /// An answer of the transport, outside the dialect and unsigned.
    init(refusal status: Int) {
        self.init(status: status, contentType: "text/plain", body: Array("\(Self.reason(status))\n".utf8))
    }

    func head(keepsAlive: Bool) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(Self.reason(status))\r\n"
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        head += "Content-Length: \(announcedLength)\r\nConnection: \(keepsAlive ? "keep-alive" : "close")\r\n\r\n"
        return Array(head.utf8)
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        default: "Gateway Timeout"
        }
    }
}
