package import PaymentCore

/// What people and monitoring ask of a database: reads only, each bounded, each one transaction.
///
/// Personal data leaves it masked (R15).
package protocol InspectionStore: Sendable {
    /// The newest batch files first.
    func batches(_ filter: BatchFilter) async throws -> [BatchSummary]
    /// One batch file with its totals (R14); nil if there is none of this number.
    func batch(_ batch: BatchIdentifier) async throws -> BatchDetail?

    /// An order's whole story; nil if the line is no order.
    func orderStory(of batch: BatchIdentifier, line: LineNumber) async throws -> OrderStory?

    /// Quarantined records by reason; a record with several reasons counts under each.
    func quarantineGroups(_ filter: QuarantineFilter) async throws -> [QuarantineGroup]
    /// The first quarantined records, in line order.
    func quarantinedRecords(_ filter: QuarantineFilter) async throws -> [QuarantinedRecord]
    /// One quarantined record with its masked bytes; nil if the line is none.
    func quarantinedRecord(of batch: BatchIdentifier, line: LineNumber) async throws -> QuarantinedRecord?

    /// Open review items by incident, the oldest first.
    func reviewIncidents(limit: Int) async throws -> [ReviewIncident]
    /// Alarms that nobody has acknowledged, the latest first.
    func openAlarms(limit: Int) async throws -> [OpenAlarm]
    /// What a run leaves to people.
    func waitingForPeople() async throws -> WaitingForPeople

    /// The days that have partitions; nil before the first are made.
    func liveDays() async throws -> ClosedRange<BusinessDate>?
    /// Looks for breaches of one invariant, in one statement on one snapshot; may take minutes.
    func check(_ invariant: Invariant) async throws -> InvariantFinding
}

// MARK: Batch files

/// Which batch files to list.
package struct BatchFilter: Sendable {
    package var state: BatchFileState?
    package var merchant: MerchantNumber?
    /// At most 1,000.
    package var limit: Int

    package init(state: BatchFileState? = nil, merchant: MerchantNumber? = nil, limit: Int = 50) {
        precondition((1...1_000).contains(limit), "a list is bounded")
        (self.state, self.merchant, self.limit) = (state, merchant, limit)
    }
}

/// A batch file as a list shows it.
package struct BatchSummary: Sendable {
    package let batch: BatchIdentifier
    package let merchant: MerchantNumber
    package let direction: Direction
    package let format, fileName: String
    package let businessDate: BusinessDate
    package let state: BatchFileState
    /// Why it is refused or held.
    package var verdict: VerdictNote?
    /// Known once the file is verified.
    package var recordCount: Int64?
    package let loadedCount: Int64
    package let receivedAt: Timestamp
    package var finishedAt: Timestamp?

    package init(
        batch: BatchIdentifier,
        merchant: MerchantNumber,
        direction: Direction,
        format: String,
        fileName: String,
        businessDate: BusinessDate,
        state: BatchFileState,
        loadedCount: Int64,
        receivedAt: Timestamp
    ) {
        (self.batch, self.merchant, self.direction, self.format) = (batch, merchant, direction, format)
        (self.fileName, self.businessDate, self.state) = (fileName, businessDate, state)
        (self.loadedCount, self.receivedAt) = (loadedCount, receivedAt)
    }
}

/// A batch file with its totals and results.
package struct BatchDetail: Sendable {
    package let summary: BatchSummary
    package var contentBytes: Int64?
    package let amountUnreadable: Int64
    package let resultDueAt: Timestamp
    /// A row a currency; records whose amount or currency cannot be read have none.
    package var totals: [BatchTotals] = []
    /// The stored result files, by version.
    package var results: [WrittenResult] = []

    package init(summary: BatchSummary, amountUnreadable: Int64, resultDueAt: Timestamp) {
        (self.summary, self.amountUnreadable, self.resultDueAt) = (summary, amountUnreadable, resultDueAt)
    }
}

/// Counts and sums of a batch file in one currency (R14).
package struct BatchTotals: Sendable {
    /// The columns of `batch_totals` that have a count and a sum.
    package enum Part: String, CaseIterable, Sendable, Hashable {
        case records, orders, quarantined, rejected, released, succeeded, failed, returned, cancelled, open, unknown
    }

    package let currency: String?
    package let tallies: [Part: Tally]

    package init(currency: String?, tallies: [Part: Tally]) {
        self.currency = currency
        self.tallies = tallies
    }

    package subscript(part: Part) -> Tally { tallies[part] ?? Tally() }
}

// MARK: Orders

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
    package var decidedAt: Timestamp?
    package let isArchived: Bool
    package var submissions: [Submission] = []
    package var attempts: [EndedAttempt] = []
    package var reviews: [Review] = []
    /// What happens next by itself, and when.
    package var nextAction: NextAction?

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

    /// A review item that covers the order.
    package struct Review: Sendable {
        package let incident, cause, code: String
        package let openedAt: Timestamp
        package var closedAt: Timestamp?
        package var decision: String?

        package init(incident: String, cause: String, code: String, openedAt: Timestamp) {
            (self.incident, self.cause, self.code, self.openedAt) = (incident, cause, code, openedAt)
        }
    }

    /// The chunk that carries the order.
    package struct NextAction: Sendable {
        package let kind: ChunkKind
        package let dueAt: Timestamp

        package init(kind: ChunkKind, dueAt: Timestamp) { (self.kind, self.dueAt) = (kind, dueAt) }
    }
}

