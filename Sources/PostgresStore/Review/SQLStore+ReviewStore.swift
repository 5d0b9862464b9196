package import PaymentCore
import PostgresClient
package import Store

extension SQLStore: ReviewStore {
    package func cancelOrders(
        _ cancellation: RequestedCancellation,
        by person: SessionSecret,
        isDry: Bool
    ) async throws -> CancelledOrders {
        try await carryOut("cancel orders", isDry: isDry) { transaction in
            // Nobody else cancels or plans orders of this file meanwhile; a worker that is about to send one may.
            let files = try transaction.query(
                "SELECT business_date, state FROM sluice.batch_file WHERE batch_id = $1 FOR NO KEY UPDATE",
                [.int64(cancellation.batch.value)]
            )
            guard let file = files.first else {
                throw NamedOrdersMismatch("there is no batch \(cancellation.batch)")
            }
            let scope = CancellationScope(cancellation, businessDate: try file.date(0))
            let state: BatchFileState = try file.word(1)
            let before = try scope.orders(transaction)
            _ = try transaction.query(
                "SELECT sluice.cancel_orders($1, $2, $3)",
                [
                    .bytea(person.bytes), .int64(cancellation.batch.value),
                    .optionalInt32(cancellation.line?.value),
                ]
            )
            // After the function, which asks first who may; a mismatch takes back what it has done.
            if let line = cancellation.line { try scope.requireOne(before, line: line) }
            let after = try scope.orders(transaction)
            var cancelled: [String: Tally] = [:]
            for (key, tally) in after where key.state == .cancelled {
                let already = before[key] ?? Tally()
                guard tally.count > already.count else { continue }
                cancelled[key.currency] = Tally(
                    count: tally.count - already.count,
                    amountMinor: tally.amountMinor - already.amountMinor
                )
            }
            // Compared with what was done, not with what was seen before: a mismatch takes all of it back.
            let isUnloaded = [.receiving, .pending, .held].contains(state)
            if !isUnloaded, let named = cancellation.about { try scope.require(named, of: cancelled, after: after) }
            let states = Dictionary(after.map { ($0.key.state, $0.value.count) }, uniquingKeysWith: +)
            return CancelledOrders(
                fileState: isUnloaded ? .refused : state,
                cancelled: cancelled,
                states: states,
                isWholeFile: isUnloaded
            )
        }
    }
}

/// The orders that a cancellation is about.
private struct CancellationScope {
    struct Key: Hashable {
        let state: OrderState
        let currency: String
    }

    private let cancellation: RequestedCancellation
    private let businessDate: BusinessDate

    init(_ cancellation: RequestedCancellation, businessDate: BusinessDate) {
        self.cancellation = cancellation
        self.businessDate = businessDate
    }

    /// By state and currency, of all orders, also those that have left; none of these can be cancelled.
    ///
    /// A single order is locked where it is live, so that what is compared is what is cancelled.
    func orders(_ transaction: PostgresTransaction) throws -> [Key: Tally] {
        let key: [PostgresValue] = [.int64(cancellation.batch.value), .date(businessDate)]
        if let line = cancellation.line {
            _ = try transaction.query(
                """
                SELECT FROM sluice.payment_order WHERE batch_id = $1 AND business_date = $2 AND line_no = $3
                FOR NO KEY UPDATE
                """,
                key + [.int32(line.value)]
            )
            return try Self.tallies(
                transaction.query(
                    """
                    SELECT state, currency, 1::bigint, amount_minor::numeric FROM sluice.payment_order
                    WHERE batch_id = $1 AND business_date = $2 AND line_no = $3
                    UNION ALL
                    SELECT state, currency, 1::bigint, amount_minor::numeric FROM history.payment_order
                    WHERE batch_id = $1 AND business_date = $2 AND line_no = $3
                    """,
                    key + [.int32(line.value)]
                )
            )
        }
        return try Self.tallies(
            transaction.query(
                """
                SELECT state, currency, count(*), sum(amount_minor) FROM (
                    SELECT state, currency, amount_minor FROM sluice.payment_order
                    WHERE batch_id = $1 AND business_date = $2
                    UNION ALL
                    SELECT state, currency, amount_minor FROM history.payment_order
                    WHERE batch_id = $1 AND business_date = $2) o
                GROUP BY state, currency
                """,
                key
            )
        )
    }

    private static func tallies(_ rows: PostgresRows) throws -> [Key: Tally] {
        var tallies: [Key: Tally] = [:]
        for row in rows {
            let key = Key(state: try row.word(0), currency: try row.text(1))
            tallies[key] = Tally(count: try row.int64(2), amountMinor: try row.int128(3))
        }
        return tallies
    }

    /// The one order is there, and in the state that was named.
    func requireOne(_ orders: [Key: Tally], line: LineNumber) throws {
        guard let (key, tally) = orders.first else {
            throw NamedOrdersMismatch("there is no order \(cancellation.batch)-\(line); nothing was cancelled")
        }
        if let state = cancellation.state, state != key.state {
            throw NamedOrdersMismatch(
                "order \(cancellation.batch)-\(line) is \(key.state.rawValue), not \(state.rawValue); nothing was"
                    + " cancelled"
            )
        }
        if let named = cancellation.about, !named.isMet(by: [key.currency: tally]) {
            throw NamedOrdersMismatch(
                "order \(cancellation.batch)-\(line) has \(tally.amountMinor) minor units of \(key.currency), not what"
                    + " was named; nothing was cancelled"
            )
        }
    }

    func require(_ named: NamedOrders, of cancelled: [String: Tally], after: [Key: Tally]) throws {
        // An order that can be cancelled no more is told of as such.
        if cancellation.line != nil, cancelled.isEmpty { return }
        guard !named.isMet(by: cancelled) else { return }
        let sums = cancelled.sorted { $0.key < $1.key }.map {
            "\($0.value.count) orders with \($0.value.amountMinor) minor units of \($0.key)"
        }
        throw NamedOrdersMismatch(
            "\(sums.isEmpty ? "no order" : sums.joined(separator: ", ")) of batch \(cancellation.batch) can be"
                + " cancelled, not what was named; nothing was cancelled"
        )
    }
}

extension NamedOrders {
    /// Whether somebody who named this meant these orders.
    fileprivate func isMet(by orders: [String: Tally]) -> Bool {
        guard orders.values.reduce(0, { $0 + $1.count }) == count else { return false }
        let sums = orders.mapValues(\.amountMinor)
        if let only = amounts["*"] {
            return amounts.count == 1 && sums.count == 1 && sums.values.first == Int128(only)
        }
        return sums == amounts.mapValues { Int128($0) }
    }
}
