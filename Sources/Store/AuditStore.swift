package import PaymentCore

/// The chain of audit rows, to be read and verified; only the database's own functions write into it.
package protocol AuditStore: Sendable {
    /// Where the chain ends, and which numbers its rows have.
    func auditEnd() async throws -> AuditEnd

    /// The next rows behind a number up to another one, by number: `limit` of them, and those of the same number as the
    /// last.
    func auditRows(after number: Int64, upTo last: Int64, limit: Int) async throws -> [AuditRow]

    /// The hashes of single rows, by number; what is not there is left out.
    func auditHashes(of numbers: [Int64]) async throws -> [Int64: [UInt8]]
}

/// Where the audit chain ends.
package struct AuditHead: Sendable, Hashable {
    /// 0 before the first row.
    package let entryNumber: Int64
    package let hash: [UInt8]

    package init(entryNumber: Int64, hash: [UInt8]) { (self.entryNumber, self.hash) = (entryNumber, hash) }
}

/// The end of the chain as one statement sees it.
package struct AuditEnd: Sendable, Hashable {
    package let at: Timestamp
    package let head: AuditHead
    /// Of the lowest and highest that any row has; nil without a row.
    package let numbers: ClosedRange<Int64>?

    package init(at: Timestamp, head: AuditHead, numbers: ClosedRange<Int64>?) {
        (self.at, self.head, self.numbers) = (at, head, numbers)
    }
}

/// A row of the chain, as far as its hash is concerned.
package struct AuditRow: Sendable, Hashable {
    package let entryNumber: Int64
    /// What is hashed, behind `previous`.
    package let words: String
    package let previous: [UInt8]
    package let hash: [UInt8]

    package init(entryNumber: Int64, words: String, previous: [UInt8], hash: [UInt8]) {
        (self.entryNumber, self.words, self.previous, self.hash) = (entryNumber, words, previous, hash)
    }
}
