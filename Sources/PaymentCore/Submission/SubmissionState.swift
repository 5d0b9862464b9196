/// The phases of a submission.
package enum SubmissionPhase: String, CaseIterable, Sendable, Hashable {
    /// Recorded; every ended send is proven unsent, or the first one is under way.
    case intended
    /// The channel is at work on it, and has said nothing of its items yet.
    case sent
    /// The channel said that it has it.
    case taken
    /// No open order is on it: each is final, or has gone on to its next attempt.
    case settled
    /// A send may have arrived; we do not know.
    case unknown
    /// Refused as a whole, with evidence.
    case refused

    /// Final phases are never left; nothing is sent or asked for any more.
    package var isFinal: Bool { self == .settled || self == .refused }

    /// Every legal move of a submission, as two committed rows show it.
    ///
    /// It is refused only while nothing but the answered
    /// send can have arrived, which is never so again once it was `sent`, `taken` or `unknown` (R4).
    package static let moves: [(from: SubmissionPhase, to: SubmissionPhase)] = [
        (.intended, .sent), (.intended, .taken), (.intended, .unknown), (.intended, .refused), (.intended, .settled),
        (.sent, .taken), (.sent, .unknown), (.sent, .settled),
        (.taken, .unknown), (.taken, .settled),
        (.unknown, .sent), (.unknown, .taken), (.unknown, .settled),
    ]
}

/// A call under way for a submission: a query and a send of one submission never overlap (R6).
package struct InFlight: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable, Hashable {
        case send
        case query
    }

    package let kind: Kind
    package let epoch: LeaseEpoch
    /// Send-by plus the total deadline: past it, the call can no longer be under way.
    package let until: Timestamp

    package init(kind: Kind, epoch: LeaseEpoch, until: Timestamp) {
        self.kind = kind
        self.epoch = epoch
        self.until = until
    }
}

/// What the protocol remembers of a submission between two steps; one row of the `submission` table.
package struct SubmissionState: Hashable, Sendable {
    package var phase: SubmissionPhase
    /// Sends whose record was committed, whatever became of them.
    package var sends: Int32
    /// Those of them that are proven unsent (R4).
    ///
    /// A send without a recorded outcome counts as sent.
    package var sendsUnsent: Int32
    package var inFlight: InFlight?
    /// Queries whose record was committed, whatever became of them.
    package var polls: Int32
    /// Counted not-found answers in a row since the last send.
    package var notFounds: Int32
    package var lastNotFoundAt: Timestamp?
    /// When the record of the first send that may have arrived was committed: the protection window counts from here.
    package var firstSentAt: Timestamp?
    /// When the last send that may have arrived ended, or can no longer be under way.
    package var lastSendEndedAt: Timestamp?
    /// Whether the channel ever said that it has it.
    package var everTaken: Bool

    package init(
        phase: SubmissionPhase,
        sends: Int32,
        sendsUnsent: Int32,
        inFlight: InFlight?,
        polls: Int32,
        notFounds: Int32,
        lastNotFoundAt: Timestamp?,
        firstSentAt: Timestamp?,
        lastSendEndedAt: Timestamp?,
        everTaken: Bool
    ) {
        precondition(sends >= 0 && (0...sends).contains(sendsUnsent), "unsent sends are sends")
        self.phase = phase
        self.sends = sends
        self.sendsUnsent = sendsUnsent
        self.inFlight = inFlight
        self.polls = polls
        self.notFounds = notFounds
        self.lastNotFoundAt = lastNotFoundAt
        self.firstSentAt = firstSentAt
        self.lastSendEndedAt = lastSendEndedAt
        self.everTaken = everTaken
    }

    /// Whether no byte of this submission can ever have left (R4).
    package var isProvenUnsent: Bool { sends == sendsUnsent }

    /// Sends that may have arrived.
    package var sendsPossiblyArrived: Int32 { sends - sendsUnsent }
}
