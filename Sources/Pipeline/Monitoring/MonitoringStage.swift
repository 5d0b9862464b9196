import ChannelKit
import Logging
import PaymentCore
package import Store

/// Looks for what was forgotten and for what runs out: the sweeper and the protection clock (R5, pitfall B9).
///
/// It runs at all hours, in every worker and run; which of them does the work is decided in the database.
struct MonitoringStage: Sendable {
    /// How often the protection clock is looked at.
    private static let protectionInterval = TimeSpan.seconds(60)

    let store: any EngineStore
    let configuration: EngineConfiguration
    let clock: any EngineClock
    let logger: Logger

    /// Looks again and again until the stop; an error is said and tried again.
    func run(until stop: StopSignal) async {
        var protectionLookedAt: Timestamp?
        var warned: [String: Int64] = [:]
        var unknown: Set<MerchantNumber> = []
        while !stop.isRequested {
            do {
                if protectionLookedAt.map({ clock.now().since($0) >= Self.protectionInterval }) ?? true {
                    protectionLookedAt = clock.now()
                    try await warnOfEndingProtection(&warned)
                    try await warnOfUnknownMerchants(&unknown)
                }
                if try await sweep() { continue }
                try await stop.wait(atMost: configuration.limits.idle, by: clock)
            } catch is CancellationError {
                return
            } catch {
                logger.error("monitoring failed; it looks again", metadata: ["error": "\(error)"])
                do { try await stop.wait(atMost: .seconds(5), by: clock) } catch { return }
            }
        }
    }

    /// Raises an alarm for merchants whose files wait for a profile that this configuration does not have.
    private func warnOfUnknownMerchants(_ warned: inout Set<MerchantNumber>) async throws {
        let known = configuration.merchants.keys.sorted { $0.value < $1.value }
        let unknown = try await store.merchantsAtWork(beside: known)
        let fresh = unknown.filter { !warned.contains($0) }
        warned = Set(unknown)
        try await store.raise(
            fresh.map { merchant in
                RaisedAlarm(
                    kind: .merchantUnknown,
                    code: "merchant_unknown_\(merchant.value)",
                    message: """
                        files of merchant \(merchant) wait: this configuration has no profile of it. Put its file back \
                        into Config/merchants and start the workers again; nothing is lost meanwhile
                        """
                )
            }
        )
    }

    /// Sweeps one file, if one is due; answers whether it did.
    func sweep() async throws -> Bool {
        guard let outcome = try await store.sweep(notSweptFor: configuration.limits.sweep) else { return false }
        if !outcome.isClean {
            logger.warning(
                "orders without a next action were mended",
                metadata: [
                    "batch": "\(outcome.batch)", "submissions": "\(outcome.submissions)",
                    "orders": "\(outcome.orders)", "strange": "\(outcome.strange)",
                ]
            )
        }
        return true
    }

    /// Raises an alarm for orders whose numbers soon protect no longer; once more only if their count changes.
    func warnOfEndingProtection(_ warned: inout [String: Int64]) async throws {
        let clocks = configuration.channels.values.sorted { $0.name < $1.name }.flatMap { specification in
            specification.directions.sorted { $0.rawValue < $1.rawValue }.map { direction in
                let check = specification.policy(for: direction).duplicateCheck
                return ProtectionClock(
                    channel: specification.name,
                    direction: direction,
                    window: check?.window,
                    warning: check?.warning ?? .hours(2)
                )
            }
        }
        guard !clocks.isEmpty else { return }
        let ending = try await store.endingProtection(clocks)
        let fresh = ending.filter { warned[$0.key] != $0.orders }
        warned = Dictionary(uniqueKeysWithValues: ending.map { ($0.key, $0.orders) })
        try await store.raise(fresh.map(\.alarm))
    }
}

extension EndingProtection {
    /// One warning each.
    var key: String { "\(channel)/\(alarm.code)" }

    /// What people learn of it, while something can still be done.
    package var alarm: RaisedAlarm {
        let amount =
            Currency(code: currency).map { Money(minor: amountMinor, currency: $0).description }
            ?? "\(amountMinor) minor units of \(currency)"
        let minutes = endsIn.microseconds / 60_000_000
        let left = minutes >= 60 ? "\(minutes / 60) h \(minutes % 60) min" : "\(minutes) min"
        return RaisedAlarm(
            kind: .protectionEnding,
            channel: channel,
            // Tomorrow's orders are another cause than today's.
            code: "protection_ending_\(currency.lowercased())_\(BusinessDate(at: endsAt).compact)",
            message: "\(orders) \(orders == 1 ? "order" : "orders"), \(amount) on channel \(channel) "
                + "\(orders == 1 ? "loses" : "lose") duplicate protection in \(left): unknown, and asked for; after "
                + "that nothing is sent again by itself. Ask the company now"
        )
    }
}
