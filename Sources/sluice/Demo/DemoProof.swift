import ChannelSimulator
import PaymentCore
import PostgresClient

/// The simulated companies' own books against ours, line by line; neither side knows the other's.
struct DemoProof: Sendable {
    /// What is found when the two are laid side by side.
    ///
    /// All but the last must be zero.
    struct Findings: Sendable {
        var paidTwice = 0
        /// Paid, but `failed` or `cancelled` here.
        var paidButNotSucceeded = 0
        var succeededButNotPaid = 0
        /// Paid to another account, another amount, or in the other direction.
        var paidWrongly = 0
        /// Paid by a company, but no order of ours.
        var paidWithoutOrder = 0
        /// A query and a send of one submission at the same time.
        var overlaps = 0
        /// Paid, while we do not know yet; each must have a review item.
        var paidButUnknown = 0
        var paidButUnknownWithoutReview = 0

        var isClean: Bool {
            paidTwice == 0 && paidButNotSucceeded == 0 && succeededButNotPaid == 0 && paidWrongly == 0
                && paidWithoutOrder == 0 && overlaps == 0 && paidButUnknownWithoutReview == 0
        }
    }

    private static let pageSize: Int64 = 20_000

    private let payments: [String: [Truth.Payment]]
    private let overlaps: Int

    init(truth: Truth) {
        var payments: [String: [Truth.Payment]] = [:]
        for channel in truth.channels.values {
            for (reference, payment) in channel.payments { payments[reference, default: []].append(payment) }
        }
        self.payments = payments
        overlaps = truth.channels.values.reduce(0) { $0 + $1.overlaps.count }
    }

    /// Lays the orders of these files beside the payments of all companies.
    func compare(_ files: [(batch: BatchIdentifier, records: DemoRecords)], pool: PostgresPool) async throws -> Findings
    {
        var findings = Findings()
        findings.overlaps = overlaps
        var seen = 0
        for (batch, records) in files {
            var after: Int32 = 0
            while true {
                let page = try await Self.page(of: batch, after: after, pool: pool)
                guard let last = page.last else { break }
                for order in page {
                    let paid = payments["\(batch)-\(order.line)"] ?? []
                    if !paid.isEmpty { seen += 1 }
                    judge(order, paid, records: records, &findings)
                }
                after = last.line
            }
        }
        findings.paidWithoutOrder = payments.count - seen
        return findings
    }

    private struct OrderLine: Sendable {
        let line: Int32
        let state: OrderState
        let isUnderReview: Bool
    }

    private func judge(
        _ order: OrderLine,
        _ paid: [Truth.Payment],
        records: DemoRecords,
        _ findings: inout Findings
    ) {
        let times = paid.reduce(0) { $0 + $1.count }
        if times > 1 { findings.paidTwice += 1 }
        if let payment = paid.first {
            // What was meant is made again from the line: the database is not asked.
            let meant = records.ordered(line: Int(order.line))
            if payment.isMixed || payment.amount != meant.amountMinor
                || payment.accountSHA256 != Truth.accountSHA256(meant.accountNumber)
                || payment.direction.rawValue != records.direction.rawValue
            {
                findings.paidWrongly += 1
            }
        }
        switch order.state {
        case .succeeded, .returned: if times == 0 { findings.succeededButNotPaid += 1 }
        case .failed, .cancelled: if times > 0 { findings.paidButNotSucceeded += 1 }
        case .held, .ready, .submitting, .processing, .unknown:
            guard times > 0 else { return }
            findings.paidButUnknown += 1
            if !order.isUnderReview { findings.paidButUnknownWithoutReview += 1 }
        }
    }

    private static func page(
        of batch: BatchIdentifier,
        after line: Int32,
        pool: PostgresPool
    ) async throws -> [OrderLine] {
        try await pool.transaction("orders of the demo", readOnly: true) { transaction in
            try transaction.query(
                """
                SELECT o.line_no, o.state, CASE WHEN o.state IN ('succeeded', 'failed', 'returned', 'cancelled') THEN
                    false
                    ELSE EXISTS (SELECT FROM sluice.review_item r WHERE r.batch_id = o.batch_id AND r.closed_at IS NULL
                        AND (r.line_no = o.line_no OR (r.line_no IS NULL AND r.submission_no = o.submission_no))) END
                FROM sluice.payment_order o
                WHERE o.batch_id = $1 AND o.line_no > $2
                    AND o.business_date = (SELECT f.business_date FROM sluice.batch_file f WHERE f.batch_id = $1)
                ORDER BY o.line_no LIMIT $3
                """,
                [.int64(batch.value), .int32(line), .int64(pageSize)]
            ).map { row in
                guard let state = OrderState(rawValue: try row.text(1)) else {
                    throw DemoFailure("an order in no known state")
                }
                return OrderLine(line: try row.int32(0), state: state, isUnderReview: try row.bool(2))
            }
        }
    }
}
