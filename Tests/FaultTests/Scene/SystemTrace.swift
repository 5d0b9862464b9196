/// What programs asked of the system, as strace wrote it down: the paths that they named, and their calls for sockets.
struct SystemTrace {
    /// The calls that are written down beside those that name a file.
    static let socketCalls = ["socket", "socketpair", "connect"]

    /// Also those that were looked for and not found.
    private(set) var paths: Set<String> = []
    private(set) var sockets: [String] = []

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            // The process stands first. Signals, ends and answers to an earlier line name nothing.
            let call = line.drop { $0.isNumber || $0 == " " }
            guard let bracket = call.firstIndex(of: "("), call.first?.isLetter == true else { continue }
            if Self.socketCalls.contains(String(call[..<bracket])) {
                sockets.append(String(call))
            } else if let path = Self.firstText(call[bracket...]), !path.isEmpty {
                paths.insert(Self.plain(path))
            }
        }
    }

    /// What stands in the first quotes.
    private static func firstText(_ arguments: Substring) -> String? {
        guard let quote = arguments.firstIndex(of: "\"") else { return nil }
        var bytes: [UInt8] = []
        var rest = Array(arguments[arguments.index(after: quote)...].utf8)[...]
        while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(3).prefix { (0x30...0x37).contains($0) }
            if digits.isEmpty {
                if let escaped = rest.popFirst() { bytes.append(escaped) }
            } else {
                bytes.append(digits.reduce(0) { $0 &* 8 &+ ($1 - 0x30) })
                rest = rest.dropFirst(digits.count)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A process is called the same in every run.
    private static func plain(_ path: String) -> String {
        guard path.hasPrefix("/proc/") else { return path }
        return path.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.isEmpty || !part.allSatisfy(\.isNumber) ? String(part) : "self"
        }.joined(separator: "/")
    }
}