// MARK: Quarantine and review

/// Which quarantined records to look at.
package struct QuarantineFilter: Sendable {
    package var batch: BatchIdentifier?
    package var reason: String?
    /// Business dates from this one on; a list without a batch must not read all days.
    package var since: BusinessDate
    /// At most 1,000.
    package var limit: Int

    package init(batch: BatchIdentifier? = nil, reason: String? = nil, since: BusinessDate, limit: Int = 50) {
        precondition((1...1_000).contains(limit), "a list is bounded")
        (self.batch, self.reason, self.since, self.limit) = (batch, reason, since, limit)
    }
}

/// Quarantined records of one reason and state.
package struct QuarantineGroup: Sendable {
    package let reason, state: String
    package let records, batches: Int64
    package let oldestAt: Timestamp

    package init(reason: String, state: String, records: Int64, batches: Int64, oldestAt: Timestamp) {
        (self.reason, self.state, self.records, self.batches) = (reason, state, records, batches)
        self.oldestAt = oldestAt
    }
}

/// A quarantined record with every reason found.
package struct QuarantinedRecord: Sendable {
    package let key: OrderKey
    package let state: String
    /// `intake` or `failed_order`.
    package let origin: String
    package var merchantOrderNumber: String?
    package var amountMinor: Int64?
    package var currency: String?
    package let reasons: [QuarantineReason]
    /// Where it stood; its bytes are left out.
    package let source: RecordSource
    package let quarantinedAt: Timestamp
    /// Its form, with what may be personal starred; nil in lists, and for a record made of a failed order.
    package var maskedRecord: String?

    package init(
        key: OrderKey,
        state: String,
        origin: String,
        reasons: [QuarantineReason],
        source: RecordSource,
        quarantinedAt: Timestamp
    ) {
        (self.key, self.state, self.origin) = (key, state, origin)
        (self.reasons, self.source, self.quarantinedAt) = (reasons, source, quarantinedAt)
    }
}

/// Open review items of one incident: one decision.
package struct ReviewIncident: Sendable {
    package let incident, cause: String
    package var codes: [String] = []
    package var channel: String?
    package let ownerRole: String
    package let items: Int64
    /// The first of them: `BATCH`, `BATCH/SUBMISSION` or `BATCH-LINE`.
    package var examples: [String] = []
    package let oldestAt: Timestamp
    package let age: TimeSpan

    package init(
        incident: String,
        cause: String,
        ownerRole: String,
        items: Int64,
        oldestAt: Timestamp,
        age: TimeSpan
    ) {
        (self.incident, self.cause, self.ownerRole) = (incident, cause, ownerRole)
        (self.items, self.oldestAt, self.age) = (items, oldestAt, age)
    }
}

/// An alarm that nobody has acknowledged.
package struct OpenAlarm: Sendable {
    package let kind, code: String
    package var channel: String?
    package let message: String
    package let occurrences: Int64
    package let firstAt, lastAt: Timestamp

    package init(
        kind: String,
        code: String,
        message: String,
        occurrences: Int64,
        firstAt: Timestamp,
        lastAt: Timestamp
    ) {
        (self.kind, self.code, self.message) = (kind, code, message)
        (self.occurrences, self.firstAt, self.lastAt) = (occurrences, firstAt, lastAt)
    }
}

/// What a run leaves to people.
package struct WaitingForPeople: Sendable, Hashable {
    package let reviewItems, heldFiles: Int64

    package init(reviewItems: Int64, heldFiles: Int64) {
        (self.reviewItems, self.heldFiles) = (reviewItems, heldFiles)
    }

    package var isNothing: Bool { reviewItems == 0 && heldFiles == 0 }
}

// MARK: Invariants

/// What always holds, at every moment, also while workers are at work; the raw value is its name in reports.
package enum Invariant: String, CaseIterable, Sendable, Hashable {
    case totalsAddUp = "totals_add_up"
    case linesBelongToLoadedFiles = "lines_belong_to_loaded_files"
    case lineStandsOnce = "line_stands_once"
    case ordersOwnTheirNumbers = "orders_own_their_numbers"
    case quarantineReservesNumbers = "quarantine_reserves_numbers"
    case numbersHaveOwners = "numbers_have_owners"
    case submissionsOwnTheirNumbers = "submissions_own_their_numbers"
    case channelNumbersHaveSubmissions = "channel_numbers_have_submissions"
    case openOrdersHaveNextAction = "open_orders_have_next_action"
    case chunksHaveWork = "chunks_have_work"
    case linesStandInOneChunk = "lines_stand_in_one_chunk"
    case callsAreRecorded = "calls_are_recorded"
    case finalOrdersHaveEvidence = "final_orders_have_evidence"
    case submissionsMatchOrders = "submissions_match_orders"
    case ordersMatchSubmissions = "orders_match_submissions"
    case slotsComeFree = "slots_come_free"
    case resultFilesAreWhole = "result_files_are_whole"
    case contentIsEncrypted = "content_is_encrypted"
    case partitionsAreAhead = "partitions_are_ahead"
}

/// What a look at one invariant found.
package struct InvariantFinding: Sendable {
    package let invariant: Invariant
    /// How often it does not hold.
    package let breaches: Int64
    /// The first keys, at most five.
    package let examples: [String]

    package init(invariant: Invariant, breaches: Int64, examples: [String]) {
        (self.invariant, self.breaches, self.examples) = (invariant, breaches, examples)
    }

    package var holds: Bool { breaches == 0 }
}
