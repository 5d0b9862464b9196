import PaymentCore
import Store
import StoreTesting
import Synchronization

/// The contract's harness over an `InMemoryStore`, or over a store that spoils what it hands through.
final class InMemoryHarness: ContractHarness {
    let memory: InMemoryStore
    let store: any SubmissionStore
    private let channelCount = Mutex(0)

    init(_ wrap: (InMemoryStore) -> any SubmissionStore = { $0 }) {
        self.memory = InMemoryStore(clock: ManualClock())
        self.store = wrap(memory)
    }

    func makeChannel(
        specificationSHA256: [UInt8],
        submitSlots: Int,
        querySlots: Int,
        interval: TimeSpan,
        breaker: LaneRules.Breaker
    ) async throws -> ChannelName {
        let number = channelCount.withLock { count in
            count += 1
            return count
        }
        let channel = ChannelName("bank-\(number)")
        memory.activateChannel(
            ChannelActivation(
                channel: channel,
                environmentClass: .test,
                specificationSHA256: specificationSHA256,
                submitSlots: submitSlots,
                querySlots: querySlots,
                submitInterval: interval,
                queryInterval: interval,
                breaker: breaker
            )
        )
        return channel
    }

    func activate(specificationSHA256: [UInt8], channel: ChannelName) async throws {
        memory.activateChannel(
            ChannelActivation(
                channel: channel,
                environmentClass: .test,
                specificationSHA256: specificationSHA256,
                submitSlots: 1,
                querySlots: 1
            )
        )
    }

    func setRunning(_ isRunning: Bool, lane: Lane?, channel: ChannelName) async throws {
        memory.setPaused(!isRunning, lanes: lane.map { [$0] } ?? Lane.allCases, channel: channel)
    }

    func seedFile(orders: Int32, chunks: [PlannedChunk]) async throws -> SeededFile {
        let date = BusinessDate(daysSince1970: 20_605)
        let batch = memory.addFile(
            businessDate: date,
            direction: .payout,
            orders: (1...orders).map { LineNumber($0) }.map {
                OrderToSubmit(
                    line: $0,
                    amountMinor: ContractScene.amountMinor(of: $0),
                    currency: "CNY",
                    accountNumber: ContractScene.accountNumber(of: $0),
                    accountName: "Payee \($0)",
                    bankCode: nil,
                    purpose: "rent",
                    attempts: 0
                )
            }
        )
        memory.addChunks(chunks, batch: batch)
        return SeededFile(batch: batch, businessDate: date)
    }

    func cancelOrder(_ line: LineNumber, file: SeededFile) async throws -> Bool {
        memory.cancelOrder(line, batch: file.batch)
    }

    func advance(by span: TimeSpan) async throws { memory.clock.advance(by: span) }
    func envelopeSHA256(_ bytes: [UInt8]) -> [UInt8] { [UInt8](repeating: UInt8(bytes.count % 256), count: 32) }
    func orders(of file: SeededFile) async throws -> [StoredOrder] { memory.orders(of: file.batch) }
    func attempts(of file: SeededFile) async throws -> [StoredAttempt] { memory.attempts(of: file.batch) }
    func waiting(of file: SeededFile) async throws -> [LineNumber] { memory.waiting(of: file.batch) }
    func exchanges(of file: SeededFile) async throws -> [StoredExchange] { memory.exchanges(of: file.batch) }
    func chunks(of file: SeededFile) async throws -> [StoredChunk] { memory.chunks(of: file.batch) }
    func reviews(of file: SeededFile) async throws -> [StoredReview] { memory.reviews(of: file.batch) }
    func moves(of file: SeededFile) async throws -> [StoredMoves] { memory.moves(of: file.batch) }

    func alarms(of channel: ChannelName) async throws -> [StoredAlarm] {
        memory.alarms().filter { $0.channel == channel }
    }

    func slotsHeld(channel: ChannelName, lane: Lane) async throws -> Int {
        memory.slotsHeld(channel: channel, lane: lane)
    }

    func health(channel: ChannelName, lane: Lane) async throws -> LaneHealth {
        memory.health(channel: channel, lane: lane)
    }
}
