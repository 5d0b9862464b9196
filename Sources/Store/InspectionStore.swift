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
    package let verdict: VerdictNote?
    /// Known once the file is verified.
    package let recordCount: Int64?
    package let loadedCount: Int64
    package let receivedAt: Timestamp
    package let finishedAt: Timestamp?

    package init(
        batch: BatchIdentifier, merchant: MerchantNumber, direction: Direction, format: String, fileName: String,
        businessDate: BusinessDate, state: BatchFileState, verdict: VerdictNote?, recordCount: Int64?,
        loadedCount: Int64, receivedAt: Timestamp, finishedAt: Timestamp?
    ) {
        (self.batch, self.merchant, self.direction, self.format) = (batch, merchant, direction, format)
        (self.fileName, self.businessDate, self.state, self.verdict) = (fileName, businessDate, state, verdict)
        (self.recordCount, self.loadedCount, self.receivedAt) = (recordCount, loadedCount, receivedAt)
        self.finishedAt = finishedAt
    }
}

/// A batch file with its totals and results.
package struct BatchDetail: Sendable {
    package let summary: BatchSummary
    package let contentBytes: Int64?
    package let amountUnreadable: Int64
    package let resultDueAt: Timestamp
    /// A row a currency; records whose amount or currency cannot be read have none.
    package let totals: [BatchTotals]
    /// The stored result files, by version.
    package let results: [WrittenResult]

    package init(
        summary: BatchSummary, contentBytes: Int64?, amountUnreadable: Int64, resultDueAt: Timestamp,
        totals: [BatchTotals], results: [WrittenResult]
    ) {
        (self.summary, self.contentBytes, self.amountUnreadable) = (summary, contentBytes, amountUnreadable)
        (self.resultDueAt, self.totals, self.results) = (resultDueAt, totals, results)
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
    package let cause: FailureCause?
    package let code, bankCode: String?
    package let amountMinor: Int64
    package let currency, maskedAccount, maskedName: String
    package let attempt: Int16
    package let submission: SubmissionNumber?
    /// Its item in the message of that submission.
    package let item: Int32?
    /// The exchange that proves its state (R8).
    package let evidence: RecordedCall?
    package let decidedAt: Timestamp?
    package let isArchived: Bool
    package var submissions: [Submission] = []
    package var attempts: [EndedAttempt] = []
    package var reviews: [Review] = []
    /// What happens next by itself, and when.
    package var nextAction: NextAction?

    package init(
        key: OrderKey, merchant: MerchantNumber, direction: Direction, merchantOrderNumber: String, state: OrderState,
        cause: FailureCause?, code: String?, bankCode: String?, amountMinor: Int64, currency: String,
        maskedAccount: String, maskedName: String, attempt: Int16, submission: SubmissionNumber?, item: Int32?,
        evidence: RecordedCall?, decidedAt: Timestamp?, isArchived: Bool
    ) {
        (self.key, self.merchant, self.direction, self.state) = (key, merchant, direction, state)
        (self.merchantOrderNumber, self.cause, self.code) = (merchantOrderNumber, cause, code)
        (self.bankCode, self.amountMinor, self.currency) = (bankCode, amountMinor, currency)
        (self.maskedAccount, self.maskedName, self.attempt) = (maskedAccount, maskedName, attempt)
        (self.submission, self.item, self.evidence) = (submission, item, evidence)
        (self.decidedAt, self.isArchived) = (decidedAt, isArchived)
    }

    /// One message that carried the order.
    package struct Submission: Sendable {
        package let number: SubmissionNumber
        package let channel: ChannelName
        package let channelNumber: String
        package let state: SubmissionState
        package let orders: Int
        package let intendedAt: Timestamp
        package let settledAt: Timestamp?
        package var exchanges: [Exchange] = []

        package init(
            number: SubmissionNumber, channel: ChannelName, channelNumber: String, state: SubmissionState, orders: Int,
            intendedAt: Timestamp, settledAt: Timestamp?
        ) {
            (self.number, self.channel, self.channelNumber) = (number, channel, channelNumber)
            (self.state, self.orders, self.intendedAt, self.settledAt) = (state, orders, intendedAt, settledAt)
        }
    }

    /// One call; its bytes stay encrypted.
    package struct Exchange: Sendable {
        package let call: RecordedCall
        package let kind: InFlight.Kind
        package let recordedAt: Timestamp
        /// `not_sent`, `unknown` or `answered`; nil while none is known.
        package let outcome, reason, headerCode: String?
        package let status: Int32?
        package let isLate: Bool
        package let latencyMicroseconds: Int64?

        package init(
            call: RecordedCall, kind: InFlight.Kind, recordedAt: Timestamp, outcome: String?, reason: String?,
            headerCode: String?, status: Int32?, isLate: Bool, latencyMicroseconds: Int64?
        ) {
            (self.call, self.kind, self.recordedAt, self.outcome) = (call, kind, recordedAt, outcome)
            (self.reason, self.headerCode, self.status) = (reason, headerCode, status)
            (self.isLate, self.latencyMicroseconds) = (isLate, latencyMicroseconds)
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
            attempt: Int16, channel: ChannelName, submission: SubmissionNumber, cause: FailureCause, code: String,
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
        package let closedAt: Timestamp?
        package let decision: String?

        package init(
            incident: String, cause: String, code: String, openedAt: Timestamp, closedAt: Timestamp?, decision: String?
        ) {
            (self.incident, self.cause, self.code) = (incident, cause, code)
            (self.openedAt, self.closedAt, self.decision) = (openedAt, closedAt, decision)
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
    package let merchantOrderNumber: String?
    package let amountMinor: Int64?
    package let currency: String?
    package let reasons: [QuarantineReason]
    package let charset: String
    package let byteFrom, byteTo, physicalLine: Int64
    package let quarantinedAt: Timestamp
    /// Its form, with what may be personal starred; nil in lists, and for a record made of a failed order.
    package let maskedRecord: String?

    package init(
        key: OrderKey, state: String, origin: String, merchantOrderNumber: String?, amountMinor: Int64?,
        currency: String?, reasons: [QuarantineReason], charset: String, byteFrom: Int64, byteTo: Int64,
        physicalLine: Int64, quarantinedAt: Timestamp, maskedRecord: String?
    ) {
        (self.key, self.state, self.origin, self.merchantOrderNumber) = (key, state, origin, merchantOrderNumber)
        (self.amountMinor, self.currency, self.reasons, self.charset) = (amountMinor, currency, reasons, charset)
        (self.byteFrom, self.byteTo, self.physicalLine) = (byteFrom, byteTo, physicalLine)
        (self.quarantinedAt, self.maskedRecord) = (quarantinedAt, maskedRecord)
    }
}

/// Open review items of one incident: one decision.
package struct ReviewIncident: Sendable {
    package let incident, cause: String
    package let codes: [String]
    package let channel: String?
    package let ownerRole: String
    package let items: Int64
    /// The first of them: `BATCH`, `BATCH/SUBMISSION` or `BATCH-LINE`.
    package let examples: [String]
    package let oldestAt: Timestamp
    package let age: TimeSpan

    package init(
        incident: String, cause: String, codes: [String], channel: String?, ownerRole: String, items: Int64,
        examples: [String], oldestAt: Timestamp, age: TimeSpan
    ) {
        (self.incident, self.cause, self.codes, self.channel) = (incident, cause, codes, channel)
        (self.ownerRole, self.items, self.examples, self.oldestAt) = (ownerRole, items, examples, oldestAt)
        self.age = age
    }
}

/// An alarm that nobody has acknowledged.
package struct OpenAlarm: Sendable {
    package let kind, code: String
    package let channel: String?
    package let message: String
    package let occurrences: Int64
    package let firstAt, lastAt: Timestamp

    package init(
        kind: String, code: String, channel: String?, message: String, occurrences: Int64, firstAt: Timestamp,
        lastAt: Timestamp
    ) {
        (self.kind, self.code, self.channel, self.message) = (kind, code, channel, message)
        (self.occurrences, self.firstAt, self.lastAt) = (occurrences, firstAt, lastAt)
    }
}

/// What a run leaves to people.
package struct WaitingForPeople: Sendable, Hashable {
    package let reviewItems, heldFiles: Int64

    package init(reviewItems: Int64, heldFiles: Int64) {
        self.reviewItems = reviewItems
        self.heldFiles = heldFiles
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
