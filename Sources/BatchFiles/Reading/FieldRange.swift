/// Where a field's value stands in its record, without the quotes around it.
struct FieldRange: Sendable, Hashable {
    /// Offsets from the record's first byte.
    var start: Int32
    var end: Int32
    var isQuoted: Bool
    /// Whether quotes inside the value are still doubled.
    var hasDoubledQuotes: Bool
}
