import Logging
import PaymentCore
import Store

extension Engine {
    private enum Delivering: Sendable {
        case ended
        case late
    }

    /// How often alarms are looked for; people do not read faster.
    private static let alarmInterval = TimeSpan.seconds(1)
    /// After an error of the database, which may be away.
    private static let backOff = BackOff(first: .seconds(1), growthPercent: 200, cap: .seconds(30))
    /// How long the end of the work waits for alarms that were raised at its end.
    private static let lastDeliveryWithin = TimeSpan.seconds(3)

    /// Takes alarms to the configured sinks until the work has ended, and for a moment longer; without a sink they stay
    /// in the table.
    func deliverAlarms(until finished: StopSignal) async {
        guard !alarmSinks.isEmpty else { return }
        let stage = AlarmStage(store: store, sinks: alarmSinks, random: random)
        await withTaskGroup(of: Delivering.self) { group in
            group.addTask {
                await deliver(stage, until: finished)
                return .ended
            }
            group.addTask {
                while !finished.isRequested {
                    do { try await clock.sleep(for: configuration.limits.idle) } catch { return .late }
                }
                try? await clock.sleep(for: Self.lastDeliveryWithin)
                return .late
            }
            // What is under way then is broken off: its lease ends, and the next process delivers it again.
            _ = await group.next()
            group.cancelAll()
        }
    }

    private func deliver(_ stage: AlarmStage, until finished: StopSignal) async {
        var failures: Int32 = 0
        while true {
            // Looked at before the table is, so that what the work raised at its end is still seen.
            let isLast = finished.isRequested
            do {
                while try await stage.runOnce(logger: logger) {}
                failures = 0
                if isLast { return }
                var waited = TimeSpan.zero
                while waited < Self.alarmInterval, !finished.isRequested {
                    try await clock.sleep(for: configuration.limits.idle)
                    waited = waited + configuration.limits.idle
                }
            } catch is CancellationError {
                return
            } catch {
                if isLast || Task.isCancelled { return }
                failures += 1
                logger.error("alarms could not be delivered; tried again", metadata: ["error": "\(error)"])
                try? await clock.sleep(for: Self.backOff.delay(steps: failures - 1, random: random.next()))
            }
        }
    }
}
