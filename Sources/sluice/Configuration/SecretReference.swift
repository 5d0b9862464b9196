import Cryptography
import Foundation

/// Where a secret is; no file of the configuration holds one.
package enum SecretReference: Hashable, Sendable, CustomStringConvertible {
    case environment(String)
    case file(String)

    private static let fileBytesMax = 4_096

    /// Reads `env:NAME` or `file:/PATH`; nil for anything else.
    package init?(_ text: String) {
        if text.hasPrefix("env:") {
            let name = text.dropFirst(4)
            let isName = name.utf8.allSatisfy {
                (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
            }
            guard let first = name.utf8.first, isName, !(0x30...0x39).contains(first) else { return nil }
            self = .environment(String(name))
        } else if text.hasPrefix("file:/") {
            self = .file(String(text.dropFirst(5)))
        } else {
            return nil
        }
    }

    /// As the configuration writes it; it says where the secret is, not what it is.
    package var description: String {
        switch self {
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        }
    }

    /// The secret's text, without the line end of a file.
    ///
    /// `key`: the setting that needs it, for the error.
    package func text(for key: String, variables: [String: String]) throws(ConfigurationError) -> String {
        switch self {
        case .environment(let name):
            guard let text = variables[name], !text.isEmpty else {
                throw ConfigurationError("`\(key)` needs the environment variable \(name)", mend: "set \(name)")
            }
            return text
        case .file(let path):
            guard let handle = FileHandle(forReadingAtPath: path),
                let data = try? handle.read(upToCount: Self.fileBytesMax + 1), !data.isEmpty,
                data.count <= Self.fileBytesMax,
                let text = String(validating: data.last == 0x0A ? data.dropLast() : data, as: UTF8.self)
            else {
                throw ConfigurationError(
                    "`\(key)` needs the file \(path), which is missing, unreadable, empty or too long",
                    mend: "write one line into it and give this user read access"
                )
            }
            return text
        }
    }

    /// A key of 32 bytes, written as 64 hexadecimal digits.
    package func key(for name: String, variables: [String: String]) throws(ConfigurationError) -> [UInt8] {
        guard let bytes = Hexadecimal.decode(try text(for: name, variables: variables)), bytes.count == 32 else {
            throw ConfigurationError(
                "`\(name)` (\(self)) is no key",
                mend: "write 64 hexadecimal digits, as from: openssl rand -hex 32"
            )
        }
        return bytes
    }
}
