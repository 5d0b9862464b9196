package import PaymentCore

/// What one version of a result file is made of: the lines as they stand at one moment, and the request's own bytes.
///
/// Pages and parts are read one at a time, so memory is bounded by one of each. However often they are read, they say
/// the same: all of it is one snapshot.
package protocol ResultMaterial: AnyObject {
    /// The version to be made.
    var edition: ResultEdition { get }
    /// The version before it; nil for the first.
    var previousEdition: ResultEdition? { get }

    /// The next lines in their order; empty after the last one.
    func nextPage() throws -> [ResultRow]

    /// The next part of the request as it was received, at most 1 MiB; nil after the last one.
    func nextPart() throws -> [UInt8]?

    /// Goes back to the first line and the first part.
    func rewind()
}
