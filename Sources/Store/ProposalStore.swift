package import PaymentCore

/// What takes two people: one asks, another one approves (R12).
///
/// Each operation is one whole transaction of a function that resolves the person from the session's secret, and writes
/// its own row into the audit. Errors with SQLSTATE `SL017` to `SL020` say why somebody may not.
package protocol ProposalStore: Sendable {
    /// Asks for a decision about an incident or a review item; where one person may decide, it is done at once.
    ///
    /// `isDry`: nothing is done, and the effect tells what would be.
    func propose(_ decision: RequestedDecision, by maker: SessionSecret, isDry: Bool) async throws -> MadeProposal

    /// Asks which of two quarantined records of one number lives.
    func propose(_ choice: RequestedChoice, by maker: SessionSecret, isDry: Bool) async throws -> MadeProposal

    /// Asks for the correction of a final state that is proven wrong.
    func propose(_ correction: RequestedCorrection, by maker: SessionSecret, isDry: Bool) async throws -> MadeProposal

    /// Asks for the activation of a channel's specification (R16).
    func propose(_ activation: ChannelActivation, comment: String, by maker: SessionSecret) async throws -> MadeProposal

    /// Keeps a file that a decision is to rest on, sealed; answers its number. The same bytes again have the same.
    ///
    /// At most 16 MiB.
    func keepEvidence(named name: String, _ content: [UInt8], by person: SessionSecret) async throws -> Int64

    /// A kept file, for a reason that the audit keeps; nil if there is none of this number.
    func openEvidence(_ number: Int64, reason: String, by person: SessionSecret) async throws -> KeptEvidence?

    /// Approves a proposal, and carries it out with the last voice that it takes.
    ///
    /// `about`: what it is about, as the checker sees it; needed where it is about orders or records.
    func approve(
        _ proposal: Int64,
        about: NamedOrders?,
        comment: String,
        by checker: SessionSecret,
        isDry: Bool
    ) async throws -> MadeProposal

    /// Says no to a proposal of another person.
    func decline(_ proposal: Int64, comment: String, by checker: SessionSecret, isDry: Bool) async throws

    /// Takes back a proposal of the same person.
    func withdraw(_ proposal: Int64, by maker: SessionSecret, isDry: Bool) async throws

    /// Proposals, newest first; those that wait, or all of them. At most 1,000.
    func proposals(onlyWaiting: Bool, limit: Int) async throws -> [Proposal]

    /// One proposal; nil if there is none of this number.
    func proposal(_ number: Int64) async throws -> Proposal?

    /// The records that a release or rejection is about, in their order behind `key`; at most 1,000.
    func records(of proposal: Int64, after key: OrderKey?, limit: Int) async throws -> [ProposedRecord]

    /// The open review items of an incident, or the one of a number.
    func reviewItems(of target: String, limit: Int) async throws -> [OpenReviewItem]

    /// The evidence files that decisions rest on, newest first; at most 1,000.
    func evidenceFiles(limit: Int) async throws -> [EvidenceFile]
}

/// The correction of a final state, as a person asks for it.
package struct RequestedCorrection: Sendable {
    /// The order with the amount and the final state that it has now.
    package let order: NamedOrder
    /// `succeeded` or `failed`.
    package let to: OrderState
    package let note: String
    package var evidence: String?
    /// The number of a kept evidence file.
    package var evidenceFile: Int64?

    package init(order: NamedOrder, to: OrderState, note: String) {
        (self.order, self.to, self.note) = (order, to, note)
    }
}

/// What became of a proposal, or would become of it.
package struct MadeProposal: Sendable, Hashable {
    /// Nil where it was only looked at.
    package let number: Int64?
    /// Whether it is carried out.
    package let isDone: Bool
    /// So many people more are needed.
    package let approvalsMissing: Int
    package let effect: ProposalEffect

    package init(number: Int64?, isDone: Bool, approvalsMissing: Int, effect: ProposalEffect) {
        (self.number, self.isDone) = (number, isDone)
        (self.approvalsMissing, self.effect) = (approvalsMissing, effect)
    }
}

