import PaymentCore
import Testing

/// Time in the small world: whole ticks of five seconds.
enum Tick {
    static let span = TimeSpan.seconds(5)
    /// How long after its record a call may begin.
    ///
    /// It ends within the tick in which it began: that is its total deadline.
    static let sendBy = 1
    /// `ChannelDeadlines.lease`, in whole ticks.
    static let lease = 3

    static func timestamp(_ tick: Int) -> Timestamp {
        Timestamp(unixMicroseconds: Int64(tick) * span.microseconds)
    }

    /// The first tick that is not before the instant.
    static func notBefore(_ instant: Timestamp) -> Int {
        Int((instant.unixMicroseconds + span.microseconds - 1) / span.microseconds)
    }
}

/// One small world: a channel and what it expects of us.
struct Scenario: Sendable, CustomTestStringConvertible {
    let name: String
    /// How many orders the submission has: 1 or 2.
    var items = 1
    var conclusion = NotFoundPolicy.Conclusion.resend
    /// What the channel documents, and what it does.
    var windowTicks = 12
    var windowTicksDocumented = 12
    var marginTicks = 4
    /// The longest that a copy can stay in the network after its call's end; the margin must cover it.
    var delayTicks = 4
    let graceTicks = 1
    let spacingTicks = 1
    var crashes = 1
    /// How often a lease is lost although its holder lives.
    var steals = 1
    var unsent = 1
    /// How often everybody who could act is slow, for as long as it may be.
    var delays = 2
    let pollsMax: Int32 = 4
    let sendsMax: Int32 = 2
    /// When the lane gives up what is proven unsent.
    var unsentSendsMax: Int32?

    var testDescription: String { name }

    var policy: ChannelPolicy {
        ChannelPolicy(
            deadlines: ChannelDeadlines(
                connect: .seconds(1),
                total: .seconds(5),
                stall: .seconds(1),
                sendBy: .seconds(5)
            ),
            poll: PollCurve(
                first: .seconds(5),
                growthPercent: 200,
                cap: .seconds(10),
                jitterPercent: 0,
                countMax: pollsMax
            ),
            unsent: BackOff(first: .seconds(5), growthPercent: 100, cap: .seconds(5)),
            unsentSendsMax: unsentSendsMax,
            notFound: NotFoundPolicy(
                grace: .seconds(Int64(graceTicks) * 5),
                asks: 2,
                spacing: .seconds(Int64(spacingTicks) * 5),
                conclusion: conclusion
            ),
            duplicateCheck: conclusion == .resend
                ? DuplicateCheck(
                    window: .seconds(Int64(windowTicksDocumented) * 5),
                    margin: .seconds(Int64(marginTicks) * 5)
                ) : nil,
            sendsMax: sendsMax
        )
    }
}

/// What one exchange brought; at most two items.
struct Answer: Hashable {
    enum Kind: UInt8 {
        case notSent, timeout, slowDown, taken, working, refused, duplicateSame, notFound, found
    }

    var kind: Kind
    /// What the channel said of each item at that moment.
    var items: [ItemTruth] = []
}

/// What the channel does with one item.
///
/// A pending one may be paid at any moment, so it is decided when somebody looks.
enum ItemTruth: UInt8, CaseIterable {
    case pending, paid, refused
}

/// What a worker is at; whatever it holds is lost when it dies.
enum Worker: Hashable {
    case idle
    /// Holds the lease, has committed nothing.
    case holding(epoch: Int)
    /// The record of the call is committed, no byte has left.
    case calling(SubmissionStep, epoch: Int, since: Int)
    /// The first byte has left.
    case waiting(SubmissionStep, epoch: Int)
    /// The call has ended, nothing of that is recorded.
    case answered(SubmissionStep, epoch: Int, Answer)
}

/// One copy of a send in the network.
struct Copy: Hashable {
    /// The call that waits for its answer; 0 if none does any more.
    var epoch: Int
    var sentAt: Int
}

/// The other side's truth.
struct Channel: Hashable {
    enum Stored: UInt8 {
        case nothing, accepted, refused
    }

