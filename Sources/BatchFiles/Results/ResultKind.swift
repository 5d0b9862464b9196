/// In which format a merchant takes results.
package enum ResultKind: String, Sendable, Hashable, CaseIterable {
    /// The answer that belongs to the format of the request.
    case same
    /// Delimited, whatever the request was.
    case delimited
}
