package import PaymentCore

/// What settlement asks of a database: the lines of a file as they stand, and the result file made of them.
package protocol ResultFileStore: Sendable {
    /// Writes the next version of a file's result, in one transaction: lines are read in order, bytes are compressed
    /// and encrypted as they are produced. Nil if nothing changed since the last version, or the lease is stale.
    ///
    /// `produce`: called once, synchronously; reads pages until one is empty, emits bytes, and says what it wrote.
    func writeResultFile(
        of file: ClaimedBatchFile,
        fileName: String,
        produce:
            @Sendable (_ nextPage: () throws -> [ResultRow], _ emit: ([UInt8]) throws -> Void) throws -> ProducedResult
    ) async throws -> WrittenResult?

    /// Reads a stored result file; nil if there is no such version (nil: the newest).
    func readResultFile(
        of batch: BatchIdentifier,
        version: Int32?,
        _ receive: @Sendable ([UInt8]) throws -> Void
    ) async throws -> WrittenResult?
}

/// One line of a file as it stands: an order, or a quarantined record.
package struct ResultRow: Sendable {
    package let line: LineNumber
    package let status: ResultStatus
    package let code: String
    package let decidedAt: Timestamp?
    package let content: Content

    package enum Content: Sendable {
        case order(
            merchantOrderNumber: String,
            accountNumber: String,
            accountName: String,
            bankCode: String?,
            purpose: String,
            amountMinor: Int64,
            currency: String
        )
        case quarantined(raw: [UInt8], merchantOrderNumber: String?, amountMinor: Int64?, currency: String?)
    }

    package init(line: LineNumber, status: ResultStatus, code: String, decidedAt: Timestamp?, content: Content) {
        self.line = line
        self.status = status
        self.code = code
        self.decidedAt = decidedAt
        self.content = content
    }
}

/// What the writer put into a result file, checked by reading its own bytes again.
package struct ProducedResult: Sendable {
    package let lineCount: Int64
    package let totals: [ResultStatus: [String: Tally]]
    package let contentSHA256: [UInt8]
    package let contentBytes: Int64

    package init(
        lineCount: Int64,
        totals: [ResultStatus: [String: Tally]],
        contentSHA256: [UInt8],
        contentBytes: Int64
    ) {
        self.lineCount = lineCount
        self.totals = totals
        self.contentSHA256 = contentSHA256
        self.contentBytes = contentBytes
    }

    /// Whether a later version can still say something else.
    package var isOpen: Bool { totals.contains { status, tallies in status.isOpen && !tallies.isEmpty } }
}

/// A stored version.
package struct WrittenResult: Sendable, Hashable {
    package let batch: BatchIdentifier
    package let version: Int32
    package let isFinal: Bool
    package let fileName: String
    package let lineCount: Int64

    package init(batch: BatchIdentifier, version: Int32, isFinal: Bool, fileName: String, lineCount: Int64) {
        self.batch = batch
        self.version = version
        self.isFinal = isFinal
        self.fileName = fileName
        self.lineCount = lineCount
    }
}