    var stored = Stored.nothing
    /// Whether a query has seen it; until then one may find nothing.
    var isVisible = false
    /// Since when the channel recognises a second copy.
    var protectedSince = 0
    var items: [ItemTruth]
    /// How often each item was accepted and not refused: money that has moved, or still may.
    var payments: [Int]
}

/// Everything that there is: our rows, our workers, the network, the channel, and the faults still allowed.
struct World {
    let scenario: Scenario
    /// The promises that are looked at.
    let promises: Set<Breach.Promise>
    var now = 0
    var submission: SubmissionState?
    var orders: [OrderState]
    var epoch = 0
    var leaseUntil = 0
    var nextAt = 0
    /// Whether the chunk is still in its table.
    var isLive = true
    var isUnderReview = false
    var workers: [Worker] = [.idle, .idle]
    var copies: [Copy] = []
    var channel: Channel
    var crashesLeft: Int
    var stealsLeft: Int
    var unsentLeft: Int
    var delaysLeft: Int
    /// Time passes although somebody could act.
    var isDelayed = false
    /// When the record of the first send that truly left was committed.
    var firstSendAt: Int?
    var sendsMade = 0
    var queriesMade = 0

    init(_ scenario: Scenario, promises: Set<Breach.Promise>) {
        self.scenario = scenario
        self.promises = promises
        orders = Array(repeating: .ready, count: scenario.items)
        channel = Channel(
            items: Array(repeating: .pending, count: scenario.items),
            payments: Array(repeating: 0, count: scenario.items)
        )
        crashesLeft = scenario.crashes
        stealsLeft = scenario.steals
        unsentLeft = scenario.unsent
        delaysLeft = scenario.delays
    }

    /// Whether a send can still begin.
    var maySendAgain: Bool {
        let isCalling = workers.contains { if case .calling(.send, _, _) = $0 { true } else { false } }
        guard let submission, isLive else { return isLive || isCalling }
        if isCalling || submission.isProvenUnsent || submission.inFlight?.kind == .send { return true }
        return scenario.conclusion == .resend && !submission.everTaken
            && submission.sendsPossiblyArrived < scenario.sendsMax
    }

    /// Whether the first byte of a send may still leave.
    var isCallingSend: Bool {
        workers.contains {
            if case .calling(.send, _, let since) = $0 { now <= since + Tick.sendBy } else { false }
        }
    }

    /// Holds a promise, if it is one of those that are looked at.
    func demand(_ holds: Bool, _ promise: Breach.Promise, _ what: @autoclosure () -> String) throws(Breach) {
        if !holds, promises.contains(promise) { throw Breach(promise: promise, what: what()) }
    }

    var isClosed: Bool { submission?.phase.isFinal == true }

    var submittedOrders: [SubmittedOrder] {
        orders.indices.map {
            SubmittedOrder(
                line: LineNumber(Int32($0 + 1)),
                item: Int32($0 + 1),
                state: orders[$0],
                amountMinor: 100,
                currency: "CNY",
                accountNumber: $0 == 0 ? "A0" : "A1"
            )
        }
    }
}

extension Answer {
    func outcome(for orders: [SubmittedOrder]) -> CallOutcome {
        switch kind {
        case .notSent: return .notSent("connect_refused")
        case .timeout: return .unknown("timeout")
        case .slowDown: return header(.slowDown, orders)
        case .taken: return header(.taken, orders)
        case .working: return header(.processing, orders)
        case .refused: return header(.refused(.channel), orders)
        case .duplicateSame: return header(.duplicateSame, orders)
        case .notFound: return header(.notFound, orders)
        case .found: return header(.found, orders)
        }
    }

    private func header(_ meaning: HeaderMeaning, _ orders: [SubmittedOrder]) -> CallOutcome {
        let items = zip(items, orders).map { truth, order in
            let meaning: ItemMeaning =
                switch truth {
                case .pending: .processing
                case .paid: .done
                case .refused: .notDone(.customer)
                }
            let echo = ItemAnswer.Echo(
                accountNumber: order.accountNumber,
                amountMinor: order.amountMinor,
                currency: order.currency
            )
            return ItemAnswer(item: order.item, code: "I", meaning: meaning, echo: truth == .paid ? echo : nil)
        }
        return .answered(ChannelAnswer(header: meaning, headerCode: "H", items: items))
    }
}
