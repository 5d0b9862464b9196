/// Why the fields of a record cannot be told apart.
package enum FormFault: String, Sendable, Hashable {
    /// A quoted field is not closed before the record's end or its bounds; the record is its first physical line.
    case unclosedQuote
    /// Something other than a separator or a line end follows a closing quote.
    case garbledQuote
    /// A record of fixed width has more or fewer bytes than its layout says.
    case wrongLength
}
