/// What is wrong with the quotes of a record.
package enum QuotingFault: String, Sendable, Hashable {
    /// A quoted field is not closed before the record's end or its bounds; the record is its first physical line.
    case unclosed
    /// Something other than a separator or a line end follows a closing quote.
    case garbled
}
