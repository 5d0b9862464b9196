package import PaymentCore

/// What settlement asks of a database: the lines of a file as they stand, and the result file made of them.
package protocol ResultFileStore: Sendable {
    /// Writes the next version of a file's result, all of it of one moment: bytes are compressed and encrypted as they
    /// are produced. Nil if nothing changed since the last version, or the lease is stale.
    ///
    /// That of a refused file is its only one, and ends what is to be done for it.
    ///
    /// No row stays locked while it is made, and what others do to the file meanwhile does not spoil it; the version
    /// is there as a whole or not at all. Throws when the lease was lost on the way.
    ///
    /// `produce`: called once, synchronously; reads the material, emits bytes, and says what it wrote.
    func writeResultFile(
        of file: ClaimedBatchFile,
        fileName: String,
        produce: @Sendable (_ material: any ResultMaterial, _ emit: ([UInt8]) throws -> Void) throws -> ProducedResult
    ) async throws -> WrittenResult?

    /// Why a file is refused, as far as it is to be answered; nil if it was answered, or the lease is stale.
    func refusal(of file: ClaimedBatchFile) async throws -> FileRefusal?

    /// Settles that a refused file gets no result file; nothing if the lease is stale.
    func leaveUnanswered(_ file: ClaimedBatchFile) async throws

    /// Reads a stored result file; nil if there is no such version (nil: the newest).
    func readResultFile(
        of batch: BatchIdentifier,
        version: Int32?,
        _ receive: @Sendable ([UInt8]) throws -> Void
    ) async throws -> WrittenResult?
}

/// Why a whole file is refused, by the checks or by a person.
package struct FileRefusal: Sendable, Hashable {
    package let note: VerdictNote
    /// The code for which it was held before a person refused it; nil where nobody held it.
    package let heldFor: String?
    /// Whether its bytes are there: of a file that is cancelled before it was read they are not.
    package let isKept: Bool

    package init(note: VerdictNote, heldFor: String?, isKept: Bool) {
        self.note = note
        self.heldFor = heldFor
        self.isKept = isKept
    }
}

/// One line of a file as it stands: an order, or a quarantined record.
package struct ResultRow: Sendable {
    package let line: LineNumber
    package let status: ResultStatus
    /// That of a returned order says why it came back; empty where nobody said.
    package let code: String
    /// Why an order failed; nil for every other line.
    package let cause: FailureCause?
    /// Of a returned order, when it came back.
    package let decidedAt: Timestamp?
    package let content: Content
    /// What a review has made of the line, where that says something else than the merchant sent; nil for most lines.
    package let mended: MendedValues?

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

    package init(
        line: LineNumber,
        status: ResultStatus,
        code: String,
        cause: FailureCause?,
        decidedAt: Timestamp?,
        content: Content,
        mended: MendedValues? = nil
    ) {
        self.line = line
        self.status = status
        self.code = code
        self.cause = cause
        self.decidedAt = decidedAt
        self.content = content
        self.mended = mended
    }
}

/// The number and the amount of the order that a released line has become, as far as they are not those that its result
/// line says: the line repeats what the merchant sent.
package struct MendedValues: Sendable, Hashable {
    package let merchantOrderNumber: String?
    package let amountMinor: Int64?
    package let currency: String?

    package init(merchantOrderNumber: String?, amountMinor: Int64?, currency: String?) {
        self.merchantOrderNumber = merchantOrderNumber
        self.amountMinor = amountMinor
        self.currency = currency
    }
}

/// What the writer put into a result file, checked by reading its own bytes again.
package struct ProducedResult: Sendable {
    package let lineCount: Int64
    package let totals: [ResultStatus: [String: Tally]]
    package let contentSHA256: [UInt8]
    /// The hash that the same lines would have had in the version before; nil when there is none.
    ///
    /// A format that names its version in the file differs from version to version though nothing has changed.
    package let previousSHA256: [UInt8]?
    package let contentBytes: Int64

    package init(
        lineCount: Int64,
        totals: [ResultStatus: [String: Tally]],
        contentSHA256: [UInt8],
        previousSHA256: [UInt8]?,
        contentBytes: Int64
    ) {
        self.lineCount = lineCount
        self.totals = totals
        self.contentSHA256 = contentSHA256
        self.previousSHA256 = previousSHA256
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
