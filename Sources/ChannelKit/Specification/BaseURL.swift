import PaymentCore

/// The address of a channel: scheme, host and port, nothing else.
///
/// A path would make the signed path ambiguous, and user information, query and fragment have no meaning for a dialect.
package struct BaseURL: Hashable, Sendable, CustomStringConvertible {
    /// Why a text is no address of a channel, in words that do not repeat it.
    package enum Defect: Error, Hashable, Sendable {
        case notAnAddress
        case plainText
        case plainTextBeyondLoopback
    }

    /// `https://host[:port]` or `http://host[:port]`.
    package let text: String

    package var description: String { text }

    /// Reads an address; plain HTTP exists only in class `test`, and only to this machine (R13).
    init(_ text: String, environmentClass: EnvironmentClass) throws(Defect) {
        let trimmed = text.hasSuffix("/") ? text.dropLast() : text[...]
        let isPlain = trimmed.hasPrefix("http://")
        guard isPlain || trimmed.hasPrefix("https://") else { throw .notAnAddress }
        guard let host = Self.host(ofAuthority: trimmed.dropFirst(isPlain ? 7 : 8)) else { throw .notAnAddress }
        if isPlain {
            guard environmentClass == .test else { throw .plainText }
            guard Self.isLoopback(host) else { throw .plainTextBeyondLoopback }
        }
        self.text = String(trimmed)
    }

    /// The host of `host`, `host:port`, `[IPv6]` or `[IPv6]:port`; nil if the text is none of them.
    private static func host(ofAuthority authority: Substring) -> Substring? {
        let host: Substring
        let rest: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            rest = authority[authority.index(after: end)...]
            guard !host.isEmpty, host.utf8.allSatisfy({ isHexadecimal($0) || $0 == 0x3A || $0 == 0x2E }) else {
                return nil
            }
        } else {
            host = authority.prefix { $0 != ":" }
            rest = authority[host.endIndex...]
            guard (1...253).contains(host.utf8.count), host.first != ".", host.first != "-",
                host.utf8.allSatisfy({ isLetter($0) || isDigit($0) || $0 == 0x2D || $0 == 0x2E })
            else { return nil }
        }
        if rest.isEmpty { return host }
        let port = rest.dropFirst()
        guard rest.hasPrefix(":"), port.utf8.allSatisfy(isDigit), let number = UInt16(port), number > 0 else {
            return nil
        }
        return host
    }

    /// Names are not resolved: only what every resolver keeps on this machine counts.
    private static func isLoopback(_ host: Substring) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil && !$0.hasPrefix("+") }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isHexadecimal(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }
}
