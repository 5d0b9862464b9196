package import PaymentCore

/// A call that has ended, as it is kept.
package struct EndedCall: Sendable {
    package let call: RecordedCall
    package let outcome: CallOutcome
    package let status: Int32?
    package let response: [UInt8]
    package let volatileElements: [String: String]
    package let latencyMicroseconds: Int64

    package init(
        call: RecordedCall,
        outcome: CallOutcome,
        status: Int32?,
        response: [UInt8],
        volatileElements: [String: String],
        latencyMicroseconds: Int64
    ) {
        self.call = call
        self.outcome = outcome
        self.status = status
        self.response = response
        self.volatileElements = volatileElements
        self.latencyMicroseconds = latencyMicroseconds
    }
}

/// What happens to the chunk after a change.
package enum ChunkNext: Sendable, Hashable {
    /// The worker goes on with it: the lease and the slot stay.
    case keep
    case schedule(ChunkKind, after: TimeSpan)
    /// It leaves the table.
    case finish
}

/// One step of a submission, committed whole.
package struct SubmissionChange: Sendable {
    package var chunk: ClaimedChunk
    package var submission: SubmissionNumber
    package var state: SubmissionState
    package var endedCall: EndedCall?
    /// The call that the worker makes next: its record is part of this change.
    package var begins: SubmissionStep?
    package var sendBy: TimeSpan
    /// The version that the worker works with: no call begins under another one than the active (R16).
    package var specificationSHA256: [UInt8]
    package var decision: SettlementDecision
    package var submissionReviews: [SubmissionReview]
    package var slowLaneFor: TimeSpan?
    /// What the machine made of the ended call: if it turns out to have ended too late, nothing moves, but what it
    /// contradicts is told to people, in the transaction that keeps it as evidence (R8, R10).
    package var lateActions: [SubmissionAction]
    package var next: ChunkNext

    /// A person must look at the whole submission.
    package struct SubmissionReview: Sendable, Hashable {
        package let cause: ReviewCause
        package let code: String

        package init(cause: ReviewCause, code: String) {
            self.cause = cause
            self.code = code
        }
    }

    package init(
        chunk: ClaimedChunk,
        submission: SubmissionNumber,
        state: SubmissionState,
        endedCall: EndedCall?,
        begins: SubmissionStep?,
        sendBy: TimeSpan,
        specificationSHA256: [UInt8],
        decision: SettlementDecision,
        submissionReviews: [SubmissionReview],
        slowLaneFor: TimeSpan?,
        lateActions: [SubmissionAction] = [],
        next: ChunkNext
    ) {
        precondition((begins != nil) == (next == .keep), "a chunk is kept for a call, and only for a call")
        self.chunk = chunk
        self.submission = submission
        self.state = state
        self.endedCall = endedCall
        self.begins = begins
        self.sendBy = sendBy
        self.specificationSHA256 = specificationSHA256
        self.decision = decision
        self.submissionReviews = submissionReviews
        self.slowLaneFor = slowLaneFor
        self.lateActions = lateActions
        self.next = next
    }
}

/// What became of a change.
package enum ChangeOutcome: Sendable, Hashable {
    /// Committed; with the record of the call that begins, if one does.
    case committed(RecordedCall?)
    /// Committed, but COMMIT stayed without an answer and the truth was found only afterwards: the call that was to
    /// begin must not be made (R1).
    case committedUnsure(RecordedCall)
    /// Something is no longer as it was read: the lease is somebody else's or has ended, an order has moved, another
    /// call may be under way, another specification is active.
    /// Nothing was written but the ended call, as late evidence, if it had no outcome yet, and what it contradicts.
    case stale
}
