/// The members of a JSON object, read as what the caller expects them to be or refused.
struct JSONObject {
    private let members: [String: JSONValue]

    init(_ value: JSONValue) throws(JSONDefect) {
        guard case .object(let members) = value else { throw Self.defect("an object is due") }
        self.members = members
    }

    func string(_ key: String) throws(JSONDefect) -> String {
        guard let text = try optionalString(key) else { throw Self.defect("`\(key)` is missing") }
        return text
    }

    /// Nil only if the key is not there: `null` is refused like any other kind.
    func optionalString(_ key: String) throws(JSONDefect) -> String? {
        guard let value = members[key] else { return nil }
        guard case .string(let text) = value else { throw Self.defect("`\(key)` must be a string") }
        return text
    }

    func integer(_ key: String) throws(JSONDefect) -> Int64 {
        guard let integer = try optionalInteger(key) else { throw Self.defect("`\(key)` is missing") }
        return integer
    }

    /// Nil only if the key is not there; a fraction, an exponent or more than 64 bits are refused, never rounded.
    func optionalInteger(_ key: String) throws(JSONDefect) -> Int64? {
        guard let value = members[key] else { return nil }
        guard case .integer(let integer) = value else { throw Self.defect("`\(key)` must be an integer") }
        return integer
    }

    func optionalArray(_ key: String) throws(JSONDefect) -> [JSONValue]? {
        guard let value = members[key] else { return nil }
        guard case .array(let elements) = value else { throw Self.defect("`\(key)` must be an array") }
        return elements
    }

    private static func defect(_ what: String) -> JSONDefect { JSONDefect(what: what, offset: 0) }
}
