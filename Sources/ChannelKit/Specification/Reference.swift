import Foundation

/// Where a value is that no specification may hold: an environment variable, or a file by its absolute path.
package enum Reference: Hashable, Sendable {
    case environment(String)
    case file(String)

    private static let fileBytesMax = 4_096

    /// Reads `env:NAME` or `file:/PATH`; nil for anything else.
    init?(_ text: String) {
        if text.hasPrefix("env:") {
            let name = text.dropFirst(4)
            guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
                name.utf8.allSatisfy({
                    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
                })
            else { return nil }
            self = .environment(String(name))
        } else if text.hasPrefix("file:/") {
            self = .file(String(text.dropFirst(5)))
        } else {
            return nil
        }
    }

    /// The value, without the line feed that ends a file; nil if it is missing, empty, longer than 4,096 bytes, not
    /// UTF-8, or holds white space or control characters.
    func value(environment: [String: String]) -> String? {
        let text: String?
        switch self {
        case .environment(let name): text = environment[name]
        case .file(let path):
            guard let file = FileHandle(forReadingAtPath: path) else { return nil }
            defer { try? file.close() }
            guard let data = try? file.read(upToCount: Self.fileBytesMax + 1) else { return nil }
            let content = data.last == 0x0A ? data.dropLast() : data
            text = String(validating: content, as: UTF8.self)
        }
        guard let text, (1...Self.fileBytesMax).contains(text.utf8.count),
            !text.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F })
        else { return nil }
        return text
    }
}

extension Reference: CustomStringConvertible {
    /// As a specification writes it; it says where the value is, not what it is.
    package var description: String {
        switch self {
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        }
    }
}
