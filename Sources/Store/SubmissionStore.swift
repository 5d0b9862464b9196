package import PaymentCore

/// What the engine asks of a database about submissions: claim, intent, record, settle.
///
/// Each operation is one whole transaction; every write carries the lease epoch and is refused when stale (R10).
package protocol SubmissionStore: OrderTextStore {
    /// Takes due chunks of several lanes in one transaction, each with a slot; lane by lane as asked, submissions to be
    /// sent again before fresh orders.
    ///
    /// A lane gives nothing while it is paused, slowed down, claimed from by somebody else at this very moment, or
    /// works with another specification than the caller's (R16). With its breaker open it gives nothing, then exactly
    /// one chunk to try with. Fresh orders are handed out only while the free slots outnumber the submissions that wait
    /// to be sent again: so a dead lane never has more unsent submissions than slots. Each chunk says when it may start
    /// at the earliest, by the lane's rate.
    func claimChunks(_ claim: ChunkClaim) async throws -> [ClaimedChunk]

    /// The first orders of a submit chunk that are still `ready`, in line order; fewer than the limit means that no
    /// others are.
    func ordersToSubmit(of chunk: ClaimedChunk, limit: Int) async throws -> [OrderToSubmit]

    /// Takes lines out of a submit chunk: cancelled ones silently, orders that no message can carry with a review item
    /// each; the rest of the chunk goes on.
    func removeLines(_ lines: [LineNumber], from chunk: ClaimedChunk, reviewCode: String?) async throws

    /// Commits the submission, its number, its envelope, its orders' `submitting` state and the send's record: before
    /// the first byte leaves (R1). An error means: nothing may be sent.
    func recordIntent(_ intent: SubmissionIntent) async throws -> IntentOutcome

    /// The submission of a chunk with all of its orders.
    func loadSubmission(of chunk: ClaimedChunk) async throws -> LoadedSubmission

    /// Commits the machine's new state and all that its actions order, or, if the lease is stale, only keeps the
    /// ended call as late evidence, with what it contradicts.
    func record(_ change: SubmissionChange) async throws -> ChangeOutcome

    /// What was tried before for orders of a chunk, and for whom: asked for when an attempt may be followed by another.
    func attemptHistory(of chunk: ClaimedChunk, lines: [LineNumber]) async throws -> AttemptHistory

    /// Gives back a chunk that needed nothing (all of its orders were cancelled), or could not be worked now.
    func releaseChunk(_ chunk: ClaimedChunk, next: ChunkNext) async throws
}

/// Which lanes to claim from, for whom.
package struct ChunkClaim: Sendable {
    package let worker: WorkerIdentifier
    /// No lane twice.
    package let lanes: [LaneClaim]

    package init(worker: WorkerIdentifier, lanes: [LaneClaim]) {
        self.worker = worker
        self.lanes = lanes
    }
}

/// What is asked of one lane: so many chunks at most, each for so long from its earliest start.
package struct LaneClaim: Sendable, Hashable {
    package let channel: ChannelName
    package let lane: Lane
    package let specificationSHA256: [UInt8]
    package let lease: TimeSpan
    package let limit: Int

    package init(channel: ChannelName, lane: Lane, specificationSHA256: [UInt8], lease: TimeSpan, limit: Int) {
        precondition(lease > RateSlice.waitMax, "a lease outlives the wait for a start")
        self.channel = channel
        self.lane = lane
        self.specificationSHA256 = specificationSHA256
        self.lease = lease
        self.limit = limit
    }
}

/// A channel's two work queues.
package enum Lane: String, CaseIterable, Sendable, Hashable {
    case submit
    case query
}

/// What a chunk is for.
package enum ChunkKind: String, CaseIterable, Sendable, Hashable {
    /// Orders without an intent yet.
    case submit
    /// A submission to be sent again: proven unsent, or its resend is due.
    case send
    /// A submission to be asked for.
    case query

    package var lane: Lane { self == .query ? .query : .submit }

    package init(_ step: SubmissionStep) { self = step == .send ? .send : .query }
}

/// A chunk under a lease, with its slot.
package struct ClaimedChunk: Sendable, Hashable {
    package let chunkIdentifier: Int64
    package let batch: BatchIdentifier
    package let businessDate: BusinessDate
    package let chunkNumber: Int32
    package let direction: Direction
    package let channel: ChannelName
    package let kind: ChunkKind
    /// Kind `submit`: the lines without an intent.
    package let lines: [LineNumber]
    /// Kind `submit`: how many submissions were cut from the chunk before.
    package let submissionsCut: Int32
    package let submission: SubmissionNumber?
    package let worker: WorkerIdentifier
    package let epoch: LeaseEpoch
    /// The database's clock at the claim.
    package let now: Timestamp
    /// Nothing is done with it earlier than this after the claim: its place in the lane's rate.
    package let startsAfter: TimeSpan

    package init(
        chunkIdentifier: Int64,
        batch: BatchIdentifier,
        businessDate: BusinessDate,
        chunkNumber: Int32,
        direction: Direction,
        channel: ChannelName,
        kind: ChunkKind,
        lines: [LineNumber],
        submissionsCut: Int32,
        submission: SubmissionNumber?,
        worker: WorkerIdentifier,
        epoch: LeaseEpoch,
        now: Timestamp,
        startsAfter: TimeSpan = .zero
    ) {
        self.chunkIdentifier = chunkIdentifier
        self.batch = batch
        self.businessDate = businessDate
        self.chunkNumber = chunkNumber
        self.direction = direction
        self.channel = channel
        self.kind = kind
        self.lines = lines
        self.submissionsCut = submissionsCut
        self.submission = submission
        self.worker = worker
        self.epoch = epoch
        self.now = now
        self.startsAfter = startsAfter
    }

    /// The number of the submission that is cut next from this chunk: a function of the chunk alone (R17).
    package var nextSubmission: SubmissionNumber {
        precondition(kind == .submit && submissionsCut < 1_000, "at most 1,000 submissions are cut from a chunk")
        return SubmissionNumber(chunkNumber * 1_000 + submissionsCut)
    }
}

