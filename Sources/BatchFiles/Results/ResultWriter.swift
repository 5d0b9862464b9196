/// Writes a result file of one format, line by line, into a buffer that the caller drains.
///
/// What a file says of itself, its version and its time, stands before the first line; it can be drained as soon as the
/// writer is made. So the beginning of the version before can be made by a second writer alone.
package protocol ResultWriter: ~Copyable {
    /// Whether more of the request must be given before the next line, or, after the last one, before the end.
    ///
    /// Formats that repeat what the request said are written beside its records, which are not in the database.
    var needsRequest: Bool { get }

    /// Takes the next bytes of the request, unwrapped; asked for by `needsRequest`, in small pieces.
    mutating func read(request: ArraySlice<UInt8>, isLast: Bool) throws

    /// Writes one line; lines come in the order of the request's records, at most one for each.
    mutating func append(_ line: ResultLine) throws

    /// Writes what comes after the lines; afterwards only `drain` may be called.
    mutating func finish() throws

    /// The bytes written since the last call.
    mutating func drain() -> [UInt8]
}

/// A format that is written from its lines alone.
extension ResultWriter where Self: ~Copyable {
    package var needsRequest: Bool { false }

    package mutating func read(request: ArraySlice<UInt8>, isLast: Bool) {
        preconditionFailure("this format was not to be given the request")
    }
}
