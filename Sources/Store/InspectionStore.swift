package import PaymentCore

/// What people and monitoring ask of a database: reads only, each bounded, each one transaction.
///
/// Personal data leaves it masked (R15).
package protocol InspectionStore: Sendable {
    /// The newest batch files first.
    func batches(_ filter: BatchFilter) async throws -> [BatchSummary]
    /// One batch file with its totals (R14); nil if there is none of this number.
    func batch(_ batch: BatchIdentifier) async throws -> BatchDetail?

    /// The first orders of a file that pay what other orders near in time pay, in line order.
    func samePayments(of batch: BatchIdentifier, limit: Int) async throws -> [SamePayment]

    /// An order's whole story; nil if the line is no order.
    func orderStory(of batch: BatchIdentifier, line: LineNumber) async throws -> OrderStory?

    /// Open review items by incident, the oldest first.
    func reviewIncidents(of channel: ChannelName?, limit: Int) async throws -> [ReviewIncident]
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

/// An order that pays the amount of another one to its account, for the same purpose.
package struct SamePayment: Sendable, Hashable {
    package let line: LineNumber
    package let otherBatch: BatchIdentifier
    package let otherLine: LineNumber
    package let merchantOrderNumber: String
    package let amountMinor: Int64
    package let currency: String
    package let state: OrderState

    package init(
        line: LineNumber,
        otherBatch: BatchIdentifier,
        otherLine: LineNumber,
        merchantOrderNumber: String,
        amountMinor: Int64,
        currency: String,
        state: OrderState
    ) {
        (self.line, self.otherBatch, self.otherLine) = (line, otherBatch, otherLine)
        (self.merchantOrderNumber, self.amountMinor) = (merchantOrderNumber, amountMinor)
        (self.currency, self.state) = (currency, state)
    }
}

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
    /// When it was settled how a refused file is answered: by a result file, or by none.
    package var refusalAnsweredAt: Timestamp?
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
