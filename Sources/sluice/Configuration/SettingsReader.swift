import StrictYAML

/// Reads settings in layers: the file, over it the environment, over it flags (architecture §6).
///
/// Every key `section.name` of the file has a variable `SLUICE_SECTION_NAME`.
final class SettingsReader {
    private let file: YAMLMapping
    private let variables: [String: String]
    private let flags: [String: String]
    private var asked: Set<String> = []
    private var sections: Set<String> = []

    /// `flags`: texts by key, as in `database.url`.
    init(file: YAMLMapping, variables: [String: String], flags: [String: String]) {
        self.file = file
        self.variables = variables
        self.flags = flags
    }

    /// The variable of a key.
    static func variable(of key: String) -> String {
        "SLUICE_" + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    /// A number, word, truth value or time, read the same way from whichever layer has it; nil if none has.
    func value<Value>(_ key: String, _ read: (YAMLNode) throws(YAMLError) -> Value) throws -> Value? {
        let node = try fileNode(key)
        guard let (text, origin) = override(key) else {
            return try node.map { node throws(YAMLError) in try read(node) }
        }
        let isPlain = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || $0 == 0x5F || $0 == 0x2D
        }
        guard isPlain, !text.isEmpty else {
            throw ConfigurationError("\(origin) is no plain word or number", mend: "write it without blanks and signs")
        }
        do throws(YAMLError) {
            return try read(
                try YAMLMapping.parse("\(Self.name(of: key)): \(text)", file: origin).node(Self.name(of: key))
            )
        } catch {
            throw ConfigurationError("\(origin): \(error.what)", mend: error.mend)
        }
    }

    /// A text, from whichever layer has it; nil if none has.
    func text(_ key: String) throws -> String? {
        let node = try fileNode(key)
        return try override(key)?.text ?? node?.string()
    }

    /// A reference to a secret; nil if no layer has one.
    func reference(_ key: String) throws -> SecretReference? {
        let node = try fileNode(key)
        if let (text, origin) = override(key) {
            guard let reference = SecretReference(text) else {
                throw ConfigurationError("\(origin) is no reference", mend: "write env:NAME or file:/PATH")
            }
            return reference
        }
        return try node.map(Self.reference)
    }

    /// A list that a variable writes in its own way.
    func list<Value>(
        _ key: String,
        file read: (YAMLNode) throws(YAMLError) -> Value,
        variable readText: (_ text: String, _ origin: String) throws -> Value
    ) throws -> Value? {
        let node = try fileNode(key)
        if let (text, origin) = override(key) { return try readText(text, origin) }
        return try node.map { node throws(YAMLError) in try read(node) }
    }

    static func reference(_ node: YAMLNode) throws(YAMLError) -> SecretReference {
        guard let reference = SecretReference(try node.string()) else {
            throw node.error(
                what: "not a reference, and secrets stand in no file",
                mend: "write env:NAME or file:/PATH"
            )
        }
        return reference
    }

    /// An error about a key's value, at its place if the file has it.
    func error(_ key: String, what: String, mend: String) -> any Error {
        if let (_, origin) = override(key) { return ConfigurationError("\(origin): \(what)", mend: mend) }
        guard let node = try? fileNode(key) else { return ConfigurationError("`\(key)`: \(what)", mend: mend) }
        return node.error(what: what, mend: mend)
    }

    /// The error for a setting that no layer has and that must be there.
    func missing(_ key: String) -> any Error {
        let mend = "set \(Self.variable(of: key))"
        do throws(YAMLError) {
            let section = try file.mapping(String(key.prefix { $0 != "." }))
            _ = try section.node(Self.name(of: key))
        } catch {
            return YAMLError(
                file: error.file,
                line: error.line,
                column: error.column,
                what: error.what,
                mend: "\(error.mend), or \(mend)"
            )
        }
        return ConfigurationError("`\(key)` is missing", mend: mend)
    }

    /// Refuses keys of the file, and variables of our sections, that nobody asked for.
    func finish() throws {
        try file.finish()
        let known = Set(asked.map(Self.variable))
        let prefixes = sections.map { Self.variable(of: $0) + "_" }
        for name in variables.keys.sorted() where !known.contains(name) && prefixes.contains(where: name.hasPrefix) {
            throw ConfigurationError(
                "the environment variable \(name) is no setting",
                mend: "remove it or correct its name; known: \(known.sorted().joined(separator: ", "))"
            )
        }
    }

    private func fileNode(_ key: String) throws(YAMLError) -> YAMLNode? {
        asked.insert(key)
        guard let dot = key.firstIndex(of: ".") else { preconditionFailure("a setting has a section and a name") }
        let section = String(key[..<dot])
        sections.insert(section)
        return try file.optionalMapping(section)?.optionalNode(Self.name(of: key))
    }

    private func override(_ key: String) -> (text: String, origin: String)? {
        if let text = flags[key] { return (text, "--" + key.map { $0 == "." ? "-" : String($0) }.joined()) }
        let name = Self.variable(of: key)
        return variables[name].map { ($0, name) }
    }

    private static func name(of key: String) -> String {
        String(key[key.index(after: key.firstIndex(of: ".") ?? key.startIndex)...])
    }
}
