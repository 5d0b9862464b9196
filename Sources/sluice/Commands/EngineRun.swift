import Logging
import PaymentCore
import Pipeline

/// Runs an engine under the operating system's signals: asked to stop, it finishes what is in flight, for as long as
/// its limits allow; asked again, or past that time, the rest is cancelled and the protocol takes it up elsewhere.
struct EngineRun: Sendable {
    private enum Event<Value: Sendable>: Sendable {
        case ended(Value)
        case asked
        case late
    }

    /// Calls under way were cancelled.
    private struct BrokenOff: Error {
        let failure: CommandFailure
    }

    let engine: Engine
    let signals: StopSignals
    /// How the command ends when calls had to be broken off.
    var brokenOff = ExitStatus.failed
    /// Once nothing goes on any more after that: says so in the database, that others need not wait for a silence.
    let abandon: @Sendable () async -> Void

    /// `work`: runs the engine until `stop` is requested, or it has nothing left to do.
    func callAsFunction<Value: Sendable>(
        _ work: @escaping @Sendable (_ stop: StopSignal) async throws -> Value
    ) async throws -> Value {
        do {
            return try await run(work)
        } catch let broken as BrokenOff {
            await abandon()
            throw broken.failure
        }
    }

    private func run<Value: Sendable>(
        _ work: @escaping @Sendable (_ stop: StopSignal) async throws -> Value
    ) async throws -> Value {
        let stop = StopSignal()
        let limit = engine.configuration.limits.stopWithin
        let signals = signals
        let clock = engine.clock
        return try await withThrowingTaskGroup(of: Event<Value>.self) { group in
            group.addTask { .ended(try await work(stop)) }
            group.addTask { await Self.wait(signals) }
            var isStopping = false
            while let event = try await group.next() {
                switch event {
                case .ended(let value):
                    group.cancelAll()
                    return value
                case .asked where !isStopping:
                    isStopping = true
                    engine.logger.info("stopping; calls in flight are finished", metadata: ["within": "\(limit.words)"])
                    stop.request()
                    group.addTask { await Self.wait(signals) }
                    group.addTask {
                        try? await clock.sleep(for: limit)
                        return .late
                    }
                case .asked, .late:
                    // What was committed stands; other workers take the leases over.
                    group.cancelAll()
                    throw BrokenOff(
                        failure: CommandFailure(
                            "stopped with calls under way, whose outcome is not recorded",
                            mend: "nothing: they come up again and are asked for before anything else",
                            status: brokenOff
                        )
                    )
                }
            }
            throw CancellationError()
        }
    }

    private static func wait<Value: Sendable>(_ signals: StopSignals) async -> Event<Value> {
        await signals.next()
        return .asked
    }
}
