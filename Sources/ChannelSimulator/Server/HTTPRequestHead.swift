/// Request line and headers of an HTTP/1.1 request.
struct HTTPRequestHead {
    static let byteCountMax = 16 * 1_024

    let method: String
    let path: String
    /// By lower-case name; each occurs once.
    private let headers: [String: String]
    let contentLength: Int?
    let keepsAlive: Bool

    /// Reads a head that ends with its empty line; `nil` means status 400.
    ///
    /// Refuses what two readers could understand in two ways: repeated or folded headers, bare line feeds, a transfer
    /// encoding, a length that is not plain digits.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x0D || $0 == 0x0A || $0 == 0x09 }),
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        // "\r\n" is a single Character, so that a bare one of them stays inside a line and fails below.
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)[...]
        guard let requestLine = lines.popFirst(), lines.popLast() == "", lines.popLast() == "" else { return nil }
        let parts = requestLine.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2] == "HTTP/1.1", !parts[0].isEmpty, parts[1].hasPrefix("/") else { return nil }
        var headers: [String: String] = [:]
        for line in lines {
            guard
                let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon != line.startIndex,
                !line.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A })
            else { return nil }
            let name = line[..<colon].lowercased()
            guard name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), headers[name] == nil else { return nil }
            headers[name] = Self.trimmed(line[line.utf8.index(after: colon)...])
        }
        guard headers["host"] != nil, headers["transfer-encoding"] == nil else { return nil }
        if let length = headers["content-length"] {
            guard !length.isEmpty, length.utf8.count <= 15,
                length.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let count = Int(length)
            else { return nil }
            contentLength = count
        } else {
            contentLength = nil
        }
        method = String(parts[0])
        path = String(parts[1])
        keepsAlive = headers["connection"]?.lowercased() != "close"
        self.headers = headers
    }

    subscript(_ name: String) -> String? {
        headers[name]
    }

    /// libcurl asks before it sends a large body.
    var expectsContinue: Bool {
        headers["expect"]?.lowercased() == "100-continue"
    }

    /// Whether the body is announced as the page says (section 1).
    var announcesJSON: Bool {
        headers["content-type"]?.lowercased().filter { $0 != " " } == "application/json;charset=utf-8"
    }

    private static func trimmed(_ value: Substring) -> String {
        var value = value.utf8
        while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
        while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
        return String(Substring(value))
    }
}
