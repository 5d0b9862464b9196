package import PaymentCore

/// What the engine asks of a database about supplements: files without bytes of their own, whose lines are quarantined
/// records that two people have released.
package protocol SupplementStore: Sendable {
    /// The records of a supplement behind a line, in the order of its lines, with what is personal opened.
    ///
    /// What of a record cannot be opened is left out: it must not stop the others.
    func supplementRecords(
        of file: ClaimedBatchFile,
        after line: LineNumber,
        limit: Int
    ) async throws -> [SupplementRecord]

    /// Looks at a supplement for which nothing is left to do by itself: it is finished once none of its lines is open,
    /// and its original is due, whose result tells of them. Nil if the lease is stale.
    func settleSupplement(_ file: ClaimedBatchFile) async throws -> SupplementLook?
}

/// Where a supplement comes from, and by what it is judged.
package struct SupplementOrigin: Sendable, Hashable {
    /// The file that the merchant sent, never a supplement itself.
    package let original: BatchIdentifier
    /// The day of the original, which dates in its records are compared with.
    package let businessDate: BusinessDate
    /// The codes of reasons that two people have accepted.
    package let accepted: [String]

    package init(original: BatchIdentifier, businessDate: BusinessDate, accepted: [String]) {
        self.original = original
        self.businessDate = businessDate
        self.accepted = accepted
    }
}

/// One line of a supplement: a record as it was sent, and as it was amended.
package struct SupplementRecord: Sendable {
    package let line: LineNumber
    /// The number that its release gave to this line.
    package let merchantOrderNumber: String
    /// What its columns said, in JSON; nil where they could not be told apart.
    package let fields: [UInt8]?
    /// What they are to say, in JSON; nil where nothing was amended.
    package let amended: [UInt8]?
    /// Why it was set aside.
    package let reasons: [QuarantineReason]
    /// Its bytes as they stood in the file that the merchant sent.
    package let raw: [UInt8]
    package let charset: String
    package let byteRange: Range<Int64>
    package let physicalLine: Int64
    /// The amount that its release was approved with: the order has it, or is none.
    package var releasedAmount: Money?
    /// Money may have moved for the line that it comes from: an answer that came later says so, or a person.
    package var isContradicted = false

    package init(
        line: LineNumber,
        merchantOrderNumber: String,
        fields: [UInt8]?,
        amended: [UInt8]?,
        reasons: [QuarantineReason],
        raw: [UInt8],
        charset: String,
        byteRange: Range<Int64>,
        physicalLine: Int64
    ) {
        self.line = line
        self.merchantOrderNumber = merchantOrderNumber
        self.fields = fields
        self.amended = amended
        self.reasons = reasons
        self.raw = raw
        self.charset = charset
        self.byteRange = byteRange
        self.physicalLine = physicalLine
    }
}

/// What a look at a supplement found.
package struct SupplementLook: Sendable, Hashable {
    package let isFinished: Bool

    package init(isFinished: Bool) { self.isFinished = isFinished }
}
