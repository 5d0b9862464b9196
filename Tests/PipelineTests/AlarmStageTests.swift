import Logging
import PaymentCore
import Pipeline
import Store
import StoreTesting
import Synchronization
import Testing

@Suite struct AlarmStageTests {
    private let clock = ManualClock()
    private let store: InMemoryAlarms
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() { store = InMemoryAlarms(clock: clock) }

    /// A sink that does what the test says, and remembers what it was told.
    private final class ScriptedSink: AlarmSink {
        let name: String
        let timeout = TimeSpan.seconds(10)
        private let state: Mutex<(accepts: Bool, told: [AlarmToDeliver])>

        init(_ name: String, accepts: Bool) {
            self.name = name
            state = Mutex((accepts, []))
        }

        var accepts: Bool {
            get { state.withLock { $0.accepts } }
            set { state.withLock { $0.accepts = newValue } }
        }
        var told: [AlarmToDeliver] { state.withLock { $0.told } }

        func deliver(_ alarm: AlarmToDeliver) async -> AlarmReceipt {
            state.withLock { state in
                state.told.append(alarm)
                return state.accepts ? .accepted : .notAccepted(reason: "refused")
            }
        }
    }

    /// Dies between delivery and record, once.
    private struct DyingStore: AlarmStore, AlarmDeliveryStore {
        struct Killed: Error {}

        let inner: InMemoryAlarms
        let isAlive = Flag()

        final class Flag: Sendable {
            private let value = Mutex(false)
            func raise() -> Bool {
                value.withLock { value in
                    defer { value = true }
                    return value
                }
            }
        }

        func raise(_ alarms: [RaisedAlarm]) async throws { try await inner.raise(alarms) }
        func claimAlarms(limit: Int, lease: TimeSpan) async throws -> [AlarmToDeliver] {
            try await inner.claimAlarms(limit: limit, lease: lease)
        }
        func recordDelivery(_ delivery: AlarmDelivery, of alarm: AlarmToDeliver) async throws -> Bool {
            guard isAlive.raise() else { throw Killed() }
            return try await inner.recordDelivery(delivery, of: alarm)
        }
    }

    private func stage(_ sinks: [ScriptedSink], limits: AlarmStage.Limits = .init()) -> AlarmStage {
        AlarmStage(store: store, sinks: sinks, random: SeededRandom(seed: 3), limits: limits)
    }

    private func raise(_ code: String) async throws {
        try await store.raise([RaisedAlarm(kind: .laneOpen, channel: ChannelName("a"), code: code, message: "m")])
    }

    @Test func `the first sink that accepts suffices`() async throws {
        let (first, second) = (ScriptedSink("first", accepts: true), ScriptedSink("second", accepts: true))
        try await raise("x")
        #expect(try await stage([first, second]).runOnce(logger: logger))
        #expect(first.told.map(\.code) == ["x"])
        #expect(second.told.isEmpty)
        #expect(try await store.alarms(AlarmFilter()).map(\.deliveredTo) == ["first"])
        #expect(try await !stage([first, second]).runOnce(logger: logger))
    }

    @Test func `the next sink is tried where one does not accept, in order`() async throws {
        let sinks = [
            ScriptedSink("first", accepts: false), ScriptedSink("second", accepts: false),
            ScriptedSink("third", accepts: true), ScriptedSink("fourth", accepts: true),
        ]
        try await raise("x")
        _ = try await stage(sinks).runOnce(logger: logger)
        #expect(sinks.map(\.told.count) == [1, 1, 1, 0])
        #expect(try await store.alarms(AlarmFilter()).map(\.deliveredTo) == ["third"])
    }

