/// Which version of a batch file's result is made, and when.
///
/// What a result file says of itself (its identifier, its time) is made of this alone, so that the same lines under the
/// same edition are the same bytes.
package struct ResultEdition: Sendable, Hashable {
    package let batch: BatchIdentifier
    /// From 1.
    package let version: Int32
    package let madeAt: Timestamp

    package init(batch: BatchIdentifier, version: Int32, madeAt: Timestamp) {
        self.batch = batch
        self.version = version
        self.madeAt = madeAt
    }
}
