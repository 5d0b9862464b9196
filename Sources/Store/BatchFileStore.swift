package import PaymentCore

/// What the engine asks of a database about batch files; each operation is one whole transaction.
package protocol BatchFileStore: Sendable {
    /// Queues a file: the same merchant, client key and bytes give the same batch again.
    ///
    /// `part`: the bytes of one part, from 1, at most 1 MiB each; asked for in order.
    func submitBatchFile(
        _ file: BatchFileToSubmit,
        part: @Sendable (Int) async throws -> [UInt8]
    ) async throws -> BatchIdentifier

    /// Leases the file that has waited longest in this stage; nil if none is due.
    func claimBatchFile(
        for stage: FileStage,
        worker: WorkerIdentifier,
        lease: TimeSpan
    ) async throws -> ClaimedBatchFile?

    /// Extends the lease; false if it is somebody else's now.
    func renewBatchFile(_ file: ClaimedBatchFile, lease: TimeSpan) async throws -> Bool

    /// Gives back every lease that the worker has on a file for this stage, and counts them.
    ///
    /// For a worker that works one file a stage at a time and has none in hand: a claim whose COMMIT was lost, or a
    /// release that failed with the database away, would keep a file for its whole lease from everybody.
    func freeBatchFiles(of worker: WorkerIdentifier, for stage: FileStage) async throws -> Int

    /// Gives the lease back; the file comes up again after the delay.
    func releaseBatchFile(_ file: ClaimedBatchFile, after delay: TimeSpan) async throws

    /// One part's bytes. A part that still lies in the clear is replaced by its compressed, encrypted form in passing
    /// (R15).
    func takePart(_ number: Int, of file: ClaimedBatchFile) async throws -> [UInt8]

    /// Ends pass 1; false if the file does not go on as the verdict says: the lease is stale, or an earlier file has
    /// the same bytes or the same name, so that this one is held for a person.
    ///
    /// Above a ceiling the file goes on all the same, and its orders are loaded as `held`. A file that a person has let
    /// in before it was judged anew is held again.
    ///
    /// `judgedBy`: the SHA-256 of all that the verdict rests on beside the file's bytes, kept for pass 2; nil
    /// where nothing was read by any layout.
    func recordVerdict(
        _ verdict: RecordedVerdict,
        judgedBy: [UInt8]?,
        of file: ClaimedBatchFile,
        ceilings: AmountCeilings,
        duplicates: DuplicateRules
    ) async throws -> Bool

    /// Holds a file against the ceilings before pass 2, if that was not done yet: a person has let it pass.
    ///
    /// False if the lease is stale.
    func admit(_ file: ClaimedBatchFile, ceilings: AmountCeilings) async throws -> Bool

    /// Loads one slice of pass 2: registry rows, orders, quarantined records and the position, or nothing.
    ///
    /// Numbers that are taken turn their records into quarantined ones; where the merchant wants it, a good record
    /// takes its number from an open quarantined record of another file, which is closed. Several slices may be asked
    /// for at once: each is committed under the file's row lock when its turn has come, after the one before it or not
    /// at all.
    func load(
        _ slice: LoadSlice,
        of file: ClaimedBatchFile,
        turn: LoadTurn,
        duplicates: DuplicateRules
    ) async throws -> LoadOutcome

    /// Warns of orders of a loaded file that pay what orders of other files pay, at most so many days apart; says of
    /// how many for the first time.
    ///
    /// Nothing is held. The orders must have been loaded with rules that look for them.
    func warnOfSamePayments(in file: ClaimedBatchFile, days: Int) async throws -> Int64

    /// Warns that nobody has compared the orders of a loaded file with those of others.
    func warnOfNoComparison(of file: ClaimedBatchFile) async throws

    /// Sends a file of which nothing is loaded back to pass 1, because it would be judged by something else now.
    ///
    /// What was found, counted and held of it is forgotten; a person who let it in is asked again. False if the lease
    /// is stale.
    func judgeAnew(_ file: ClaimedBatchFile) async throws -> Bool

    /// Ends pass 2: the file is `split` if every record that pass 1 saw is loaded, and the orders are those that it
    /// accepted.
    func finishLoading(_ file: ClaimedBatchFile) async throws -> LoadEnd

    /// The orders to plan, in line order.
    func ordersToPlan(of file: ClaimedBatchFile, after line: LineNumber, limit: Int) async throws -> [OrderToPlan]

    /// Puts the orders into chunks and the file to `working`; orders that no channel can carry get a review item. False
    /// if the lease is stale.
    func recordPlan(
        _ chunks: [PlannedChunk],
        unroutable: [LineNumber],
        of file: ClaimedBatchFile
    ) async throws -> Bool
}

