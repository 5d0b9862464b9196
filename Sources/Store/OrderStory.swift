package import PaymentCore

/// An order with all that was done for it; account and name are masked.
package struct OrderStory: Sendable {
    package let key: OrderKey
    package let merchant: MerchantNumber
    package let direction: Direction
    package let merchantOrderNumber: String
    package let state: OrderState
    package var cause: FailureCause?
    package var code, bankCode: String?
    package let amountMinor: Int64
    package let currency, maskedAccount, maskedName: String
    package let attempt: Int16
    package var submission: SubmissionNumber?
    /// Its item in the message of that submission.
    package var item: Int32?
    /// The exchange that proves its state (R8).
    package var evidence: RecordedCall?
    /// The decision that its state rests on instead (R8).
    package var decision: Decision?
    package var decidedAt: Timestamp?
    package let isArchived: Bool
    package var submissions: [Submission] = []
    package var attempts: [EndedAttempt] = []
    package var reviews: [Review] = []
    /// What came back after its success; its state is `returned` once that is all of it.
    package var returns: [Return] = []
    /// What happens next by itself, and when.
    package var nextAction: NextAction?
    /// It waits to be planned, not before this time.
    package var plannedFrom: Timestamp?
    /// The database's clock when the story was read.
    package var readAt = Timestamp(unixMicroseconds: 0)

    package init(
        key: OrderKey,
        merchant: MerchantNumber,
        direction: Direction,
        merchantOrderNumber: String,
        state: OrderState,
        amountMinor: Int64,
        currency: String,
        maskedAccount: String,
        maskedName: String,
        attempt: Int16,
        isArchived: Bool
    ) {
        (self.key, self.merchant, self.direction, self.state) = (key, merchant, direction, state)
        (self.merchantOrderNumber, self.amountMinor, self.currency) = (merchantOrderNumber, amountMinor, currency)
        (self.maskedAccount, self.maskedName) = (maskedAccount, maskedName)
        (self.attempt, self.isArchived) = (attempt, isArchived)
    }

    /// One message that carried the order.
    package struct Submission: Sendable {
        package let number: SubmissionNumber
        package let channel: ChannelName
        package let channelNumber: String
        package let state: SubmissionState
        package let orders: Int
        package let intendedAt: Timestamp
        package var settledAt: Timestamp?
        /// The end of the number's scope, where it has one.
        package var scopeEndsAt: Timestamp?
        package var specificationSHA256: [UInt8] = []
        /// Whether each order that its envelope names is still open, and on it.
        package var areOrdersOpen = true
        package var exchanges: [Exchange] = []

        package init(
            number: SubmissionNumber,
            channel: ChannelName,
            channelNumber: String,
            state: SubmissionState,
            orders: Int,
            intendedAt: Timestamp
        ) {
            (self.number, self.channel, self.channelNumber) = (number, channel, channelNumber)
            (self.state, self.orders, self.intendedAt) = (state, orders, intendedAt)
        }
    }

    /// One call; its bytes stay encrypted.
    package struct Exchange: Sendable {
        package let call: RecordedCall
        package let kind: InFlight.Kind
        package let recordedAt: Timestamp
        /// `not_sent`, `unknown` or `answered`; nil while none is known.
        package var outcome: String?
        package var reason, headerCode: String?
        package var status: Int32?
        package let isLate: Bool
        package var latencyMicroseconds: Int64?

        package init(call: RecordedCall, kind: InFlight.Kind, recordedAt: Timestamp, isLate: Bool) {
            (self.call, self.kind, self.recordedAt, self.isLate) = (call, kind, recordedAt, isLate)
        }
    }

    /// An attempt that ended before the live one.
    package struct EndedAttempt: Sendable {
        package let attempt: Int16
        package let channel: ChannelName
        package let submission: SubmissionNumber
        package let cause: FailureCause
        package let code: String
        package let endedAt: Timestamp

        package init(
            attempt: Int16,
            channel: ChannelName,
            submission: SubmissionNumber,
            cause: FailureCause,
            code: String,
            endedAt: Timestamp
        ) {
            (self.attempt, self.channel, self.submission) = (attempt, channel, submission)
            (self.cause, self.code, self.endedAt) = (cause, code, endedAt)
        }
    }

    /// Money that came back.
    package struct Return: Sendable {
        package let channel: ChannelName
        /// The channel's own number of the return.
        package let reference: String
        package let amountMinor: Int64
        package let code: String?
        package let returnedAt: Timestamp

        package init(
            channel: ChannelName,
            reference: String,
            amountMinor: Int64,
            code: String?,
            returnedAt: Timestamp
        ) {
            (self.channel, self.reference, self.amountMinor) = (channel, reference, amountMinor)
            (self.code, self.returnedAt) = (code, returnedAt)
        }
    }

    /// A review item that covers the order.
    package struct Review: Sendable {
        package let incident, cause, code: String
        /// Whether it names the order itself, and not its submission or file.
        package let isOfOrder: Bool
        package let openedAt: Timestamp
        package var closedAt: Timestamp?
        package var decision: String?

        package init(incident: String, cause: String, code: String, isOfOrder: Bool, openedAt: Timestamp) {
            (self.incident, self.cause, self.code) = (incident, cause, code)
            (self.isOfOrder, self.openedAt) = (isOfOrder, openedAt)
        }
    }

    /// What a person decided, and on what grounds; what is personal in the words is masked.
    package struct Decision: Sendable {
        package let number: Int64
        package let decision, person, evidence, note: String
        package let decidedAt: Timestamp

        package init(
            number: Int64,
            decision: String,
            person: String,
            evidence: String,
            note: String,
            decidedAt: Timestamp
        ) {
            (self.number, self.decision, self.person) = (number, decision, person)
            (self.evidence, self.note, self.decidedAt) = (evidence, note, decidedAt)
        }
    }

    /// The chunk that carries the order.
    package struct NextAction: Sendable {
        package let kind: ChunkKind
        package let dueAt: Timestamp

        package init(kind: ChunkKind, dueAt: Timestamp) { (self.kind, self.dueAt) = (kind, dueAt) }
    }
}