/// What a proposal does.
package struct ProposalEffect: Sendable, Hashable {
    /// The number of the decision that was taken; nil where none was.
    package var decision: Int64?
    package var itemsClosed: Int64 = 0
    /// Items that wait on, because other orders of theirs are still open.
    package var itemsOpen: Int64 = 0
    /// Orders or records.
    package var orders: Int64 = 0
    /// Minor units by currency.
    package var amounts: [String: Int128] = [:]
    /// Records that could not be released or rejected any more.
    package var refused: Int64 = 0
    /// The supplements that a release has made.
    package var supplements: [BatchIdentifier] = []

    package init() {}
}

/// A file that a decision rests on.
package struct KeptEvidence: Sendable {
    package let fileName: String
    package let content: [UInt8]

    package init(fileName: String, content: [UInt8]) { (self.fileName, self.content) = (fileName, content) }
}

/// A file that decisions rest on, with what they were about.
package struct EvidenceFile: Sendable {
    package let number: Int64
    package let fileName: String
    package let bytes: Int64
    package let keptAt: Timestamp
    package let proposals: Int64
    package let orders: Int64

    package init(number: Int64, fileName: String, bytes: Int64, keptAt: Timestamp, proposals: Int64, orders: Int64) {
        (self.number, self.fileName, self.bytes) = (number, fileName, bytes)
        (self.keptAt, self.proposals, self.orders) = (keptAt, proposals, orders)
    }
}

/// What somebody has asked for, and what became of it.
package struct Proposal: Sendable {
    /// One person's word about a proposal.
    package struct Vote: Sendable, Hashable {
        package let login: String
        package let isApproval: Bool
        package let comment: String
        package let at: Timestamp

        package init(login: String, isApproval: Bool, comment: String, at: Timestamp) {
            (self.login, self.isApproval, self.comment, self.at) = (login, isApproval, comment, at)
        }
    }

    package let number: Int64
    package let kind: String
    /// `waiting`, `approved`, `declined`, `withdrawn`, or `expired` for one that waited too long.
    package let state: String
    package let subject: String
    package let orders: Int64
    /// Minor units by currency.
    package let amounts: [String: Int128]
    package let comment: String
    package let maker: String
    package let madeAt, expiresAt: Timestamp
    package let approvalsMissing: Int
    package var evidence: String?
    package var evidenceFile: Int64?
    /// The reasons that count as warnings in a release.
    package var accepted: [String] = []
    /// Records of a release that look like a later order, when it was asked for.
    package var resembling: Int64 = 0
    /// The first of these records, each with the order that it looks like, as BATCH-LINE.
    package var alike: [String: String] = [:]
    package var votes: [Vote] = []
    package var endedAt: Timestamp?
    package var effect: ProposalEffect?

    package init(
        number: Int64,
        kind: String,
        state: String,
        subject: String,
        orders: Int64,
        amounts: [String: Int128],
        comment: String,
        maker: String,
        madeAt: Timestamp,
        expiresAt: Timestamp,
        approvalsMissing: Int
    ) {
        (self.number, self.kind, self.state, self.subject) = (number, kind, state, subject)
        (self.orders, self.amounts, self.comment, self.maker) = (orders, amounts, comment, maker)
        (self.madeAt, self.expiresAt, self.approvalsMissing) = (madeAt, expiresAt, approvalsMissing)
    }
}

/// A record of a release or rejection.
package struct ProposedRecord: Sendable {
    package let key: OrderKey
    package let revision: Int32
    /// What became of it; nil while nobody has approved.
    package let outcome: String?
    /// Its line in the supplement.
    package var successorBatch: BatchIdentifier?
    package var successorLine: LineNumber?

    package init(key: OrderKey, revision: Int32, outcome: String?) {
        (self.key, self.revision, self.outcome) = (key, revision, outcome)
    }
}

/// One open review item with its orders.
package struct OpenReviewItem: Sendable {
    package let number: Int64
    package let incident, cause, code: String
    package let batch: BatchIdentifier
    package var submission: Int32?
    package var line: LineNumber?
    package var channel: String?
    package let openedAt: Timestamp
    /// What a decision would be about: orders by state and currency.
    package var orders: [OrderState: [String: Tally]] = [:]

    package init(
        number: Int64,
        incident: String,
        cause: String,
        code: String,
        batch: BatchIdentifier,
        openedAt: Timestamp
    ) {
        (self.number, self.incident, self.cause, self.code) = (number, incident, cause, code)
        (self.batch, self.openedAt) = (batch, openedAt)
    }
}
