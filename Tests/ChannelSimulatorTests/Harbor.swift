import ChannelSimulator
import Cryptography
import Foundation
import Synchronization

/// The channel of the tests: values as a channel file would give them, and messages of a merchant.
enum Harbor {
    static let secret = "a shared secret"
    static let hour: Int64 = 3_600_000
    static let start: Int64 = 1_795_000_000_000

    static let description = ChannelDescription(
        name: "harbor",
        merchantID: "M10001",
        directions: [.payout, .withhold],
        currencies: ["CNY"],
        itemsMax: 500,
        amountMax: 500_000_000,
        windowMilliseconds: 24 * hour
    )

    static func company(
        _ plan: BehaviourPlan = BehaviourPlan(),
        seed: UInt64 = 7,
        remembering events: [TruthEvent] = []
    ) -> SimulatedChannel {
        SimulatedChannel(description, plan: plan, seed: seed, remembering: events)
    }

    /// A plan in which items finish 100 ms after they were taken.
    static func plan(_ change: (inout BehaviourPlan) -> Void = { _ in }) -> BehaviourPlan {
        var plan = BehaviourPlan()
        plan.settle = MillisecondRange(first: 100, last: 100)
        change(&plan)
        return plan
    }

    /// A plan with one rule, for accounts that end in `0009`.
    static func plan(rule change: (inout BehaviourPlan.AccountRule) -> Void) -> BehaviourPlan {
        var rule = BehaviourPlan.AccountRule()
        change(&rule)
        return plan { $0.accounts["0009"] = rule }
    }

    static func key(_ number: String, _ date: String = "20261121") -> BatchKey {
        BatchKey(number: number, tradeDate: date)
    }

    static func message(
        _ key: BatchKey,
        _ amounts: [Int64] = [100_075, 250_000],
        direction: Direction = .payout,
        account: String = "6222020200112233445"
    ) -> SubmitMessage {
        SubmitMessage(
            key: key,
            direction: direction,
            currency: "CNY",
            totalCount: Int64(amounts.count),
            totalAmount: amounts.reduce(0, +),
            items: amounts.enumerated().map { index, amount in
                .init(reference: "\(key.number)-r\(index + 1)", accountNumber: account, amount: amount)
            }
        )
    }

    /// A digest that stands for the content of a message.
    static func digest(_ message: SubmitMessage) -> [UInt8] {
        SHA256.hash(Array("\(message)".utf8))
    }
}

/// A file path that nobody else uses, removed in the end.
final class TemporaryFile: Sendable {
    private static let count = Atomic(0)
    let path: String

    init() {
        let number = Self.count.add(1, ordering: .relaxed).newValue
        let folder = FileManager.default.temporaryDirectory.path
        path = "\(folder)/channel-simulator-\(ProcessInfo.processInfo.processIdentifier)-\(number).jsonl"
        try? FileManager.default.removeItem(atPath: path)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    var bytes: [UInt8] {
        FileManager.default.contents(atPath: path).map(Array.init) ?? []
    }

    func replace(with bytes: [UInt8]) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }
}

/// A clock that tests move.
final class ManualClock: Sendable {
    private let milliseconds = Atomic(Harbor.start)

    @Sendable func now() -> Int64 {
        milliseconds.load(ordering: .sequentiallyConsistent)
    }

    func advance(_ milliseconds: Int64) {
        self.milliseconds.add(milliseconds, ordering: .sequentiallyConsistent)
    }
}
