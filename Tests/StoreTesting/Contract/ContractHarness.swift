package import PaymentCore
package import Store

/// What the contract needs of a store under test besides its port: set-up, a look at the rows, and time.
///
/// Each case gets a harness of its own; channels and files are made by the case, so that harnesses may share one
/// database and run side by side.
package protocol ContractHarness: Sendable {
    var store: any SubmissionStore { get }

    // MARK: Set-up

    /// Makes a running channel under a fresh name with this specification activated, these slots, the same pace on
    /// either lane and this breaker.
    func makeChannel(
        specificationSHA256: [UInt8],
        submitSlots: Int,
        querySlots: Int,
        interval: TimeSpan,
        breaker: LaneRules.Breaker
    ) async throws -> ChannelName

    /// Activates another specification of the channel; its slots stay as they are.
    func activate(specificationSHA256: [UInt8], channel: ChannelName) async throws

    /// Pauses or resumes one lane of a channel, or both.
    func setRunning(_ isRunning: Bool, lane: Lane?, channel: ChannelName) async throws

    /// Seeds a `working` payout file with one `ready` order a line, from line 1: its amount in CNY is
    /// `ContractScene.amountMinor(of:)`, its account number `ContractScene.accountNumber(of:)`. The chunks are numbered
    /// from 1 in this order and are due now, none later than the ones behind it.
    func seedFile(orders: Int32, chunks: [PlannedChunk]) async throws -> SeededFile

    /// Cancels an order that has no intent yet; false if it is too late.
    func cancelOrder(_ line: LineNumber, file: SeededFile) async throws -> Bool

    /// Lets time pass for the store: every stored instant that a decision reads (due, lease, slot held, slow lane, call
    /// in flight, send-by) lies that much further back, or the store's clock that much further on.
    func advance(by span: TimeSpan) async throws

    /// The SHA-256 of an envelope's bytes, for stores that check it.
    func envelopeSHA256(_ bytes: [UInt8]) -> [UInt8]

    // MARK: A look at the rows

    /// In line order.
    func orders(of file: SeededFile) async throws -> [StoredOrder]
    /// In the order of lines, then as they ended.
    func attempts(of file: SeededFile) async throws -> [StoredAttempt]
    /// The lines that wait for planning now, in order.
    func waiting(of file: SeededFile) async throws -> [LineNumber]
    /// In the order of submissions and ordinals.
    func exchanges(of file: SeededFile) async throws -> [StoredExchange]
    /// In the order of identifiers.
    func chunks(of file: SeededFile) async throws -> [StoredChunk]
    /// The open ones, in any order.
    func reviews(of file: SeededFile) async throws -> [StoredReview]
    /// The sums of the outbox, in any order.
    func moves(of file: SeededFile) async throws -> [StoredMoves]
    /// The channel's, in any order.
    func alarms(of channel: ChannelName) async throws -> [StoredAlarm]
    /// How many slots are not free now.
    func slotsHeld(channel: ChannelName, lane: Lane) async throws -> Int
    /// A lane's breaker and pace.
    func health(channel: ChannelName, lane: Lane) async throws -> LaneHealth
}

/// A file that a harness has seeded.
package struct SeededFile: Sendable, Hashable {
    package let batch: BatchIdentifier
    package let businessDate: BusinessDate

    package init(batch: BatchIdentifier, businessDate: BusinessDate) {
        self.batch = batch
        self.businessDate = businessDate
    }
}

/// A store broke its contract.
package struct ContractFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The case's name.
    package let caseName: String
    package let what: String

    package init(caseName: String, what: String) {
        self.caseName = caseName
        self.what = what
    }

    package var description: String { "the store's contract is broken (\(caseName)): \(what)" }
}