/// An order as a submission needs it, decrypted.
package struct OrderToSubmit: Sendable, Hashable {
    package let line: LineNumber
    package let amountMinor: Int64
    package let currency: String
    package let accountNumber: String
    package let accountName: String
    package let bankCode: String?
    package let purpose: String
    /// Attempts ended before.
    package let attempts: Int16

    package init(
        line: LineNumber,
        amountMinor: Int64,
        currency: String,
        accountNumber: String,
        accountName: String,
        bankCode: String?,
        purpose: String,
        attempts: Int16
    ) {
        self.line = line
        self.amountMinor = amountMinor
        self.currency = currency
        self.accountNumber = accountNumber
        self.accountName = accountName
        self.bankCode = bankCode
        self.purpose = purpose
        self.attempts = attempts
    }
}

/// All that is committed before the first byte of a submission leaves (R1).
package struct SubmissionIntent: Sendable {
    package var chunk: ClaimedChunk
    package var submission: SubmissionNumber
    package var number: String
    /// The registry's scope of the number.
    package var numberScope: String
    package var scopeEndsAt: Timestamp?
    package var tradeDate: BusinessDate
    package var specificationSHA256: [UInt8]
    package var envelope: Envelope
    package var envelopeSHA256: [UInt8]
    /// In item order.
    package var orders: [OrderToSubmit]
    package var currency: String
    package var amountMinor: Int64
    package var attempt: Int16
    package var state: SubmissionState
    package var sendBy: TimeSpan
    /// Lines of the chunk that wait for the next submission.
    package var remainingLines: [LineNumber]

    package init(
        chunk: ClaimedChunk,
        submission: SubmissionNumber,
        number: String,
        numberScope: String,
        scopeEndsAt: Timestamp?,
        tradeDate: BusinessDate,
        specificationSHA256: [UInt8],
        envelope: Envelope,
        envelopeSHA256: [UInt8],
        orders: [OrderToSubmit],
        currency: String,
        amountMinor: Int64,
        attempt: Int16,
        state: SubmissionState,
        sendBy: TimeSpan,
        remainingLines: [LineNumber]
    ) {
        self.chunk = chunk
        self.submission = submission
        self.number = number
        self.numberScope = numberScope
        self.scopeEndsAt = scopeEndsAt
        self.tradeDate = tradeDate
        self.specificationSHA256 = specificationSHA256
        self.envelope = envelope
        self.envelopeSHA256 = envelopeSHA256
        self.orders = orders
        self.currency = currency
        self.amountMinor = amountMinor
        self.attempt = attempt
        self.state = state
        self.sendBy = sendBy
        self.remainingLines = remainingLines
    }
}

/// A call whose record is committed: its place among the submission's exchanges.
package struct RecordedCall: Sendable, Hashable {
    package let ordinal: Int32
    /// The day it is filed under.
    package let day: BusinessDate

    package init(ordinal: Int32, day: BusinessDate) {
        self.ordinal = ordinal
        self.day = day
    }
}

/// What became of an intent.
package enum IntentOutcome: Sendable, Hashable {
    case recorded(RecordedCall)
    /// Recorded, but COMMIT stayed without an answer and the truth was found only afterwards: nothing may be sent under
    /// this record (R1).
    case recordedUnsure(RecordedCall)
    /// The lease is somebody else's.
    case stale
    /// Some order was cancelled in between: nothing is recorded, read the orders again.
    case ordersChanged
}

/// A submission as it stands.
package struct LoadedSubmission: Sendable {
    package let key: SubmissionKey
    package let number: String
    package let tradeDate: BusinessDate
    package let scopeEndsAt: Timestamp?
    package let state: SubmissionState
    package let envelope: Envelope
    package let orders: [SubmittedOrder]
    package let now: Timestamp

    package init(
        key: SubmissionKey,
        number: String,
        tradeDate: BusinessDate,
        scopeEndsAt: Timestamp?,
        state: SubmissionState,
        envelope: Envelope,
        orders: [SubmittedOrder],
        now: Timestamp
    ) {
        self.key = key
        self.number = number
        self.tradeDate = tradeDate
        self.scopeEndsAt = scopeEndsAt
        self.state = state
        self.envelope = envelope
        self.orders = orders
        self.now = now
    }
}
