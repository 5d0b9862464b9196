package import PaymentCore
package import Store

/// An order as a store keeps it.
package struct StoredOrder: Sendable, Hashable {
    package var line: LineNumber
    package var state: OrderState
    package var cause: FailureCause?
    package var code: String?
    package var attempt: Int16
    package var submission: SubmissionNumber?
    /// Its number in the submission, from 1.
    package var item: Int32?
    /// The exchange that proves a final state (R8).
    package var evidence: RecordedCall?
    package var amountMinor: Int64
    package var currency: String
    /// How often its row was updated since it was loaded; nil where a harness cannot count.
    package var updates: Int?

    package init(
        line: LineNumber,
        state: OrderState,
        cause: FailureCause?,
        code: String?,
        attempt: Int16,
        submission: SubmissionNumber?,
        item: Int32?,
        evidence: RecordedCall?,
        amountMinor: Int64,
        currency: String,
        updates: Int?
    ) {
        self.line = line
        self.state = state
        self.cause = cause
        self.code = code
        self.attempt = attempt
        self.submission = submission
        self.item = item
        self.evidence = evidence
        self.amountMinor = amountMinor
        self.currency = currency
        self.updates = updates
    }
}

/// An attempt that is over, as a store keeps it.
package struct StoredAttempt: Sendable, Hashable {
    package var line: LineNumber
    package var channel: ChannelName
    package var submission: SubmissionNumber
    package var cause: FailureCause
    package var code: String

    package init(
        line: LineNumber,
        channel: ChannelName,
        submission: SubmissionNumber,
        cause: FailureCause,
        code: String
    ) {
        self.line = line
        self.channel = channel
        self.submission = submission
        self.cause = cause
        self.code = code
    }

    /// No byte of it ever left.
    package var isUnsent: Bool { UnsentCode(rawValue: code) != nil }
}

/// A call as a store keeps it: recorded before it begins, completed when it has ended.
package struct StoredExchange: Sendable, Hashable {
    package var submission: SubmissionNumber
    package var call: RecordedCall
    package var kind: InFlight.Kind
    package var epoch: LeaseEpoch
    package var worker: WorkerIdentifier
    /// Nil: it was begun, and nothing is known of its end.
    package var outcome: Outcome?
    /// The header code of an answer, or the stable word for what was seen instead.
    package var code: String?
    package var status: Int32?
    package var response: [UInt8]
    package var volatileElements: [String: String]
    /// Its end was told under a lease that was somebody else's by then (R10).
    package var isLate: Bool

    package enum Outcome: String, CaseIterable, Sendable, Hashable {
        case notSent = "not_sent"
        case unknown
        case answered
    }

    package init(
        submission: SubmissionNumber,
        call: RecordedCall,
        kind: InFlight.Kind,
        epoch: LeaseEpoch,
        worker: WorkerIdentifier,
        outcome: Outcome?,
        code: String?,
        status: Int32?,
        response: [UInt8],
        volatileElements: [String: String],
        isLate: Bool
    ) {
        self.submission = submission
        self.call = call
        self.kind = kind
        self.epoch = epoch
        self.worker = worker
        self.outcome = outcome
        self.code = code
        self.status = status
        self.response = response
        self.volatileElements = volatileElements
        self.isLate = isLate
    }
}

/// A row of the work table.
package struct StoredChunk: Sendable, Hashable {
    package var chunkIdentifier: Int64
    package var chunkNumber: Int32
    package var channel: ChannelName
    package var kind: ChunkKind
    /// Kind `submit` only, else empty.
    package var lines: [LineNumber]
    package var submissionsCut: Int32
    package var submission: SubmissionNumber?
    package var epoch: LeaseEpoch
    /// Whether a worker stands in the row, its lease over or not.
    package var isLeased: Bool
    /// Whether it comes up now.
    package var isDue: Bool

    package init(
        chunkIdentifier: Int64,
        chunkNumber: Int32,
        channel: ChannelName,
        kind: ChunkKind,
        lines: [LineNumber],
        submissionsCut: Int32,
        submission: SubmissionNumber?,
        epoch: LeaseEpoch,
        isLeased: Bool,
        isDue: Bool
    ) {
        self.chunkIdentifier = chunkIdentifier
        self.chunkNumber = chunkNumber
        self.channel = channel
        self.kind = kind
        self.lines = lines
        self.submissionsCut = submissionsCut
        self.submission = submission
        self.epoch = epoch
        self.isLeased = isLeased
        self.isDue = isDue
    }
}

/// One cause, counted.
package struct StoredAlarm: Sendable, Hashable {
    package var kind: AlarmKind
    package var channel: ChannelName
    package var code: String
    package var occurrences: Int64

    package init(kind: AlarmKind, channel: ChannelName, code: String, occurrences: Int64) {
        self.kind = kind
        self.channel = channel
        self.code = code
        self.occurrences = occurrences
    }
}

/// An open review item.
package struct StoredReview: Sendable, Hashable {
    package var cause: ReviewCause
    package var code: String
    /// Set where the item is about the whole submission; a store may set it beside a line, too.
    package var submission: SubmissionNumber?
    /// Set where the item is about one order.
    package var line: LineNumber?

    package init(cause: ReviewCause, code: String, submission: SubmissionNumber?, line: LineNumber?) {
        self.cause = cause
        self.code = code
        self.submission = submission
        self.line = line
    }
}

/// What the outbox tells of one kind of move in one file, summed over all of its rows.
package struct StoredMoves: Sendable, Hashable {
    package var from: OrderState
    package var to: OrderState
    package var currency: String
    package var tally: Tally

    package init(from: OrderState, to: OrderState, currency: String, tally: Tally) {
        self.from = from
        self.to = to
        self.currency = currency
        self.tally = tally
    }
}
