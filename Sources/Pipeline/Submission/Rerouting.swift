import PaymentCore
import Store

/// Decides whether orders whose attempt has failed for good go on to another one: the merchant's rule, its routes, and
/// what was tried before (R9).
struct Rerouting: Sendable {
    let store: any SubmissionStore
    let configuration: EngineConfiguration

    /// Turns those failures of a decision into next attempts that the merchant's rule allows.
    func apply(
        to decision: inout SettlementDecision,
        orders: [SubmittedOrder],
        chunk: ClaimedChunk
    ) async throws {
        let failed = decision.moves.filter { $0.to == .failed && $0.cause?.mayGoOn == true }
        guard !failed.isEmpty, !configuration.merchants.isEmpty else { return }
        let history = try await store.attemptHistory(of: chunk, lines: failed.map(\.line))
        guard let profile = configuration.merchants[history.merchant] else { return }
        let texts = try await TextRouting(
            routes: profile.routes[chunk.direction] ?? [],
            configuration: configuration,
            store: store
        )?.channels(of: failed.map(\.line), batch: chunk.batch, businessDate: chunk.businessDate)
        let byLine = Dictionary(uniqueKeysWithValues: orders.map { ($0.line, $0) })
        decision.tryAgain { move in
            guard let cause = move.cause, let order = byLine[move.line] else { return nil }
            let ended = history.ended[move.line, default: []].filter { !$0.isUnsent }
            let tried = Set(ended.map(\.channel)).union([chunk.channel])
            let others = configuration.otherChannels(
                than: tried,
                merchant: history.merchant,
                direction: chunk.direction,
                amountMinor: order.amountMinor,
                currency: order.currency
            ).filter { texts?[move.line]?.contains($0) ?? true }
            return profile.attempts.next(
                after: cause,
                failedAttempts: Int16(clamping: ended.count + 1),
                hasOtherChannel: !others.isEmpty
            )
        }
    }
}

extension FailureCause {
    /// Whether another attempt can make a difference at all.
    fileprivate var mayGoOn: Bool {
        switch self {
        case .channel, .system, .limit: true
        case .customer, .data: false
        }
    }
}
