import ChannelKit
import Foundation
import Logging
import PaymentCore
import Pipeline
import Store
import StoreTesting
import Synchronization

/// The submit and query lanes of one channel on the store in memory, a scripted channel and a manual clock.
final class SubmissionScene: Sendable {
    let store: InMemoryStore
    let channel: ScriptedChannel
    let clock: SceneClock
    let specification: ChannelSpecification
    let batch: BatchIdentifier
    private let worker = WorkerIdentifier(String(repeating: "a", count: 32))
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// `text`: what the channel's file says of it.
    init(orders: Int32 = 4, accountName: String = "Payee", text: String? = nil) throws {
        clock = SceneClock()
        store = InMemoryStore(clock: clock.manual)
        channel = ScriptedChannel()
        specification = try Self.specification(text: text)
        store.activateChannel(
            ChannelActivation(
                channel: specification.name,
                environmentClass: .test,
                specificationSHA256: specification.sha256,
                submitSlots: 2,
                querySlots: 2
            )
        )
        let lines = (1...orders).map { LineNumber($0) }
        batch = store.addFile(
            businessDate: BusinessDate(daysSince1970: 20_605),
            direction: .payout,
            orders: lines.map {
                OrderToSubmit(
                    line: $0,
                    amountMinor: 100 + Int64($0.value),
                    currency: "CNY",
                    accountNumber: "62220200000000000\($0)",
                    accountName: $0.value == 2 ? accountName : "Payee",
                    bankCode: "102100099996",
                    purpose: "",
                    attempts: 0
                )
            }
        )
        store.addChunks([PlannedChunk(channel: specification.name, lines: lines)], batch: batch)
    }

    /// Harbor of the demo, which carries only the text that `text` says.
    static func specification(text: String?) throws -> ChannelSpecification {
        let file = "\(EngineScene.root)/Config/demo/channels/harbor.yaml"
        let harbor = try String(contentsOfFile: file, encoding: .utf8)
        return try ChannelSpecification.parse(
            Array((harbor + (text.map { "\ntext: \($0)\n" } ?? "")).utf8),
            file: "harbor.yaml"
        )
    }

    private var driver: SubmissionDriver {
        SubmissionDriver(
            store: store,
            transport: channel,
            clock: clock,
            random: SeededRandom(seed: 1),
            specification: specification,
            configuration: EngineConfiguration(
                formats: [:],
                merchants: [:],
                channels: [specification.name: specification]
            )
        )
    }

    /// Claims what is due on a lane and works it; answers how many chunks.
    ///
    /// Errors are the lane's, as in the engine.
    @discardableResult
    func work(_ lane: Lane) async throws -> Int {
        let chunks = try await store.claimChunks(
            ChunkClaim(
                worker: worker,
                lanes: [
                    LaneClaim(
                        channel: specification.name,
                        lane: lane,
                        specificationSHA256: specification.sha256,
                        lease: specification.deadlines.lease,
                        limit: 2
                    )
                ]
            )
        )
        for chunk in chunks {
            switch lane {
            case .submit: try? await SubmissionStage(driver: driver).work(chunk, logger: logger)
            case .query: try? await PollingStage(driver: driver).work(chunk, logger: logger)
            }
        }
        return chunks.count
    }

    /// Lets time pass in small steps, working both lanes, until nothing is left or the time is over.
    func work(for span: TimeSpan) async throws {
        var passed = TimeSpan.zero
        let step = TimeSpan.milliseconds(250)
        while passed < span, store.nextDueAt() != nil {
            clock.manual.advance(by: step)
            passed = passed + step
            try await work(.submit)
            try await work(.query)
        }
    }

    var states: [OrderState] { store.orders(of: batch).map(\.state) }
}

/// The manual clock as the engine sees it.
struct SceneClock: EngineClock {
    let manual = ManualClock()

    func now() -> Timestamp { manual.now }
    func bootNanoseconds() -> Int64 { manual.now.unixMicroseconds * 1_000 }
    func sleep(for span: TimeSpan) async throws { manual.advance(by: span) }
}

/// A channel that does what the test says, and remembers each call.
final class ScriptedChannel: ChannelTransport {
    private struct State: Sendable {
        var calls: [Envelope] = []
        var answers: [CallOutcome] = []
        var otherwise: CallOutcome = .unknown("timeout")
    }

    private let state = Mutex(State())

    /// The next answers, in this order; then the last one for ever.
    func answer(_ answers: [CallOutcome], then otherwise: CallOutcome) {
        state.withLock {
            $0.answers = answers
            $0.otherwise = otherwise
        }
    }

    var calls: [Envelope] { state.withLock { $0.calls } }
    var sends: [Envelope] { calls.filter { $0.kind == .submit } }

    func call(_ call: ChannelCall) async -> CallRecord {
        let outcome = state.withLock { state in
            state.calls.append(call.envelope)
            return state.answers.isEmpty ? state.otherwise : state.answers.removeFirst()
        }
        return CallRecord(
            outcome: outcome,
            status: 200,
            response: [1],
            volatileElements: ["X-Nonce": "n"],
            latencyMicroseconds: 1
        )
    }
}
