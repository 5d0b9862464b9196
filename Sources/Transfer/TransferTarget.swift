import CLibCurl
import Glibc

/// Where a request goes, as libcurl's own URL parser reads it: policy and transfer cannot disagree.
struct TransferTarget: Sendable {
    let isPlain: Bool
    let host: String
    let port: String

    /// `host:port`, the only part of a URL that may be logged.
    var peer: String { "\(host):\(port)" }

    /// Why a request is refused before anything is done for it, and the peer if it is known.
    struct Refusal: Error {
        let peer: String
        let reason: String
    }

    /// Reads the target of `request` and holds the request against every rule that needs no network.
    init(_ request: TransferRequest) throws(Refusal) {
        guard let parser = curl_url() else { preconditionFailure("libcurl is out of memory") }
        defer { curl_url_cleanup(parser) }
        // Bytes that a parser might skip or a header might end at have no place in a URL.
        guard request.url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }),
            curl_url_set(parser, CURLUPART_URL, request.url, UInt32(CURLU_PATH_AS_IS)) == CURLUE_OK,
            let scheme = Self.part(CURLUPART_SCHEME, of: parser)?.lowercased(),
            let host = Self.part(CURLUPART_HOST, of: parser),
            let port = Self.part(CURLUPART_PORT, of: parser, flags: UInt32(CURLU_DEFAULT_PORT))
        else { throw Refusal(peer: "an unreadable URL", reason: "the URL is malformed") }
        self.host = host
        self.port = port
        isPlain = scheme == "http"
        let peer = "\(host):\(port)"
        func refuse(_ reason: String) -> Refusal { Refusal(peer: peer, reason: reason) }

        guard scheme == "https" || scheme == "http" else { throw refuse("the URL is neither https nor http") }
        guard Self.part(CURLUPART_USER, of: parser) == nil, Self.part(CURLUPART_PASSWORD, of: parser) == nil else {
            throw refuse("the URL holds credentials")
        }
        guard Self.part(CURLUPART_FRAGMENT, of: parser) == nil else { throw refuse("the URL has a fragment") }
        if isPlain {
            guard request.plainHTTP == .loopbackOnly else { throw refuse("plain HTTP is not allowed") }
            guard Self.isLoopback(host) else { throw refuse("plain HTTP is allowed to loopback addresses only") }
        }
        guard request.method == .post || request.body.isEmpty else { throw refuse("a GET request has a body") }
        for (name, value) in request.headers {
            guard !name.isEmpty, name.utf8.allSatisfy(Self.isTokenByte) else {
                throw refuse("a header name is invalid")
            }
            guard value.utf8.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else {
                throw refuse("a header value has control characters")
            }
            guard !Self.headersOfTheTransport.contains(name.lowercased()) else {
                throw refuse("the header \(name.lowercased()) belongs to the transport")
            }
        }
    }

    /// Headers that would change how many requests, bytes or connections there are.
    private static let headersOfTheTransport: Set<String> = [
        "accept-encoding", "connection", "content-length", "expect", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    private static func part(_ part: CURLUPart, of parser: OpaquePointer, flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parser, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }

    /// RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" || host == "[::1]" { return true }
        var address = in_addr()
        return inet_pton(AF_INET, host, &address) == 1 && UInt32(bigEndian: address.s_addr) >> 24 == 127
    }
}
