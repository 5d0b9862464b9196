/// A JSON value as a channel wrote it: integers exact, other numbers never evaluated.
enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number with a fraction or an exponent, or beyond 64 bits: kept out of every sum, for it would need rounding.
    case inexact
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

/// Why bytes are not the JSON that is wanted: what is wrong and where, never what stood there.
struct JSONDefect: Error, Equatable, CustomStringConvertible {
    let what: String
    /// The byte from the start of the text.
    let offset: Int

    var description: String { "not the JSON that is wanted, at byte \(offset): \(what)" }
}
