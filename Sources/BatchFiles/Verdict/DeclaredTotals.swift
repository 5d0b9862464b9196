package import PaymentCore

/// What a merchant says its file holds, with the submission or in itself.
package struct DeclaredTotals: Sendable, Hashable {
    /// Where it is said.
    package enum Origin: Sendable, Hashable {
        case submission
        case header(line: Int64, byteOffset: Int64)
        case trailer(line: Int64, byteOffset: Int64)
        case groupHeader(line: Int64, byteOffset: Int64)
    }

    package let origin: Origin
    /// The number of records; nil when not declared.
    package let count: Int64?
    /// The sum of the amounts in minor units, for every currency of the file; nil when not declared.
    package let sums: [Currency: Int128]?

    package init(origin: Origin, count: Int64?, sums: [Currency: Int128]?) {
        self.origin = origin
        self.count = count
        self.sums = sums
    }

    /// What is declared with a submission; nil if nothing is.
    package init?(submittedCount count: Int64?, sums: [Currency: Int128]) {
        guard count != nil || !sums.isEmpty else { return nil }
        self.init(origin: .submission, count: count, sums: sums.isEmpty ? nil : sums)
    }
}