/// A file to queue.
package struct BatchFileToSubmit: Sendable {
    package var merchant: MerchantNumber
    package var direction: Direction
    package var format: String
    package var fileName: String
    package var environment: String
    package var businessDate: BusinessDate?
    package var clientKey: String?
    package var declaredCount: Int64?
    /// Minor units a currency.
    package var declaredSums: [String: Int64]
    package var contentSHA256: [UInt8]
    package var contentBytes: Int64
    package var partCount: Int

    package init(
        merchant: MerchantNumber,
        direction: Direction,
        format: String,
        fileName: String,
        environment: String,
        businessDate: BusinessDate? = nil,
        clientKey: String? = nil,
        declaredCount: Int64? = nil,
        declaredSums: [String: Int64] = [:],
        contentSHA256: [UInt8],
        contentBytes: Int64,
        partCount: Int
    ) {
        self.merchant = merchant
        self.direction = direction
        self.format = format
        self.fileName = fileName
        self.environment = environment
        self.businessDate = businessDate
        self.clientKey = clientKey
        self.declaredCount = declaredCount
        self.declaredSums = declaredSums
        self.contentSHA256 = contentSHA256
        self.contentBytes = contentBytes
        self.partCount = partCount
    }
}

/// The stages that work on a whole file.
package enum FileStage: Sendable, Hashable, CaseIterable {
    /// `pending` and `splitting` files.
    case intake
    /// `split` files.
    case planning
    /// `working` files whose result is due, or for which nothing is left to do by itself; `refused` files that nobody
    /// has answered yet; `finished` files of which something new is to be told.
    case settlement
}

/// A batch file under a lease.
package struct ClaimedBatchFile: Sendable {
    package let id: BatchIdentifier
    package let merchant: MerchantNumber
    package let direction: Direction
    package let format: String
    package let fileName: String
    package let businessDate: BusinessDate
    package let state: BatchFileState
    package let contentSHA256: [UInt8]
    package let contentBytes: Int64
    package let partCount: Int
    package let declaredCount: Int64?
    package let declaredSums: [String: Int64]
    package let recordCount: Int64?
    /// What pass 1 judged it by; nil before that, and for files of versions that did not keep it.
    package let judgedBy: [UInt8]?
    package let loadPosition: LoadPosition?
    package let epoch: LeaseEpoch
    /// Nil for a file that a merchant sent.
    package let supplement: SupplementOrigin?

    package init(
        id: BatchIdentifier,
        merchant: MerchantNumber,
        direction: Direction,
        format: String,
        fileName: String,
        businessDate: BusinessDate,
        state: BatchFileState,
        contentSHA256: [UInt8],
        contentBytes: Int64,
        partCount: Int,
        declaredCount: Int64?,
        declaredSums: [String: Int64],
        recordCount: Int64?,
        judgedBy: [UInt8]?,
        loadPosition: LoadPosition?,
        epoch: LeaseEpoch,
        supplement: SupplementOrigin? = nil
    ) {
        self.id = id
        self.merchant = merchant
        self.direction = direction
        self.format = format
        self.fileName = fileName
        self.businessDate = businessDate
        self.state = state
        self.contentSHA256 = contentSHA256
        self.contentBytes = contentBytes
        self.partCount = partCount
        self.declaredCount = declaredCount
        self.declaredSums = declaredSums
        self.recordCount = recordCount
        self.judgedBy = judgedBy
        self.loadPosition = loadPosition
        self.epoch = epoch
        self.supplement = supplement
    }
}

/// Where pass 2 goes on: just behind the last loaded record.
package struct LoadPosition: Sendable, Hashable {
    package let byteOffset: Int64
    package let recordOrdinal: Int64
    package let physicalLine: Int64

    package init(byteOffset: Int64, recordOrdinal: Int64, physicalLine: Int64) {
        self.byteOffset = byteOffset
        self.recordOrdinal = recordOrdinal
        self.physicalLine = physicalLine
    }
}

/// One reason for which a record was set aside; the value is masked.
package struct QuarantineReason: Sendable, Hashable {
    package let code: String
    package let field: String?
    package let maskedValue: String
    package let mend: String

    package init(code: String, field: String?, maskedValue: String, mend: String) {
        self.code = code
        self.field = field
        self.maskedValue = maskedValue
        self.mend = mend
    }
}

/// What became of a slice.
package enum LoadOutcome: Sendable, Hashable {
    /// Loaded; so many of the orders turned out to carry a number that was taken.
    case loaded(duplicates: Int)
    /// The lease is somebody else's: nothing was loaded.
    case stale
    /// Its turn did not come in time: nothing was loaded, and it is to be asked for again when it has come.
    case outOfTurn
}

/// How pass 2 of a file ended.
package enum LoadEnd: Sendable, Hashable {
    case split
    /// The lease is somebody else's.
    case stale
    /// All of the file is loaded, and it is not what pass 1 accepted: it stays as it is. Says what was loaded.
    case unlikeVerdict(String)
}

/// An order as planning sees it.
package struct OrderToPlan: Sendable, Hashable {
    package let line: LineNumber
    package let amountMinor: Int64
    package let currency: String

    package init(line: LineNumber, amountMinor: Int64, currency: String) {
        self.line = line
        self.amountMinor = amountMinor
        self.currency = currency
    }
}

/// Orders of one file for one channel.
package struct PlannedChunk: Sendable, Hashable {
    package let channel: ChannelName
    package let lines: [LineNumber]

    package init(channel: ChannelName, lines: [LineNumber]) {
        precondition((1...1_000).contains(lines.count), "a chunk has 1 to 1,000 orders")
        self.channel = channel
        self.lines = lines
    }
}
