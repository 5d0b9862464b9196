import Yams

/// Strict reading of one YAML mapping: each key is asked for once, and one that nobody asked for is an error.
struct YAMLFields {
    let file: String
    private let node: Node
    private let mapping: Node.Mapping
    private var asked: Set<String> = []

    /// Parses the only document of a file; duplicate keys are refused by the parser.
    static func parse(_ text: String, file: String) throws(SimulatorError) -> YAMLFields {
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch {
            throw SimulatorError(.configuration, "\(file) is not YAML: \(error); mend it")
        }
        guard let node else { throw SimulatorError(.configuration, "\(file) is empty; write a configuration") }
        return try YAMLFields(node, file: file)
    }

    init(_ node: Node, file: String) throws(SimulatorError) {
        guard case .mapping(let mapping) = node else {
            throw Self.error(node, file: file, "must be a mapping of keys to values")
        }
        self.file = file
        self.node = node
        self.mapping = mapping
    }

    static func error(_ node: Node, file: String, _ problem: String) -> SimulatorError {
        let place = node.mark.map { ":\($0.line):\($0.column)" } ?? ""
        return SimulatorError(.configuration, "\(file)\(place): \(problem)")
    }

    /// The keys, in the order of the file.
    func keys() throws(SimulatorError) -> [String] {
        var keys: [String] = []
        for key in mapping.keys {
            guard case .scalar(let scalar) = key else { throw Self.error(key, file: file, "a key must be text") }
            keys.append(scalar.string)
        }
        return keys
    }

    /// Whether the file has `key`; does not count as asking for it.
    func has(_ key: String) -> Bool {
        find(key) != nil
    }

    mutating func node(_ key: String) -> Node? {
        asked.insert(key)
        return find(key)
    }

    private func find(_ key: String) -> Node? {
        mapping.first { pair in
            if case .scalar(let scalar) = pair.key { scalar.string == key } else { false }
        }?.value
    }

    /// Refuses keys that were not asked for.
    func finish() throws(SimulatorError) {
        for key in try keys() where !asked.contains(key) {
            throw Self.error(node, file: file, "unknown key '\(key)'; remove it or correct its spelling")
        }
    }

    // MARK: Values

    mutating func required<Value>(
        _ key: String,
        _ read: (Node, String) throws(SimulatorError) -> Value
    ) throws(SimulatorError) -> Value {
        guard let value = try optional(key, read) else { throw Self.error(node, file: file, "needs the key '\(key)'") }
        return value
    }

    mutating func optional<Value>(
        _ key: String,
        _ read: (Node, String) throws(SimulatorError) -> Value
    ) throws(SimulatorError) -> Value? {
        guard let node = node(key) else { return nil }
        return try read(node, file)
    }

    static func text(_ node: Node, file: String) throws(SimulatorError) -> String {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            throw error(node, file: file, "must be text")
        }
        return scalar.string
    }

    static func list(_ node: Node, file: String) throws(SimulatorError) -> [Node] {
        guard case .sequence(let sequence) = node, !sequence.isEmpty else {
            throw error(node, file: file, "must be a list with at least one entry")
        }
        return Array(sequence)
    }

    static func texts(_ node: Node, file: String) throws(SimulatorError) -> [String] {
        var texts: [String] = []
        for element in try list(node, file: file) { texts.append(try text(element, file: file)) }
        return texts
    }

    static func integer(_ node: Node, file: String) throws(SimulatorError) -> Int64 {
        guard
            case .scalar(let scalar) = node, let value = Int64(scalar.string), value >= 0,
            String(value) == scalar.string
        else { throw error(node, file: file, "must be a whole number from 0") }
        return value
    }

    static func perMille(_ node: Node, file: String) throws(SimulatorError) -> Int {
        let value = try integer(node, file: file)
        guard value <= 1_000 else { throw error(node, file: file, "must be a share from 0 to 1000 per mille") }
        return Int(value)
    }

    static func port(_ node: Node, file: String) throws(SimulatorError) -> UInt16 {
        guard let port = UInt16(exactly: try integer(node, file: file)) else {
            throw error(node, file: file, "must be a port from 0 to 65535")
        }
        return port
    }

    static func boolean(_ node: Node, file: String) throws(SimulatorError) -> Bool {
        guard case .scalar(let scalar) = node, let value = Bool(scalar.string) else {
            throw error(node, file: file, "must be true or false")
        }
        return value
    }

    /// A time such as `200ms`, `2s`, `5m`, `24h` or `30d`, in milliseconds; at most ten years.
    static func milliseconds(_ node: Node, file: String) throws(SimulatorError) -> Int64 {
        let units: [(String, Int64)] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
        if case .scalar(let scalar) = node,
            let (suffix, factor) = units.first(where: { scalar.string.hasSuffix($0.0) }),
            let count = Int64(scalar.string.dropLast(suffix.count)), count >= 0,
            "\(count)\(suffix)" == scalar.string, count <= 3_650 * 86_400_000 / factor
        {
            return count * factor
        }
        throw error(node, file: file, "must be a time such as 200ms, 2s, 5m, 24h or 30d")
    }

    /// `{first: …, last: …}`.
    static func range(_ node: Node, file: String) throws(SimulatorError) -> MillisecondRange {
        var fields = try YAMLFields(node, file: file)
        let first = try fields.required("first", milliseconds)
        let last = try fields.required("last", milliseconds)
        try fields.finish()
        guard first <= last else { throw error(node, file: file, "first must not be after last") }
        return MillisecondRange(first: first, last: last)
    }

    static func itemCode(_ node: Node, file: String) throws(SimulatorError) -> ItemCode {
        guard let code = ItemCode(rawValue: try text(node, file: file)) else {
            throw error(node, file: file, "must be a final item code: \(itemCodes)")
        }
        return code
    }

    static var itemCodes: String { ItemCode.allCases.map(\.rawValue).joined(separator: ", ") }
}