    @Test func `an alarm is told once a cause, and again after somebody acknowledged it`() async throws {
        let sink = ScriptedSink("pager", accepts: true)
        let stage = stage([sink])
        for _ in 1...3 {
            try await raise("x")
            _ = try await stage.runOnce(logger: logger)
            clock.advance(by: .minutes(30))
        }
        #expect(sink.told.count == 1)
        #expect(try await store.alarms(AlarmFilter()).map(\.occurrences) == [3])
        let open = try await store.alarms(AlarmFilter()).map(\.identifier)
        _ = try await store.acknowledgeAlarms(open, note: "seen", by: InMemoryAlarms.anybody, isDry: false)
        try await raise("x")
        _ = try await stage.runOnce(logger: logger)
        #expect(sink.told.count == 2)
        #expect(Set(sink.told.map(\.identifier)).count == 2)
    }

    @Test func `a refused alarm is tried again with growing delays until it is taken`() async throws {
        let sink = ScriptedSink("pager", accepts: false)
        let limits = AlarmStage.Limits(
            backOff: BackOff(first: .seconds(10), growthPercent: 200, cap: .minutes(10)),
            attemptsUntilFailed: 100
        )
        let stage = stage([sink], limits: limits)
        try await raise("x")
        var triedAt: [Int64] = []
        let start = clock.now
        while triedAt.count < 5 {
            if try await stage.runOnce(logger: logger) {
                triedAt.append(clock.now.since(start).microseconds / 1_000_000)
            }
            clock.advance(by: .seconds(1))
        }
        let waits = zip(triedAt.dropFirst(), triedAt).map { $0 - $1 }
        for (wait, meant) in zip(waits, [10, 20, 40, 80] as [Int64]) {
            #expect((meant * 8 / 10...meant * 12 / 10 + 1).contains(wait), "\(waits)")
        }
        sink.accepts = true
        clock.advance(by: .minutes(5))
        _ = try await stage.runOnce(logger: logger)
        #expect(try await store.alarms(AlarmFilter()).map(\.deliveredTo) == ["pager"])
    }

    @Test func `sinks that take nothing for long are an alarm themselves, once`() async throws {
        let sink = ScriptedSink("pager", accepts: false)
        let stage = stage([sink], limits: AlarmStage.Limits(attemptsUntilFailed: 3))
        for code in ["x", "y", "z"] { try await raise(code) }
        for attempt in 1...6 {
            let failed = try await store.alarms(AlarmFilter()).filter { $0.kind == "sink_failed" }
            #expect(failed.count == (attempt > 3 ? 1 : 0), "before attempt \(attempt)")
            #expect(failed.allSatisfy { $0.occurrences == 1 })
            _ = try await stage.runOnce(logger: logger)
            clock.advance(by: .minutes(20))
        }
        sink.accepts = true
        while try await stage.runOnce(logger: logger) {}
        let rows = try await store.alarms(AlarmFilter())
        #expect(rows.count == 4)
        #expect(rows.allSatisfy { $0.deliveredTo == "pager" })
    }

    @Test func `a process that dies between delivery and record leaves the alarm to the next`() async throws {
        let sink = ScriptedSink("pager", accepts: true)
        let dying = AlarmStage(store: DyingStore(inner: store), sinks: [sink], random: SeededRandom(seed: 3))
        try await raise("x")
        await #expect(throws: DyingStore.Killed.self) { try await dying.runOnce(logger: logger) }
        #expect(try await !stage([sink]).runOnce(logger: logger), "the lease holds")
        clock.advance(by: .minutes(2))
        #expect(try await stage([sink]).runOnce(logger: logger))
        #expect(sink.told.map(\.attempt) == [1, 2])
        #expect(Set(sink.told.map(\.identifier)).count == 1, "the receiver knows it by its number")
        #expect(try await !stage([sink]).runOnce(logger: logger))
    }

    @Test func `a claim is bounded, and the rest follows`() async throws {
        let sink = ScriptedSink("pager", accepts: true)
        let stage = stage([sink], limits: AlarmStage.Limits(claimed: 3))
        for number in 1...7 { try await raise("x\(number)") }
        var told: [Int] = []
        while try await stage.runOnce(logger: logger) { told.append(sink.told.count) }
        #expect(told == [3, 6, 7])
    }
}
